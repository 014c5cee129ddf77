"""An ONNX model in onnxruntime: opened from a file, a run or bytes, with what it says of itself."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Unpack, cast
from weakref import finalize

from specc.diagnostics import SpecError
from specc.inference.providers import (
    CPU,
    full_name,
    not_started,
    onnxruntime,
    preload_libraries,
)
from specc.native_log import native_log
from specc.packages import needs
from specc.source import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.exporting import ExportOptions
    from specc.network import Network, Weights

    Array = NDArray[Any]

DTYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(int8)": "int8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(uint8)": "uint8",
}
"""numpy's names of the tensor types that onnxruntime knows by its own."""

MOST_THREADS = 1024
"""Of one run: far more than help, and few enough for every system to start them."""

_FATAL_ONLY = 4  # of onnxruntime's levels of logging: an error is raised, and told by that


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ModelFile:
    """A model that is not loaded yet.

    name: as messages call it. contents: bytes, or the path of a regular file.
    """

    name: str
    contents: Path | bytes


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of a model; a size is a number, a symbol, or unknown."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(str(size or '?') for size in self.shape)}]"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is ready to run.

    metadata: the file's own. provider: onnxruntime's name of what runs it.
    """

    name: str
    session: Any
    run_options: Any
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    metadata: Mapping[str, str]
    provider: str

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """The outputs, in order. Raises `SpecError` (`invalid-input`) for what it cannot take."""
        try:
            return self.session.run(None, dict(inputs), self.run_options)
        except Exception as error:  # onnxruntime's errors have no common base
            raise SpecError.of("invalid-input", f"{self.name}: {_reason(error)}") from None


def is_model(target: str) -> bool:
    """Whether what a user names is an ONNX model, by its ending, and no spec."""
    return Path(target).suffix.lower() == ".onnx"


@needs("onnx")
def locate_model(source: str | os.PathLike[str] | bytes) -> ModelFile:
    """The model at a path: an ONNX file, or what `specc export` makes of the run in that folder.

    source: may also be the contents of an ONNX file.
    Raises `SpecError`: `file-not-found`, `file-unreadable`, and what opening a run raises.
    """
    if isinstance(source, bytes):
        return ModelFile("the model", source)
    path = Path(source)
    name = printable(str(path), 200)
    if path.is_dir():
        return _exported_run(name, path)
    if not os.path.lexists(path):
        help = "a model is an ONNX file, which `specc export` writes, or the folder of a run"
        raise SpecError.of("file-not-found", f"there is no file {name}", help=help)
    # onnxruntime reads a file with less memory, but would wait for a pipe without hearing Ctrl+C.
    on_disk = path.is_file() and read_file(path, 1)
    return ModelFile(name, path if on_disk else read_file(path))


def read_file(path: Path, size: int = -1) -> bytes:
    """The bytes of the file at `path`, at most `size` of them.

    Raises `SpecError`: `file-not-found`, `file-unreadable`.
    """
    name = printable(str(path), 200)
    try:
        with path.open("rb") as stream:
            if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):  # some never end
                raise OSError(errno.EINVAL, "it is a device, not a file")
            return stream.read(size)
    except FileNotFoundError:
        raise SpecError.of("file-not-found", f"there is no file {name}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError.of("file-unreadable", f"{name}: {reason}") from None


@needs("onnx")
def exported_model(
    name: str, network: Network, weights: Weights, **options: Unpack[ExportOptions]
) -> ModelFile:
    """The model that `specc export` makes of a network.

    Beyond 2 GiB it is in a file, which goes with what comes back.
    Raises `SpecError`: as `Network.to_onnx`.
    """
    try:
        return ModelFile(name, network.to_onnx(weights=weights, **options))
    except SpecError as error:
        if error.report.diagnostics[0].code != "artifact-too-large":
            raise
    folder = mkdtemp(prefix="specc-")
    path = Path(folder, "model.onnx")
    file = ModelFile(name, path)
    finalize(file, rmtree, folder, ignore_errors=True)
    network.to_onnx(path, weights, **options)
    return file


def _exported_run(name: str, path: Path) -> ModelFile:
    from specc.training.metadata import run_card
    from specc.training.run import open_run

    run = open_run(path)
    return exported_model(name, run.network, run.weights, metadata=run_card(run).metadata())


@needs("onnx")
def open_model(file: ModelFile, provider: str = "cpu", threads: int | None = None) -> Model:
    """The model in onnxruntime.

    provider: a name of `specc.inference.providers`. threads: within an operator; None is all cores.
    Raises `SpecError`: `model-unreadable`, `provider-unavailable`, `unsuitable-model` for inputs of
    a type that numpy lacks, and `invalid-input` for more than `MOST_THREADS`.
    """
    chosen = full_name(provider)
    if threads is not None and threads > MOST_THREADS:
        message = f"expected at most {MOST_THREADS:,} threads, received {threads:,}"
        raise SpecError.of("invalid-input", message)
    if not file.contents:
        raise _unreadable(file.name, "the file is empty")
    session = (_opened if chosen == CPU else _started)(file, chosen, threads)
    inputs = tuple(map(_info, session.get_inputs()))
    for tensor in inputs:
        if tensor.dtype not in DTYPES.values():
            message = f"{file.name}: numpy has no values for `{printable(tensor.name)}`: {tensor}"
            raise SpecError.of("unsuitable-model", message)
    metadata = cast("Mapping[str, str]", session.get_modelmeta().custom_metadata_map)
    outputs = tuple(map(_info, session.get_outputs()))
    return Model(file.name, session, _run_options(), inputs, outputs, metadata, chosen)


def _run_options() -> Any:
    options = onnxruntime().RunOptions()
    options.log_severity_level = _FATAL_ONLY
    return options


def _started(file: ModelFile, provider: str, threads: int | None) -> Any:
    """A session on a provider that may be there and not start, which is no fault of the file."""
    preload_libraries(provider)
    with native_log() as log:
        try:
            session = _session(file, provider, threads)
        except Exception as error:  # onnxruntime's errors have no common base
            _opened(file, CPU, threads)  # what is a fault of the file is told as one
            raise not_started(provider, _missing_library(log()) or _reason(error)) from None
        if provider not in session.get_providers():  # it went on without, and only logged it
            reason = _missing_library(log()) or "onnxruntime could not start it on this machine"
            raise not_started(provider, reason)
    return session


def _opened(file: ModelFile, provider: str, threads: int | None) -> Any:
    """A session. Raises `SpecError` for a file that onnxruntime does not take."""
    try:
        return _session(file, provider, threads)
    except Exception as error:  # onnxruntime's errors have no common base
        raise _refused(file.name, error) from None


def _session(file: ModelFile, provider: str, threads: int | None) -> Any:
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads or 0
    # What a provider cannot run, the processor does; but all of it only if it is asked to.
    providers = list(dict.fromkeys([provider, CPU]))
    contents = str(file.contents) if isinstance(file.contents, Path) else file.contents
    return runtime.InferenceSession(contents, options, providers=providers, enable_fallback=0)


def _missing_library(log: str) -> str:
    """What the system's linker said of a provider's library; empty if it said nothing."""
    found = re.search(r"Failed to load library .* with error: (.*)", log)
    return printable(found[1], 200) if found else ""


def _info(tensor: Any) -> TensorInfo:
    dtype = DTYPES.get(tensor.type) or str(tensor.type)
    return TensorInfo(tensor.name, dtype, tuple(tensor.shape or ()))


def _refused(name: str, error: Exception) -> SpecError:
    if type(error).__name__ == "NotImplemented":
        help = "every provider runs a spec of float32 that was exported without `--precision`"
        return SpecError.of("unsuitable-model", f"{name}: {_reason(error)}", help=help)
    if re.search(r"External (data|initializer)", str(error)):
        message = f"{name}: the file of its large tensors is not beside it, or not whole"
        help = "copy both: `specc export` calls that file as the model is called, and `.data`"
        return SpecError.of("model-unreadable", message, help=help)
    if newer := _NEWER_OPSET.search(str(error)):
        message = f"{name} is of opset {newer[1]}, this onnxruntime runs none beyond {newer[2]}"
        help = f"`specc export --opset {newer[2]}` writes one that it runs"
        return SpecError.of("model-unreadable", message, help=help)
    if newer := _NEWER_FORMAT.search(str(error)):
        message = f"{name} is of format {newer[1]}, this onnxruntime reads none beyond {newer[2]}"
        help = "without `--opset`, `specc export` writes the oldest that serves"
        return SpecError.of("model-unreadable", message, help=help)
    return _unreadable(name, _reason(error))


def _unreadable(name: str, reason: str) -> SpecError:
    help = "`specc export` writes an ONNX model; a file cut short must be copied again"
    return SpecError.of("model-unreadable", f"{name}: {reason}", help=help)


def _reason(error: Exception) -> str:
    """What onnxruntime says, without its codes, the places in its source, and CUDA's."""
    line = _ORIGIN.sub("", str(error)).strip().partition("\n")[0]
    return printable(line.partition(" ; GPU=")[0], 200)


_NEWER_OPSET = re.compile(r"Opset (\d+) is under development .* till opset (\d+)")
_NEWER_FORMAT = re.compile(r"model IR version: (\d+), max supported IR version: (\d+)")
_ORIGIN = re.compile(
    r"Load model from .*? failed: ?|"
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |\S*onnxruntime\S*\.(cc|h):\d+ .*?\) (\[with .*?\] )?"
)
