"""Files that are written whole or not at all.

`write_atomically` fills a temporary file beside the target and renames it over the target. Whatever
interrupts it, a reader finds the old file or the new one, never a half. `locked` is for those who
rename several.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
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
    errno.EFBIG: "it would be larger than a file may be here",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "the path is a loop of symbolic links",
}


_HELP = {
    errno.ENOENT: "create {folder} first",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "write to a folder of your own",
    errno.EPERM: "write to a folder of your own",
    errno.EROFS: "write to another folder",
    errno.ENOSPC: "make room, or write to another disk; what was there before is whole",
    errno.EDQUOT: "make room, or write to another disk; what was there before is whole",
    errno.EFBIG: "`ulimit -f` or the file system limits it; what was there before is whole",
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
    A new file gets the mode that the umask gives, a replaced one keeps its mode. A symbolic link to
    a file is replaced, not followed. What is not a regular file is refused, and a link to it.

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


@contextmanager
def temporary_file(folder: Path, data: bytes | Callable[[BinaryIO], None]) -> Generator[Path]:
    """A new file in a folder that holds `data`; gone at the end, unless it was renamed.

    Raises `OSError`.
    """
    path = folder / f".{secrets.token_hex(8)}.tmp"
    # O_EXCL: a file or link that stands under this name already is never written through.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _fill(stream, data)
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Keep out all others who ask for the same folder, in other processes too; wait for them.

    The lock goes with the process, however that ends. Nobody waits where a folder cannot be locked:
    on Windows and on some network file systems.
    """
    with ExitStack() as held:
        with suppress(ImportError, OSError):
            import fcntl

            descriptor = os.open(folder, os.O_RDONLY)
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def require_writable(target: Path, **read: Path | None) -> None:
    """Refuse before the work what `write_atomically` would refuse after it; and `require_unread`.

    Raises `SpecError` (`unwritable`).
    """
    from tempfile import TemporaryFile

    require_unread(target, **read)
    try:
        _replaceable_mode(target)
        TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise _unwritable(target, error) from None


def require_unread(target: Path, **read: Path | None) -> None:
    """Refuse to write over what is read: a file, by the name of what is in it.

    Raises `SpecError` (`unwritable`).
    """
    for what, path in read.items():
        if path is not None and _is_same_file(target, path):
            message = f"cannot write {printable(str(target))}: the {what} would be lost"
            raise SpecError.of("unwritable", message, help="write to another file")


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # it is not there, or a NUL is in the path
        return False


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
    if stat.S_ISLNK(mode):
        _require_file_behind(target)
        return None
    _require_file(mode)
    return stat.S_IMODE(mode)


def _require_file_behind(link: Path) -> None:
    """Refuse links such as `/dev/stdout`, which nobody means to lose."""
    try:
        behind, streams = link.stat(), [os.fstat(number) for number in (1, 2)]
    except OSError:  # it leads nowhere
        return
    _require_file(behind.st_mode)
    if any(os.path.samestat(behind, stream) for stream in streams):
        raise OSError(errno.EINVAL, "it is a standard stream")


def _require_file(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _replace(
    target: Path,
    mode: int | None,
    data: bytes | Callable[[BinaryIO], None],
    inspect: Callable[[Path], None] | None,
) -> None:
    with temporary_file(target.parent, data) as temporary:
        if inspect is not None:
            inspect(temporary)
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)


def _fill(stream: BinaryIO, data: bytes | Callable[[BinaryIO], None]) -> None:
    """Write `data` and wait for the disk: it might see the rename before the contents."""
    if isinstance(data, bytes):
        stream.write(data)
    else:
        data(stream)
    stream.flush()
    os.fsync(stream.fileno())


def _unwritable(target: Path, error: OSError) -> SpecError:
    gone = isinstance(error, FileNotFoundError) and is_temporary(Path(str(error.filename)))
    if gone and target.parent.is_dir():
        message = f"cannot write {printable(str(target))}: its temporary file was deleted"
        return SpecError.of("unwritable", message, help="write it again")
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    help = _HELP.get(error.errno or 0, "").format(folder=printable(str(target.parent)))
    return SpecError.of("unwritable", f"cannot write {printable(str(target))}: {reason}", help=help)
