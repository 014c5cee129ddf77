"""Columns: one value for each example, wherever they are kept, taken by the numbers of the rows."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from specc.data.images import PictureError, PictureFormat, check_picture
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.source import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Rows = NDArray[np.int64]

RESIDENT_BYTES = 2**30
"""A mapped file up to this size is taken to stay in the system's cache once it is read."""


class Files(Protocol):
    """Files by row: paths, or their contents."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int, /) -> str | bytes: ...


class Column(Protocol):
    """One value for each example.

    shape: of one value.
    quick: whether taking a batch is mere copying, so that threads would cost more than they bring.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def quick(self) -> bool: ...
    def __len__(self) -> int: ...
    def take(self, rows: Rows) -> Array:
        """The values of these examples, [len(rows), *shape]. Raises `SpecError`."""
        ...

    def check(self, report: Report) -> None:
        """Add what is wrong with the headers of its files, if it has a file for each example."""
        ...


@dataclass(frozen=True, slots=True)
class ArrayColumn:
    """The rows of an array, in memory or mapped into it."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    @property
    def quick(self) -> bool:
        import numpy as np

        return not isinstance(self.array, np.memmap) or self.array.nbytes <= RESIDENT_BYTES

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: Rows) -> Array:
        import numpy as np

        if isinstance(self.array, np.memmap) and not self.quick:
            _announce(self.array, rows)
        return np.asarray(self.array).take(rows, axis=0)

    def check(self, report: Report) -> None:
        pass


def _announce(array: np.memmap[Any, Any], rows: Rows) -> None:
    """Have the system read these rows of a mapped file together, and nothing beside them.

    Else each page is waited for when it is touched, and brings those that follow it in the file,
    of which a shuffled order needs none: from a file larger than memory, a hundredth of the speed.
    """
    memory: Any = array.base
    if not (hasattr(mmap, "MADV_WILLNEED") and array.flags.c_contiguous):
        return
    size, begin = array.strides[0], array.offset % mmap.ALLOCATIONGRANULARITY
    starts = begin + rows * size
    memory.madvise(mmap.MADV_RANDOM)
    for start in (starts - starts % mmap.PAGESIZE).tolist():
        memory.madvise(mmap.MADV_WILLNEED, start, size + mmap.PAGESIZE)


@dataclass(frozen=True, slots=True)
class PictureColumn:
    """Pictures, decoded when they are taken.

    name: what messages call the picture of a row.
    """

    files: Files
    format: PictureFormat
    name: Callable[[int], str]

    @property
    def shape(self) -> tuple[int, ...]:
        format = self.format
        assert format.height is not None, "a batch needs pictures of one size"
        assert format.width is not None
        return (format.height, format.width, format.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(np.uint8)

    @property
    def quick(self) -> bool:
        return False

    def __len__(self) -> int:
        return len(self.files)

    def take(self, rows: Rows) -> Array:
        import numpy as np

        pixels = np.empty((len(rows), *self.shape), np.uint8)
        for place, picture in zip(pixels, self.pictures(rows), strict=True):
            place[...] = picture
        return pixels

    def pictures(self, rows: Rows) -> Iterator[Array]:
        """The pictures [height, width, channels], one after the other. Raises `SpecError`."""
        for row in rows.tolist():
            try:
                yield self.format.decode(self.files[row])
            except PictureError as error:
                message = self._message(row, error)
                raise SpecError.of("data-unreadable", message, help=_UNREADABLE) from None

    def check(self, report: Report) -> None:
        for row in range(len(self.files)):
            try:
                check_picture(self.files[row])
            except PictureError as error:
                message = self._message(row, error)
                report.add(Diagnostic("data-unreadable", message, help=_UNREADABLE))

    def _message(self, row: int, error: PictureError) -> str:
        return f"{printable(self.name(row), 200)}: {error}"


_UNREADABLE = "replace the picture, or take it out"
