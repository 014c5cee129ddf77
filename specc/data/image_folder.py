"""Folders of pictures, a subfolder for each class: `ImageFolder`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from specc.data.columns import ArrayColumn, PictureColumn
from specc.data.document import ImageFolder
from specc.data.examples import SPLITS, Examples, SplitName, Splits, Wanted
from specc.data.images import SUFFIXES, PictureFormat, picture_format
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.source import printable
from specc.wording import listing


def open_image_folder(
    source: ImageFolder, path: Path, wanted: Wanted, class_names: Sequence[str] | None
) -> Splits:
    """The pictures below `path`.

    class_names: the subfolders in the order wanted; default: all, sorted.
    Raises `SpecError` (`data-not-found`, `class-mismatch`, `data-mismatch`).
    """
    input, output = wanted.only("an image folder")
    format = picture_format(input, wanted.inputs[input], source)
    folders: dict[SplitName, Path] = {
        SPLITS[each.name.lower()]: each for each in _split_folders(path)
    }
    folders = folders or {"train": path}
    return {
        split: _examples(folder, format, (input, output), class_names)
        for split, folder in folders.items()
    }


def _split_folders(path: Path) -> list[Path]:
    """The subfolders, if all are splits: a class may be called `train` among others."""
    folders = subfolders(path)
    return folders if all(folder.name.lower() in SPLITS for folder in folders) else []


def _examples(
    folder: Path, format: PictureFormat, names: tuple[str, str], classes: Sequence[str] | None
) -> Examples:
    import numpy as np

    found = {each.name: sorted(pictures(each)) for each in subfolders(folder)}
    _require_pictures(folder, found)
    order = tuple(found) if classes is None else _ordered(folder, tuple(found), classes)
    files = [file for name in order for file in found[name]]
    counts = [len(found[name]) for name in order]
    labels = np.repeat(np.arange(len(order)), counts)
    input, output = names
    return Examples(
        {input: PictureColumn(files, format, files.__getitem__)},
        {output: ArrayColumn(labels)},
        files.__getitem__,
        {output: order},
    )


def _require_pictures(folder: Path, found: dict[str, list[str]]) -> None:
    where = printable(str(folder), 200)
    if not found:
        message = f"{where} has no subfolder: expected one for each class"
        raise SpecError.of("data-not-found", message, help="move the pictures of a class into one")
    if not any(found.values()):
        kinds = ", ".join(sorted(SUFFIXES))
        message = f"the folders of classes in {where} hold no picture"
        raise SpecError.of("data-not-found", message, help=f"pictures are files in {kinds}")
    report = Report()
    for name, files in found.items():
        if not files:
            message = f"the class `{printable(name)}` is empty: {where} has no picture of it"
            report.add(Diagnostic("class-mismatch", message, help="add pictures, or remove it"))
    report.raise_if_failed()


def _ordered(folder: Path, found: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """The subfolders in the order of `class_names`, those among them that there are."""
    if unknown := [name for name in found if name not in classes]:
        where = printable(str(folder), 200)
        message = f"{where} has a folder `{printable(unknown[0])}`, which is no class"
        raise SpecError.of("class-mismatch", message, help=listing("the classes are", classes))
    return tuple(name for name in classes if name in found)


def subfolders(path: Path) -> list[Path]:
    """The folders in `path` that are not hidden, by name.

    Raises `SpecError` (`data-not-found`, `data-unreadable`).
    """
    try:
        visible = [each for each in path.iterdir() if not each.name.startswith(".")]
        return sorted((each for each in visible if each.is_dir()), key=lambda each: each.name)
    except NotADirectoryError:
        message = (
            f"{printable(str(path), 200)} is a file: expected a folder with one for each class"
        )
        raise SpecError.of("data-not-found", message) from None
    except FileNotFoundError:
        message = f"there is no folder {printable(str(path), 200)}"
        raise SpecError.of("data-not-found", message) from None
    except OSError as error:
        message = f"{printable(str(path), 200)}: {error.strerror}"
        raise SpecError.of("data-unreadable", message) from None


def pictures(folder: Path | str, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
    """The pictures below a folder, of any depth, without hidden files and folders.

    Links are followed: the data is the user's own. One that leads back up is not.
    """
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
        status = Path(folder).stat()
        above |= {(status.st_dev, status.st_ino)}
        for entry in visible:
            # Folders may hold millions of files: strings, no Paths.
            if entry.is_dir():
                status = entry.stat()
                if (status.st_dev, status.st_ino) not in above:
                    yield from pictures(entry.path, above)
            elif entry.name[entry.name.rfind(".") :].lower() in SUFFIXES:
                yield entry.path
    except OSError as error:
        message = f"{printable(str(folder), 200)}: {error.strerror}"
        raise SpecError.of("data-unreadable", message) from None
