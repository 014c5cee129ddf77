"""Weights: drawn from a seed, written to and read from safetensors, checked against declarations.

Everywhere weights are arrays by canonical key (`stage.0.conv2d.weight`), in the layout of the
emitted PyTorch module's `state_dict`. `declarations` says which keys a network has, in their order.
What comes out of this module is float32 and has exactly the declared keys and shapes. numpy and
safetensors are imported when a function needs them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from errno import EIO
from hashlib import sha256
from io import BufferedReader
from itertools import chain
from os import fstat
from os.path import samestat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, cast
from weakref import finalize

from specc.diagnostics import Diagnostic, Report, SpecError
from specc.files import write_atomically
from specc.names import did_you_mean
from specc.source import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specc.layer import WeightDecl

    Array = NDArray[np.float32]
    Declarations = Mapping[str, WeightDecl]

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}
"""The safetensors dtypes that become float32, and numpy's names of them."""

COUNTER = "num_batches_tracked"
"""What PyTorch's batch normalization counts and nothing here needs."""

WRAPPERS = {"module.": "torch.nn.DataParallel", "_orig_mod.": "torch.compile"}
"""Prefixes that a wrapped PyTorch module puts before its keys, and what wraps it."""

MISTAKEN = {
    b"PK": "a zip archive, such as torch.save and Keras write",
    b"\x80": "a pickle, such as old versions of torch.save write",
    b"\x89HDF": "an HDF5 file, such as Keras writes",
}
"""How files begin that are taken for safetensors, and what they are."""

MAX_HEADER = 100_000_000
"""The bytes that the safetensors format allows a header."""

_OTHER = "give the spec, variant and `--set` that the weights were made for"

MAX_ALIKE = 10
"""So many differences of one kind are told, each by itself."""

TOLD_OF_MANY = 3
"""Of more, so many: the first ones, and how many there are."""


def initial_weights(declarations: Declarations, seed: int = 0) -> dict[str, Array]:
    """The weights that training starts from, by each declaration's initializer.

    An array depends on `seed`, its key, shape, fan and initializer, and on nothing else: adding a
    layer leaves the others' values as they were. They are the same on every platform as far as
    numpy promises it for its generators; `orthogonal` also depends on the platform's LAPACK.

    Raises `SpecError` (`invalid-parameter`) for an initializer that cannot make its weight's shape.
    """
    return dict(InitialWeights(declarations, seed))


