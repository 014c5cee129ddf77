"""From the values of a column to what an input of the network takes: scaled, and of its type.

`Preprocessing` is the record of it that a run keeps, so that `specc predict` does the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from specc.data.columns import Column, PictureColumn
from specc.data.document import Data, Interpolation
from specc.data.images import MODES
from specc.diagnostics import SpecError
from specc.dims import Shape
from specc.tensor import FLOATS, ITEM_SIZE, TensorType

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from specc.data.columns import Array, Rows

KINDS = {"f": "numbers", "i": "integers", "u": "integers", "b": "truth values"}
"""The kinds of numpy's dtypes that inputs are made of."""

BYTE_SCALE = 1 / 255

BLOCK_BYTES = 2**19
"""What of a batch is worked on at a time."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to an example before the network sees it: (x · scale − mean) / std.

    image_size: [height, width] and `channels`, `interpolation`: of pictures; None for other data.
    mean, std: per channel; None leaves the step out.
    """

    image_size: tuple[int, int] | None = None
    channels: int | None = None
    interpolation: Interpolation | None = None
    scale: float = 1.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def apply(self, values: Array) -> Array:
        """The values as float32, scaled; channels are the last axis."""
        import numpy as np

        prepared = np.empty(values.shape, np.float32)
        for block in _blocks(prepared):
            self.write(values[block], prepared[block])
        return prepared

    def write(self, values: Array, prepared: Array) -> None:
        """Put the values, scaled, into an array of their shape, float32."""
        import numpy as np

        np.copyto(prepared, values, casting="same_kind")
        if self.scale != 1:
            prepared *= np.float32(self.scale)
        if self.mean is not None:
            prepared -= np.asarray(self.mean, np.float32)
        if self.std is not None:
            prepared /= np.asarray(self.std, np.float32)

    def as_json(self) -> dict[str, Any]:
        """The same as data; `of_json` reads it."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Preprocessing:
        """What `as_json` gave. Raises pydantic's `ValidationError` for anything else."""
        return TypeAdapter(cls).validate_python(data)


@dataclass(frozen=True, slots=True)
class InputFeed:
    """One input of the network, fed from a column.

    shape: what one of its values is given.
    """

    name: str
    type: TensorType
    column: Column
    shape: tuple[int, ...]
    preprocessing: Preprocessing

    @property
    def example_bytes(self) -> int:
        """Of one example, as it is fed."""
        return prod(self.column.shape) * ITEM_SIZE[self.type.dtype]

    def take(self, rows: Rows) -> Array:
        """The examples as the network takes them, channels last."""
        import numpy as np

        if self.type.dtype not in FLOATS:
            values = self._shaped(self.column.take(rows))
            return values.astype(self.type.dtype, copy=False)
        # numpy has no bfloat16; the engines convert.
        dtype = "float32" if self.type.dtype == "bfloat16" else self.type.dtype
        return self._prepared(rows).astype(np.dtype(dtype), copy=False)

    def _prepared(self, rows: Rows) -> Array:
        """The examples as float32. Pictures are scaled one by one, while they are in the cache."""
        import numpy as np

        if not isinstance(self.column, PictureColumn):
            return self.preprocessing.apply(self._shaped(self.column.take(rows)))
        prepared = np.empty((len(rows), *self.column.shape), np.float32)
        for place, pixels in zip(prepared, self.column.pictures(rows), strict=True):
            self.preprocessing.write(pixels, place)
        return self._shaped(prepared)

    def picture(self, row: int) -> NDArray[np.uint8] | None:
        """The example as a picture [H, W, C], before any scaling; None if it is none.

        Numbers that are no bytes are stretched from their smallest to their largest.
        """
        import numpy as np

        values = self._shaped(self.column.take(np.array([row])))[0]
        if values.ndim == 2:
            values = values[:, :, np.newaxis]
        if values.ndim != 3 or values.shape[-1] not in MODES:
            return None
        if values.dtype == np.uint8:
            return values
        low, high = float(values.min()), float(values.max())
        return ((values - low) * (255 / ((high - low) or 1))).astype(np.uint8)

    def _shaped(self, values: Array) -> Array:
        return values.reshape(len(values), *self.shape)


def input_feed(
    name: str, type: TensorType, column: Column, data: Data, rescales: bool
) -> InputFeed:
    """The feed of an input from a column.

    Raises `SpecError` (`data-mismatch`) for values of another shape or kind than the input's.
    """
    _require_kind(name, type, column)
    shape = _fitted(column.shape, type)
    if shape is None:
        received = f"{column.dtype}[{', '.join(map(str, ('N', *column.shape)))}]"
        message = f"the input `{name}` takes {type}, the data has {received}"
        raise SpecError.of("data-mismatch", message, help="channels are last, as in [N, H, W, C]")
    preprocessing = _preprocessing(name, type, column, data, rescales)
    return InputFeed(name, type, column, shape, preprocessing)


def _blocks(array: Array) -> list[slice]:
    """The examples of a batch, in parts that stay in a core's cache from one step to the next."""
    rows = max(BLOCK_BYTES * len(array) // max(array.nbytes, 1), 1)
    return [slice(start, start + rows) for start in range(0, len(array), rows)]


def _require_kind(name: str, type: TensorType, column: Column) -> None:
    kind = column.dtype.kind
    if kind not in KINDS:
        message = f"the input `{name}` takes {type}, the data has values of type {column.dtype}"
        raise SpecError.of("data-mismatch", message, help="expected numbers")
    if kind == "f" and type.dtype not in FLOATS:
        message = f"the input `{name}` takes {type}, the data has {column.dtype}"
        raise SpecError.of("data-mismatch", message, help="expected integers")


def _preprocessing(
    name: str, type: TensorType, column: Column, data: Data, rescales: bool
) -> Preprocessing:
    record = Preprocessing()
    if isinstance(column, PictureColumn):
        height, width, channels = column.shape
        record = Preprocessing((height, width), channels, column.format.interpolation)
    if type.dtype not in FLOATS:
        return record
    channels = type.shape[-1]
    for key, values in (("mean", data.mean), ("std", data.std)):
        if values is not None and len(values) not in (1, channels):
            expected = f"data.{key} needs {channels} numbers, one for each channel of `{name}`"
            raise SpecError.of("data-mismatch", f"{expected}, received {len(values)}")
    return replace(record, scale=_scale(column, data, rescales), mean=data.mean, std=data.std)


def _scale(column: Column, data: Data, rescales: bool) -> float:
    if data.scale is not None:
        return data.scale
    return BYTE_SCALE if column.dtype == "uint8" and not rescales else 1.0


def _fitted(shape: tuple[int, ...], type: TensorType) -> tuple[int, ...] | None:
    """The shape that values of `shape` are given for `type`; None if they do not fit.

    A last axis of 1 may be missing or too many, and a vector may be cut into any constant shape.
    """
    wanted = type.shape[1:]
    without = shape[:-1] if shape[-1:] == (1,) else shape
    for candidate in (shape, (*shape, 1), without):
        if matches(candidate, wanted):
            return candidate
    constant = tuple(size for size in wanted if isinstance(size, int))
    is_cut = len(shape) == 1 and len(constant) == len(wanted) and prod(constant) == shape[0]
    return constant if is_cut else None


def matches(shape: tuple[int, ...], wanted: Shape) -> bool:
    """Whether values of `shape` are of the wanted one; a symbol takes any size."""
    return len(shape) == len(wanted) and all(
        not isinstance(size, int) or size == found
        for size, found in zip(wanted, shape, strict=True)
    )
