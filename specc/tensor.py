"""Tensor types: a shape and a dtype, written `float32[N, 28, 28, 64]`.

Channels are last, as in Keras: sequences are [N, T, C], images [N, H, W, C], and volumes
[N, D, H, W, C]. The names of the axes follow from the rank alone, and stand in this file once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

from specc.dim_syntax import DimSyntaxError, parse_size
from specc.dims import DimError, Shape, Size, product, substitute, symbols
from specc.proofs import at_least, upper_bound
from specc.wording import bindings

DType = Literal[
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
]
DTYPES: tuple[DType, ...] = get_args(DType)
FLOATS: frozenset[DType] = frozenset({"float16", "bfloat16", "float32", "float64"})

ITEM_SIZE: dict[DType, int] = {
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "uint8": 1,
    "bool": 1,
}
"""Bytes per element."""

MAX_RANK = 8
MAX_DIM = 2**31 - 1

_AXES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("batch",),
    2: ("batch", "channels"),
    3: ("batch", "length", "channels"),
    4: ("batch", "height", "width", "channels"),
    5: ("batch", "depth", "height", "width", "channels"),
}


class TensorSyntaxError(DimSyntaxError):
    """A text is not a tensor type; `start` and `end` are character offsets into it."""


class TensorSizeError(TensorSyntaxError):
    """A text is no tensor type with the sizes that were given for its symbols."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """What is known of a tensor before it exists.

    An axis asked for by its name is a `LookupError` where the rank has no such axis.
    """

    shape: Shape
    dtype: DType = "float32"

    def __str__(self) -> str:
        return f"{self.dtype}{shape_text(self.shape)}"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> Size:
        """The number of elements; 1 for a scalar."""
        return product(self.shape)

    @property
    def channels(self) -> Size:
        """The last axis, from rank 2."""
        return self._axis("channels")

    @property
    def height(self) -> Size:
        """Axis -3, from rank 4."""
        return self._axis("height")

    @property
    def width(self) -> Size:
        """Axis -2, from rank 4."""
        return self._axis("width")

    @property
    def depth(self) -> Size:
        """Axis 1 of a volume, at rank 5."""
        return self._axis("depth")

    @property
    def length(self) -> Size:
        """Axis 1 of a sequence, at rank 3."""
        return self._axis("length")

    def with_shape(self, shape: Iterable[Size]) -> TensorType:
        """The same dtype with another shape."""
        return TensorType(tuple(shape), self.dtype)

    def with_size(self, axis: int, size: Size) -> TensorType:
        """The same with another size along an axis counted from the front."""
        return self.with_shape((*self.shape[:axis], size, *self.shape[axis + 1 :]))

    def axis_name(self, axis: int) -> str:
        """What `axis` (counted from either end) is called, or "" if it has no name."""
        names = _axis_names(self.rank)
        return names[axis] if -len(names) <= axis < len(names) else ""

    def _axis(self, name: str) -> Size:
        names = _axis_names(self.rank)
        if name not in names:
            ranks = [rank for rank, axes in _AXES.items() if name in axes]
            wanted = f"{ranks[0]}" if len(ranks) == 1 else f"at least {ranks[0]}"
            raise LookupError(f"{self} has no {name}: expected rank {wanted}, received {self.rank}")
        return self.shape[names.index(name)]


def holds(dtype: DType, value: float) -> bool:
    """Whether an element of that dtype can be `value`: of integers, no fraction, none too great."""
    if dtype in FLOATS:
        return True
    half = 2 ** (8 * ITEM_SIZE[dtype] - 1)
    least, most = {"bool": (0, 1), "uint8": (0, 255)}.get(dtype, (-half, half - 1))
    return value == int(value) and least <= value <= most


def shape_text(shape: Shape) -> str:
    """A shape as users read and write it: `[N, 28, 28, 64]`."""
    return f"[{', '.join(map(str, shape))}]"


def _axis_names(rank: int) -> tuple[str, ...]:
    if rank in _AXES:
        return _AXES[rank]
    return ("batch", *[""] * (rank - 4), "height", "width", "channels")


_TENSOR_TYPE = re.compile(r"\s*(?P<dtype>\w*)\s*(?P<open>\[)?(?P<dims>[^\[\]]*)(?P<close>\])?\s*")


def parse_tensor_type(text: str, sizes: Mapping[str, int] | None = None) -> TensorType:
    """The type that `text`, such as `float32[N, 32*h, 32*w, 3]`, denotes; `float32[]` is a scalar.

    sizes: what stands for symbols; the others stay.
    Raises `TensorSyntaxError` with offsets into `text`: at most 8 dims, each from 1 to 2^31 - 1.
    """
    match = _TENSOR_TYPE.match(text)
    if match is None or not match["open"]:
        raise TensorSyntaxError("expected dtype[dim, …], as float32[N, 28, 28, 3]", 0, len(text))
    dtype = _parse_dtype(match["dtype"], match.start("dtype"), match.end("dtype"))
    if not match["close"]:
        raise TensorSyntaxError(
            "this bracket is not closed", match.start("open"), match.end("open")
        )
    if match.end() < len(text):
        raise TensorSyntaxError("expected nothing after the type", match.end(), len(text))
    return TensorType(_parse_shape(match["dims"], match.start("dims"), sizes or {}), dtype)


def _parse_dtype(name: str, start: int, end: int) -> DType:
    for dtype in DTYPES:
        if dtype == name:
            return dtype
    if not name:
        raise TensorSyntaxError("expected a dtype before the bracket", start, end + 1)
    raise TensorSyntaxError(f"unknown dtype {name!r}{_suggestion(name)}", start, end)


def _suggestion(name: str) -> str:
    # A bare "float" or "int" is as near to each width: the usual one, 32, comes first.
    usual_first = sorted(DTYPES, key=lambda dtype: not dtype.endswith("32"))
    usual = [dtype for dtype in usual_first if name and dtype.startswith(name.lower())]
    near = usual or get_close_matches(name.lower(), DTYPES, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; expected one of {', '.join(DTYPES)}"


def _parse_shape(text: str, offset: int, sizes: Mapping[str, int]) -> Shape:
    if not text.strip():
        return ()
    dims = text.split(",", MAX_RANK)
    if len(dims) > MAX_RANK:
        raise TensorSyntaxError(f"a tensor has at most {MAX_RANK} dims", offset, offset + len(text))
    shape: list[Size] = []
    for dim in dims:
        shape.append(_parse_dim(dim, offset, sizes))
        offset += len(dim) + 1
    return tuple(shape)


def _parse_dim(text: str, offset: int, sizes: Mapping[str, int]) -> Size:
    try:
        declared = parse_size(text)
    except DimSyntaxError as error:
        raise TensorSyntaxError(error.message, offset + error.start, offset + error.end) from None
    start = offset + len(text) - len(text.lstrip())
    end = offset + len(text.rstrip())
    given = {name: size for name, size in sizes.items() if name in symbols(declared)}
    found = _bound(declared, given)
    if not isinstance(found, str):
        return found
    if given:
        raise TensorSizeError(f"{found} with {bindings(given)}", start, end)
    raise TensorSyntaxError(found, start, end)


def _bound(size: Size, sizes: Mapping[str, int]) -> Size | str:
    """A dim with numbers for symbols, or why it is none."""
    try:
        size = substitute(size, sizes)
    except ZeroDivisionError:
        return "a size is divided by zero"
    except DimError as error:
        return str(error)
    high = upper_bound(size)
    if high is not None and high < 1:
        return f"a dim must be at least 1, received {size}"
    if at_least(size, MAX_DIM + 1):
        return f"a dim must be below 2^31, received {size}"
    return size
