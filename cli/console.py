"""How commands speak to a terminal: colours, a line of progress, and errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

import typer

from specc.native_log import native_log
from specc.wording import aligned

if TYPE_CHECKING:
    from specc.diagnostics import Report

ERASE_LINE = "\r\x1b[K"


def wants_color(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose user has not asked for plain text (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def print_errors(report: Report) -> None:
    """Write the faults of a command that could not do its work to stderr."""
    from specc.rendering import text_report

    typer.echo(text_report(report, color=wants_color(sys.stderr)), err=True)


@contextmanager
def working(message: str) -> Generator[None]:
    """Show `message` on a terminal's stderr for as long as the work takes."""
    if not sys.stderr.isatty():
        yield
        return
    sys.stderr.write(f"{message} …")
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write(ERASE_LINE)
        sys.stderr.flush()


def import_keras() -> None:
    """Import Keras without what TensorFlow then says of itself."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_log():
        import_module("keras")


def print_table(rows: list[tuple[str, ...]], *, left: int = 1) -> None:
    """Write rows in columns: the first `left` flush left, the others flush right."""
    for line in aligned(rows, left=left):
        typer.echo(line)