class InitialWeights(Mapping[str, "Array"]):
    """`initial_weights`, each drawn whenever it is asked for: they are not all in memory at once.

    Raises what that does.
    """

    def __init__(self, declarations: Declarations, seed: int = 0) -> None:
        report = Report()
        for key, weight in declarations.items():
            if refusal := weight.initializer.refusal(weight.shape):
                report.add(Diagnostic("invalid-parameter", f"{key}: {refusal}"))
        report.raise_if_failed()
        self._declarations, self._seed = declarations, seed

    def __getitem__(self, key: str) -> Array:
        weight = self._declarations[key]
        return weight.initializer.draw(weight.shape, weight.fan, _generator(self._seed, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._declarations)

    def __len__(self) -> int:
        return len(self._declarations)


def varied_weights(declarations: Declarations, seed: int = 0) -> dict[str, Array]:
    """Initial weights in which what starts as one number, as biases and moving averages do, varies.

    So no zero and no one hides what a layer does with them. Variances stay positive.
    """
    return {
        key: _varied(array, _generator(seed, f"{key} varied"), keep_sign=key.endswith("_var"))
        for key, array in InitialWeights(declarations, seed).items()
    }


def _varied(array: Array, generator: np.random.Generator, *, keep_sign: bool) -> Array:
    if not array.size or array.min() != array.max():
        return array
    factor = generator.uniform(0.8, 1.25, array.shape)
    shift = 0 if keep_sign else generator.normal(0, 0.1, array.shape)
    return (array * factor + shift).astype(array.dtype)


def save_weights(
    path: str | Path, weights: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write `weights` as safetensors, atomically; equal weights give equal bytes.

    metadata: text that goes into the file's header.
    Raises `SpecError` (`unwritable`).
    """
    write_atomically(path, lambda stream: _write(stream, weights, metadata or {}))


def load_weights(path: str | Path, declarations: Declarations) -> Mapping[str, Array]:
    """The weights in the safetensors file at `path`, in the order of `declarations`.

    An array is read whenever it is asked for, so that all need not be in memory together. The file
    stays open: one that takes its place changes nothing.

    float16, bfloat16 and float64 become float32; PyTorch's `num_batches_tracked` is dropped.

    Raises `SpecError`: `file-not-found`, `file-unreadable`, `weights-unreadable`, or
    `weights-mismatch` with all kinds of differences at once. To ask for an array may raise the
    second.
    """
    file = Path(path)
    _require_readable(file, MAX_HEADER + sum(8 * each.elements for each in declarations.values()))
    with ExitStack() as held:
        stream = held.enter_context(_opened(file))
        tensors = _headers(file, stream)
        headers = {
            key: _Header(tuple(tensor["shape"]), DTYPES.get(tensor["dtype"], tensor["dtype"]))
            for key, tensor in tensors.items()
        }
        _require_match(headers, declarations, f"{printable(str(file), 200)}: ")
        arrays = _FileArrays(file, stream, {key: tensors[key] for key in declarations})
        wide = [key for key in declarations if headers[key].dtype == "float64"]
        _require_range((key, arrays.stored(key)) for key in wide)
        finalize(arrays, held.pop_all().close)
    return arrays


def check_weights(
    weights: Mapping[str, NDArray[np.generic]], declarations: Declarations, *, copy: bool = True
) -> dict[str, Array]:
    """`weights` as float32, in the order of `declarations`, by the same rules as `load_weights`.

    copy: whether arrays that are float32 already are copied; if not, they are only to be read.

    Raises `SpecError` (`weights-mismatch`) with all kinds of differences at once.
    """
    headers = {key: _Header(array.shape, array.dtype.name) for key, array in weights.items()}
    _require_match(headers, declarations)
    _require_range(weights.items())
    return {key: _as_float32(weights[key], copy=copy) for key in declarations}


def _generator(seed: int, key: str) -> np.random.Generator:
    from numpy.random import PCG64, Generator

    return Generator(PCG64(int.from_bytes(sha256(f"{seed}:{key}".encode()).digest(), "big")))


# The safetensors format: the header's length as 8 bytes, a JSON header, the arrays' bytes.


def _write(stream: BinaryIO, weights: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Written here and not by the library, which copies everything and shuffles the metadata."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for key, array in weights.items():
        start, end = end, end + 4 * array.size
        header[key] = {"dtype": "F32", "shape": array.shape, "data_offsets": (start, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays start where a float may be mapped into memory
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in weights.values():
        stream.write(array.astype("<f4").tobytes())


class _Tensor(TypedDict):
    """An array as the header of a file describes it.

    data_offsets: where its bytes begin and end; they are counted from the end of the header.
    """

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _headers(path: Path, stream: BinaryIO) -> dict[str, _Tensor]:
    """The arrays that a file says it has, which the library has compared with how long it is.

    stream: of the same file. It is left where the arrays' bytes begin.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            if not samestat(fstat(stream.fileno()), path.stat()):
                raise OSError(EIO, "it was replaced while it was read")
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    except SafetensorError as error:
        raise _unreadable(path, error) from None
    except OSError as error:
        raise _unread(path, error) from None
    header.pop("__metadata__", None)
    return cast("dict[str, _Tensor]", header)


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise _unread(path, error) from None


def _require_readable(path: Path, largest: int) -> None:
    name = printable(str(path))
    try:
        if not path.exists():
            raise SpecError.of("file-not-found", f"there is no file {name}")
        if not path.is_file():
            help = "give a safetensors file, or the folder of a run" if path.is_dir() else ""
            raise SpecError.of("file-unreadable", f"{name} is not a regular file", help=help)
        size = path.stat().st_size
    except OSError as error:
        raise _unread(path, error) from None
    if size > largest:
        message = f"{name}: expected at most {largest:,} bytes for this network, received {size:,}"
        raise SpecError.of("weights-mismatch", message)


def _unread(path: Path, error: OSError) -> SpecError:
    return SpecError.of("file-unreadable", f"{printable(str(path))}: {error.strerror}")


def _unreadable(path: Path, error: Exception) -> SpecError:
    with path.open("rb") as stream:
        start = stream.read(max(map(len, MISTAKEN)))
    found = next((what for begin, what in MISTAKEN.items() if start.startswith(begin)), "")
    told = str(error).removeprefix("Error while deserializing header: ")
    reason = f"it is {found}" if found else told
    writing = "write it with safetensors.torch.save_file(model.state_dict(), path)"
    return SpecError.of(
        "weights-unreadable",
        f"{printable(str(path))} is not a safetensors file: {printable(reason, 200)}",
        help=writing if found else f"copy it again if it was cut off, or {writing}",
    )


class _FileArrays(Mapping[str, "Array"]):
    """The arrays of a file as float32, each read into memory of its own whenever it is asked for.

    stream: of the file, where the arrays' bytes begin. tensors: by key, in their order.
    """

    def __init__(self, path: Path, stream: BufferedReader, tensors: Mapping[str, _Tensor]) -> None:
        self._path, self._stream, self._tensors = path, stream, tensors
        self._start = stream.tell()

    def __getitem__(self, key: str) -> Array:
        return _as_float32(self.stored(key), copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def stored(self, key: str) -> NDArray[np.generic]:
        """The array as wide as it is in the file. Raises `SpecError` (`file-unreadable`)."""
        try:
            return self._read(self._tensors[key])
        except OSError as error:
            raise _unread(self._path, error) from None

    def _read(self, tensor: _Tensor) -> NDArray[np.generic]:
        import numpy as np

        # bfloat16 is the upper half of a float32.
        stored = np.dtype("u2" if tensor["dtype"] == "BF16" else DTYPES[tensor["dtype"]])
        array = np.empty(tensor["shape"], stored.newbyteorder("<"))
        self._stream.seek(self._start + tensor["data_offsets"][0])
        if self._stream.readinto(array.reshape(-1).view(np.uint8).data) < array.nbytes:
            raise OSError(EIO, "it ended while it was read")
        if tensor["dtype"] == "BF16":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array


def _as_float32(array: NDArray[np.generic], *, copy: bool) -> Array:
    import numpy as np

    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=copy)


def _require_range(arrays: Iterable[tuple[str, NDArray[np.generic]]]) -> None:
    """Raise `SpecError` with each array that float32 cannot hold."""
    import numpy as np

    report = Report()
    for key, array in arrays:
        if array.dtype == np.float64 and not np.array_equal(
            np.isfinite(array), np.isfinite(_as_float32(array, copy=False))
        ):
            message = f"{key}: expected values that float32 can hold, received some beyond ±3.4e38"
            report.add(Diagnostic("weights-mismatch", message))
    report.raise_if_failed()


@dataclass(frozen=True, slots=True)
class _Header:
    """What is known of an array without its values."""

    shape: tuple[int, ...]
    dtype: str


_Headers = Mapping[str, _Header]


def _require_match(headers: _Headers, declarations: Declarations, where: str = "") -> None:
    """Raise `SpecError` with every kind of difference between what there is and what is declared.

    where: what messages begin with.
    """
    received = {
        key: header
        for key, header in headers.items()
        if key in declarations or key.rpartition(".")[2] != COUNTER
    }
    if prefix := _added_prefix(received, declarations):
        raise _wrapped(prefix, where)
    kinds = (_missing, _unknown, _of_other_shapes, _of_other_dtypes)
    faults = chain.from_iterable(_told([*kind(received, declarations)]) for kind in kinds)
    report = Report()
    for number, fault in enumerate(faults):
        help = fault.help or ("" if number else _OTHER)
        report.add(replace(fault, message=f"{where}{fault.message}", help=help))
    report.raise_if_failed()


def _added_prefix(received: Iterable[str], expected: Iterable[str]) -> str:
    """What stands before every key, where nothing else is wrong with the keys."""
    # One prefix on all keys keeps their order, so that the first ones correspond.
    prefix = min(received, default="").removesuffix(min(expected, default=""))
    return prefix if {prefix + key for key in expected} == set(received) else ""


def _wrapped(prefix: str, where: str) -> SpecError:
    cause = f", since {WRAPPERS[prefix]} wraps it" if prefix in WRAPPERS else ""
    shown = printable(prefix)
    return SpecError.of(
        "weights-mismatch",
        f"{where}every key starts with {shown!r}, which this network's keys do not",
        help=f"save the state_dict() of the module inside, model.{shown.rstrip('.')}{cause}",
    )


def _told(alike: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """Faults of one kind; of many the first ones, the last of which says how many more there are.

    Weights of a larger variant have hundreds, which would hide all else.
    """
    if len(alike) <= MAX_ALIKE:
        return alike
    *shown, last = alike[:TOLD_OF_MANY]
    message = f"{last.message} (and {len(alike) - TOLD_OF_MANY:,} more like this)"
    return [*shown, replace(last, message=message)]


def _missing(received: _Headers, declarations: Declarations) -> Iterator[Diagnostic]:
    for key, weight in declarations.items():
        if key not in received:
            message = f"{key}: expected float32{list(weight.shape)}, received nothing"
            yield Diagnostic("weights-mismatch", message)


def _unknown(received: _Headers, declarations: Declarations) -> Iterator[Diagnostic]:
    missing = {key: weight.shape for key, weight in declarations.items() if key not in received}
    unknown = [key for key in received if key not in declarations]
    searched = missing if len(unknown) <= MAX_ALIKE else {}
    for key in unknown:
        shown, header = printable(key, 200), received[key]
        message = f"{shown}: received {_shown(header)}, which this network does not have"
        fitting = (each for each, shape in searched.items() if shape == header.shape)
        yield Diagnostic("weights-mismatch", message, help=did_you_mean(shown, fitting))


def _of_other_shapes(received: _Headers, declarations: Declarations) -> Iterator[Diagnostic]:
    permuted = "the axes are in another order: weights are laid out as in PyTorch's state_dict"
    for key, weight in declarations.items():
        shape = received[key].shape if key in received else weight.shape
        if shape != weight.shape:
            message = f"{key}: expected shape {list(weight.shape)}, received {list(shape)}"
            help = permuted if sorted(shape) == sorted(weight.shape) else ""
            yield Diagnostic("weights-mismatch", message, help=help)


def _of_other_dtypes(received: _Headers, declarations: Declarations) -> Iterator[Diagnostic]:
    *others, last = DTYPES.values()
    for key in declarations:
        if key in received and received[key].dtype not in DTYPES.values():
            dtypes = f"{', '.join(others)} or {last}"
            message = f"{key}: expected {dtypes}, received {received[key].dtype}"
            yield Diagnostic("weights-mismatch", message, help="save it as float32")


def _shown(header: _Header) -> str:
    return f"{header.dtype}{list(header.shape)}"
