"""What predictions are asked for: paths, folders, globs, arrays, pictures, bytes, one by one.

Nothing is read here, and nothing is kept: folders are walked while their pictures are predicted.
What cannot be used is given in its place as an error, so that the rest can go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import has_magic, iglob
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

from specc.data.images import SUFFIXES
from specc.diagnostics import SpecError
from specc.source import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Array = NDArray[Any]

ARRAY_SUFFIX = ".npy"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One picture, or one array of an example or a batch; bytes are the contents of a file.

    name: of the file; `image`, `array`, `bytes` or `file` for what has none.
    """

    name: str
    content: Path | bytes | Array | Image


Contents: TypeAlias = bytes | bytearray | memoryview

Input: TypeAlias = (
    "str | os.PathLike[str] | Contents | BinaryIO | Array | Image | Source | SpecError"
)
Inputs: TypeAlias = "Input | Iterable[Input]"


def sources(inputs: Inputs) -> Iterator[Source | SpecError]:
    """The pictures and arrays of the inputs, in order.

    A folder stands for the pictures and `.npy` files below it by name, without what is hidden; a
    path of no file with `*`, `?` or `[` for the files that it matches, `**` for any folders. Of
    several inputs without a name each is named with its index: `array[3]`.
    Errors: `file-not-found`, `file-unreadable`, and `invalid-input` for a value of another type.
    """
    if _is_one(inputs):
        yield from _expanded(inputs)
        return
    for index, each in enumerate(cast("Iterable[Input]", inputs)):
        yield from _expanded(each, f"[{index}]")


def _is_one(inputs: object) -> bool:
    single = isinstance(inputs, str | os.PathLike | Contents | Source)
    return single or _is_array(inputs) or _is_file(inputs) or not isinstance(inputs, Iterable)


def _is_array(value: object) -> bool:
    return hasattr(value, "__array__") or hasattr(value, "__array_interface__")


def _is_file(value: object) -> bool:
    """Whether it is an open file, which is iterable by lines."""
    return hasattr(value, "read") and not isinstance(value, os.PathLike)


def _expanded(given: object, index: str = "") -> Iterator[Source | SpecError]:
    from PIL.Image import Image

    match given:
        case Source() | SpecError():
            yield given
        case str() if not given:
            yield SpecError.of("file-not-found", "an empty path names no file")
        case str() | os.PathLike():
            yield from _files(Path(cast("str", given)))
        case bytes() | bytearray() | memoryview():
            yield Source(f"bytes{index}", bytes(cast("Contents", given)))
        case Image():
            yield Source(getattr(given, "filename", "") or f"image{index}", given)
        case _ if _is_array(given):
            yield _array(f"array{index}", given)
        case _ if _is_file(given):
            yield _read(f"file{index}", cast("BinaryIO", given))
        case _:
            expected = "expected paths, arrays, pictures or bytes"
            message = f"{expected}, received {printable(repr(given))}"
            yield SpecError.of("invalid-input", message)


def _array(name: str, given: object) -> Source | SpecError:
    import numpy as np

    try:
        return Source(name, np.asarray(given))
    except Exception as error:  # any library's own, such as PyTorch's of a tensor with a gradient
        reason = printable(str(error), 200)
        return SpecError.of("invalid-input", f"{name}: {reason}", help="give an array of numpy")


def _read(name: str, file: BinaryIO) -> Source | SpecError:
    """What is left to read of an open file."""
    try:
        contents: bytes | str = file.read()
    except (OSError, ValueError) as error:  # ValueError: it is closed, or no text
        return SpecError.of("file-unreadable", f"{name}: {error}")
    if isinstance(contents, str):
        return SpecError.of("invalid-input", f"{name}: expected bytes", help='open it with "rb"')
    return Source(name, contents)


def _files(path: Path) -> Iterator[Source | SpecError]:
    """The files that a path stands for; itself, if there is nothing there."""
    try:
        if path.is_dir():
            yield from _pictures(path)
        elif has_magic(str(path)) and not path.exists():
            yield from _matches(str(path))
        else:
            yield Source(str(path), path)
    except OSError as error:
        yield _closed(path, error)


def _matches(pattern: str) -> Iterator[Source | SpecError]:
    # Unlike a Path's, this glob leaves hidden files alone.
    found = sorted(iglob(pattern, recursive=True))  # noqa: PTH207
    if not found:
        message = f"no file matches {printable(pattern, 200)}"
        yield SpecError.of("file-not-found", message)
    for each in found:
        yield from _files(Path(each))


def _pictures(folder: Path) -> Iterator[Source | SpecError]:
    empty = True
    for each in _walk(folder):
        empty = False
        yield each
    if empty:
        kinds = ", ".join(sorted({*SUFFIXES, ARRAY_SUFFIX}))
        message = f"{printable(str(folder), 200)} holds no picture"
        yield SpecError.of("file-not-found", message, help=f"pictures are files in {kinds}")


def _walk(folder: Path) -> Iterator[Source | SpecError]:
    """The files below a folder. Links are followed, but for those that lead back up."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        yield _closed(folder, error)
        return
    for name in names:
        path = folder / name
        if not path.is_dir():
            if path.suffix.lower() in SUFFIXES or path.suffix.lower() == ARRAY_SUFFIX:
                yield Source(str(path), path)
        elif not folder.resolve().is_relative_to(path.resolve()):
            yield from _walk(path)


def _closed(path: Path, error: OSError) -> SpecError:
    name = printable(str(path), 200)
    return SpecError.of("file-unreadable", f"{name}: {error.strerror or error}")
