"""Files that are written whole or not at all.

`write_atomically` fills a temporary file beside the target and renames it over the target. Whatever
interrupts it, a reader finds the old file or the new one, never a half.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from specc.diagnostics import SpecError
from specc.source import printable

_REASONS = {
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "the path is a loop of symbolic links",
}


_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")


def write_atomically(
    path: str | Path,
    data: bytes | Callable[[BinaryIO], None],
    inspect: Callable[[Path], None] | None = None,
) -> None:
    """Make the file at `path` hold `data`, or what `data` writes into the stream it is called with.

    inspect: is called with the path of the temporary file once it is filled; if it raises, the
        file does not take its place.
    A new file gets the mode that the umask gives, a replaced one keeps its mode. A symbolic link is
    replaced, not followed. Anything else that is not a regular file is refused.

    Raises `SpecError` (`unwritable`) for what the operating system refuses, also inside `data`;
    what else it or `inspect` raises comes through. Either way the old file stands and the temporary
    is gone.
    """
    target = Path(path)
    try:
        mode = _replaceable_mode(target)
        _replace(target, mode, data, inspect)
    except OSError as error:
        raise _unwritable(target, error) from None


def make_folder(path: Path) -> None:
    """Make the folder at `path` and those above it, if they are not there.

    Raises `SpecError` (`unwritable`).
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        found = error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
        raise _unwritable(path, found) from None


def is_temporary(path: Path) -> bool:
    """Whether `path` is a file that a killed process left half written."""
    return _TEMPORARY.fullmatch(path.name) is not None


def _replaceable_mode(target: Path) -> int | None:
    """The permission bits of the regular file that `target` names; None where there is none."""
    if "\0" in str(target):
        raise OSError(errno.EINVAL, "the path holds a NUL character")
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISREG(mode):
        return stat.S_IMODE(mode)
    if stat.S_ISLNK(mode):
        return None
    raise OSError(errno.EINVAL, "it is not a regular file")


def _replace(
    target: Path,
    mode: int | None,
    data: bytes | Callable[[BinaryIO], None],
    inspect: Callable[[Path], None] | None,
) -> None:
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    # O_EXCL: a file or link that stands under this name already is never written through.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _fill(stream, data)
        if inspect is not None:
            inspect(temporary)
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _fill(stream: BinaryIO, data: bytes | Callable[[BinaryIO], None]) -> None:
    """Write `data` and wait for the disk: it might see the rename before the contents."""
    if isinstance(data, bytes):
        stream.write(data)
    else:
        data(stream)
    stream.flush()
    os.fsync(stream.fileno())


def _unwritable(target: Path, error: OSError) -> SpecError:
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    help = f"create {target.parent} first" if error.errno == errno.ENOENT else ""
    return SpecError.of("unwritable", f"cannot write {printable(str(target))}: {reason}", help=help)
