"""Files to `Source`, safely: regular files of bounded size in UTF-8, and includes that stay inside.

Nothing here blocks, follows an include out of its folder or reads more than `MAX_BYTES`.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from itertools import islice
from pathlib import Path

from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import Source, Span, printable

MAX_BYTES = 4 * 1024 * 1024

# O_NONBLOCK: a FIFO put in place of the file after the first look must not hang the open.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it starts with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_source(path: Path, *, name: str | None = None) -> Source:
    """The text of the file at `path`, which errors call `name` (default: the path).

    Raises SpecError: file-not-found, file-unreadable, file-too-large, encoding.
    """
    shown = name if name is not None else str(path)
    return _decode(_read(path, shown, None), shown)


def read_include(base: Path, relative: str, span: Span) -> Source:
    """The text of the file `relative`, a plain POSIX path below the folder `base`.

    `span` is where it was asked for. A file has the same name by whatever path below `base` it is
    reached, so that a circle of includes shows.

    Raises SpecError: include-path, and what `read_source` raises.
    """
    if problem := _problem_with(relative):
        raise SpecError.of("include-path", problem, span, help=_INCLUDE_HELP)
    folder = base.resolve()
    try:
        path = (folder / relative).resolve()
    except (OSError, RuntimeError):  # a symbolic link to itself
        message = f"{printable(relative)} cannot be followed to a file"
        raise SpecError.of("include-path", message, span) from None
    if not path.is_relative_to(folder):
        message = f"{printable(relative)} leads out of its folder through a symbolic link"
        raise SpecError.of("include-path", message, span, help=_INCLUDE_HELP)
    name = str(base / path.relative_to(folder))
    return _decode(_read(path, name, span), name)


def _decode(data: bytes, name: str) -> Source:
    """The source that `data` holds: UTF-8, with or without a byte order mark.

    Raises SpecError: encoding, at the first byte that is wrong.
    """
    shown = printable(name, limit=4096)
    for mark, encoding in _FOREIGN_MARKS.items():
        if data.startswith(mark):
            message = f"expected UTF-8, received {encoding}"
            span = Span(Source(shown, ""), 1, 1, 1, 1)
            raise SpecError.of("encoding", message, span, help="save the file as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Source(shown, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, shown) from None


_INCLUDE_HELP = "an include is a path such as blocks/dense.yaml, below the folder of the file"


def _problem_with(relative: str) -> str:
    """Why `relative` is no plain path; empty if it is one."""
    shown = printable(relative)
    if not relative or not relative.isprintable():
        return f"expected a path, received {relative!r:.60}"
    if _SCHEME.match(relative):
        return f"expected a path, received {shown}, which is a URL or names a drive"
    if "\\" in relative:
        return f"expected / between the parts of a path, received {shown}"
    if relative[0] in "/~":
        return f"expected a relative path, received {shown}"
    if ".." in relative.split("/"):
        return f"expected a path that stays in its folder, received {shown}"
    return ""


def _read(path: Path, shown: str, span: Span | None) -> bytes:
    """The bytes of the regular file at `path`."""
    shown = printable(shown, limit=200)
    try:
        _require_regular(path.stat(), shown, span)
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(os.fstat(descriptor), shown, span)
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        help = did_you_mean(path.name, _names_beside(path))
        raise SpecError.of("file-not-found", f"there is no file {shown}", span, help=help) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        message = f"{shown} cannot be read: {reason}"
        raise SpecError.of("file-unreadable", message, span) from None
    if len(data) > MAX_BYTES:
        message = f"a spec has at most {MAX_BYTES >> 20} MiB, {shown} has more"
        help = _if_text(data, shown, "split it with `include`")
        raise SpecError.of("file-too-large", message, span, help=help)
    return data


def _require_regular(status: os.stat_result, shown: str, span: Span | None) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        received = _KINDS.get(kind, "something else")
        message = f"expected a file, received {shown}, which is {received}"
        raise SpecError.of("file-unreadable", message, span)


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def _names_beside(path: Path) -> list[str]:
    """Some names of files in the folder of `path`, to suggest one from."""
    try:
        with os.scandir(path.parent) as entries:
            return [printable(entry.name) for entry in islice(entries, 1000)]
    except OSError:
        return []


def _not_utf8(data: bytes, offset: int, name: str) -> SpecError:
    """The error for the byte at `offset`, the first that is not UTF-8."""
    source = Source(name, data.decode("utf-8", "replace"))
    before = data[:offset].decode("utf-8")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"expected UTF-8, received the byte 0x{data[offset]:02X} at offset {offset:,}"
    span = Span(source, line, column, line, column + 1)
    help = _if_text(data, name, "save the file as UTF-8")
    return SpecError.of("encoding", message, span, help=help)


def _if_text(data: bytes, name: str, help: str) -> str:
    """What to do about a file of text, or one that is none: it begins with control characters."""
    if min(data[:16]) >= ord("\t"):
        return help
    if name.lower().endswith(".onnx"):
        return "a spec is text; `specc view` shows an ONNX model"
    return "a spec is text; the name of an ONNX model ends in .onnx"
