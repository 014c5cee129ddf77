"""Arrays of numpy, in one `.npz` file or a folder of `.npy` files: `Arrays`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from zipfile import BadZipFile

from specc.data.columns import ArrayColumn
from specc.data.document import Arrays, Columns
from specc.data.examples import (
    Examples,
    SplitName,
    Splits,
    Wanted,
    assigned,
    column_of,
    missing,
    require_equal_lengths,
    split_of,
)
from specc.diagnostics import SpecError
from specc.source import printable

if TYPE_CHECKING:
    from typing import Any

    from numpy.lib import npyio

    from specc.data.columns import Array

    NpzFile = npyio.NpzFile[Any]
    Read = Callable[[str], Array]

T = TypeVar("T")


def open_arrays(source: Arrays, path: Path, wanted: Wanted) -> Splits:
    """The arrays at `path`, a `.npz` file or a folder of `.npy` files.

    Raises `SpecError` (`data-not-found`, `data-unreadable`, `missing-column`, `data-mismatch`).
    """
    names, read = _folder(path) if path.is_dir() else _archive(path)
    return {
        split: _examples(source, wanted, path, stems, read)
        for split, stems in _by_split(names).items()
    }


def _by_split(names: Iterable[str]) -> dict[SplitName, dict[str, str]]:
    """The arrays of each split by stem; those that name no split are training's, if it has none."""
    whole: dict[str, str] = {}
    splits: dict[SplitName, dict[str, str]] = {}
    for name in names:
        stem, split = split_of(name)
        group = whole if split is None else splits.setdefault(split, {})
        group[stem] = name
    return splits if not whole or "train" in splits else {"train": whole, **splits}


def _examples(
    source: Arrays, wanted: Wanted, path: Path, stems: Mapping[str, str], read: Read
) -> Examples:
    inputs = assigned("input", wanted.inputs, source.inputs, _default(stems, wanted.inputs, "x"))
    targets = assigned(
        "output", wanted.objectives, source.targets, _default(stems, wanted.objectives, "y")
    )
    columns: dict[str, ArrayColumn] = {}
    names: dict[str, tuple[str, ...]] = {}
    for key, stem in [*inputs.items(), *targets.items()]:
        assert isinstance(stem, str)
        if stem not in stems:
            raise missing("array", stem, stems, str(path))
        array = _with_rows(read(stems[stem]), path, stems[stem])
        if key in targets:
            columns[key], known = column_of(array)
            names |= {key: known} if known else {}
        else:
            columns[key] = ArrayColumn(array)
    require_equal_lengths({key: len(column) for key, column in columns.items()}, str(path))
    return Examples(
        {key: columns[key] for key in inputs},
        {key: columns[key] for key in targets},
        lambda row: f"example {row} of {path}",
        names,
    )


def _default(
    stems: Mapping[str, str], wanted: Mapping[str, object], usual: str
) -> Callable[[str], Columns | None]:
    """An array called as the input or output, else the usual one where there is only one."""

    def named(name: str) -> str | None:
        if name in stems:
            return name
        return usual if len(wanted) == 1 and usual in stems else None

    return named


def _with_rows(array: Array, path: Path, name: str) -> Array:
    if array.ndim:
        return array
    where = f"{printable(str(path), 200)}: `{printable(name)}`"
    raise SpecError.of("data-mismatch", f"{where} is one number: expected one for each example")


def _folder(path: Path) -> tuple[Iterable[str], Read]:
    """The `.npy` files of a folder by stem, and how to map one into memory."""
    import numpy as np

    files = {each.stem: each for each in sorted(path.glob("*.npy"))}
    if not files:
        message = f"{printable(str(path), 200)} holds no .npy file"
        raise SpecError.of("data-not-found", message)

    def read(name: str) -> Array:
        file = files[name]
        return _guarded(file, lambda: cast("Array", np.load(file, "r", allow_pickle=False)))

    return files, read


def _archive(path: Path) -> tuple[Iterable[str], Read]:
    """The arrays of a `.npz` file by name, and how to read one."""
    if path.suffix == ".npy":
        message = f"{printable(str(path), 200)} is one array: expected a folder or a .npz file"
        help = "name the folder that holds x.npy and y.npy"
        raise SpecError.of("data-format", message, help=help)

    def read(name: str) -> Array:
        return _guarded(path, lambda: _of_archive(path, lambda archive: archive[name]))

    return _guarded(path, lambda: _of_archive(path, lambda archive: archive.files)), read


def _of_archive(path: Path, take: Callable[[NpzFile], T]) -> T:
    """What `take` takes of the open archive."""
    import numpy as np

    # numpy leaves a file that it opened itself open if it is no archive.
    with path.open("rb") as stream:
        archive = np.load(stream, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("expected a .npz file, received one array")
        return take(cast("NpzFile", archive))


def _guarded(path: Path, read: Callable[[], T]) -> T:
    """What `read` reads of the file. Raises `SpecError` (`data-not-found`, `data-unreadable`)."""
    try:
        return read()
    except FileNotFoundError:
        message = f"there is no file {printable(str(path), 200)}"
        raise SpecError.of("data-not-found", message) from None
    except (OSError, ValueError, EOFError, BadZipFile, MemoryError) as error:
        reason = printable(str(error).partition("\n")[0], 200) or "not enough memory"
        is_pickle = "allow_pickle" in reason or "Python objects" in reason
        reason = "the array holds Python objects, which are pickled" if is_pickle else reason
        help = (
            "save numbers, or strings of a fixed length (`array.astype(str)`)" if is_pickle else ""
        )
        message = f"{printable(str(path), 200)}: {reason}"
        raise SpecError.of("data-unreadable", message, help=help) from None
