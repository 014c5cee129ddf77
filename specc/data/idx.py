"""The idx format of MNIST and its kin: `Idx`.

A file is two zero bytes, the type of its numbers, its rank, a 32-bit size for each axis, and the
numbers, all big-endian. Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from specc.data.columns import ArrayColumn
from specc.data.examples import (
    SPLITS,
    Examples,
    SplitName,
    Splits,
    Wanted,
    require_equal_lengths,
)
from specc.diagnostics import SpecError
from specc.source import printable

if TYPE_CHECKING:
    from specc.data.columns import Array

NAME = re.compile(
    rf"(?:.*-)?(?P<split>{'|'.join(SPLITS)})-(?P<what>images|labels)[-.]idx\d-ubyte(?:\.gz)?"
)
"""The names of the files, such as `train-images-idx3-ubyte.gz`."""

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""numpy's names of the types by their byte."""

MAX_COMPRESSION = 1032
"""No deflated byte stands for more."""


def open_idx(path: Path, wanted: Wanted) -> Splits:
    """The pairs of idx files in the folder `path`: images and labels of each split.

    Raises `SpecError` (`data-not-found`, `data-unreadable`, `data-mismatch`).
    """
    input, output = wanted.only("an idx folder")
    files = idx_files(path)
    if not files:
        where = printable(str(path), 200)
        message = f"{where} holds no idx file" if path.exists() else f"there is no folder {where}"
        help = "expected train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…; .gz will do"
        raise SpecError.of("data-not-found", message, help=help)
    splits: Splits = {}
    found: list[SplitName] = list(dict.fromkeys(split for split, _ in files))
    for split in found:
        images, labels = (_column(path, files, split, what) for what in ("images", "labels"))
        require_equal_lengths({"images": len(images), "labels": len(labels)}, str(path))
        name = files[split, "images"].name
        splits[split] = Examples({input: images}, {output: labels}, _Place(name))
    return splits


@dataclass(frozen=True, slots=True)
class _Place:
    file: str

    def __call__(self, row: int) -> str:
        return f"example {row} of {self.file}"


def idx_files(path: Path) -> dict[tuple[SplitName, str], Path]:
    """The idx files of a folder by split and content; a plain file goes before a packed one."""
    if not path.is_dir():
        return {}
    matches = [(NAME.fullmatch(each.name), each) for each in sorted(path.iterdir(), reverse=True)]
    return {
        (SPLITS[match["split"]], match["what"]): file
        for match, file in matches
        if match is not None
    }


def _column(
    path: Path,
    files: dict[tuple[SplitName, str], Path],
    split: SplitName,
    what: Literal["images", "labels"],
) -> ArrayColumn:
    if (split, what) not in files:
        message = f"{printable(str(path), 200)} has no {what} of the {split} split"
        raise SpecError.of("data-not-found", message)
    return ArrayColumn(read_idx(files[split, what]))


def read_idx(path: Path) -> Array:
    """The array in an idx file, mapped into memory, or read whole if it is packed.

    Nothing is read that the file's size does not allow. Raises `SpecError` (`data-unreadable`).
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return _unpacked(path, cast("BinaryIO", stream))
        with path.open("rb") as stream:
            return _mapped(path, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, str(error)) from None


def _mapped(path: Path, stream: BinaryIO) -> Array:
    import numpy as np

    dtype, shape = _header(path, stream)
    offset = 4 + 4 * len(shape)
    expected = offset + prod(shape) * np.dtype(dtype).itemsize
    received = path.stat().st_size
    if received != expected:
        raise _unreadable(path, _sizes(expected, received))
    if not prod(shape):
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", offset, shape)


def _unpacked(path: Path, stream: BinaryIO) -> Array:
    import numpy as np

    dtype, shape = _header(path, stream)
    size = prod(shape) * np.dtype(dtype).itemsize
    packed = path.stat().st_size
    if size > packed * MAX_COMPRESSION:
        raise _unreadable(path, f"{packed:,} bytes cannot hold the {size:,} of its header")
    data = stream.read(size)
    rest = stream.read(1)
    if len(data) < size or rest:
        received = f"more than {size:,}" if rest else f"{len(data):,}"
        raise _unreadable(path, f"expected {size:,} bytes after the header, received {received}")
    return np.frombuffer(data, dtype).reshape(shape)


def _header(path: Path, stream: BinaryIO) -> tuple[str, tuple[int, ...]]:
    """The type and the shape that the file begins with."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 8:
        expected = "expected an idx file, which begins with 00 00, a type and a rank"
        raise _unreadable(path, f"{expected}, received {magic.hex(' ') or 'an empty file'}")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise _unreadable(path, "the file ends in its header")
    steps = range(0, len(sizes), 4)
    return TYPES[magic[2]], tuple(int.from_bytes(sizes[step : step + 4], "big") for step in steps)


def _sizes(expected: int, received: int) -> str:
    return f"expected {expected:,} bytes as its header says, received {received:,}"


def _unreadable(path: Path, reason: str) -> SpecError:
    message = f"{printable(str(path), 200)}: {reason}"
    return SpecError.of("data-unreadable", message, help="fetch the file again")
