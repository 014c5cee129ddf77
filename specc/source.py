"""Where text comes from: a source, and a span of it that an error can point at.

Lines and columns are 1-based and count characters; the end of a span is exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Source:
    """One text that was read, under the name the user knows it by."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """The text of line `number` (1-based), without its line break; empty beyond the end."""
        return self.lines[number - 1].rstrip("\r") if number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source, from (line, column) up to but not including (end_line, end_column)."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def within(self, start: int, end: int) -> Span:
        """The part of a one-line span from character `start` to character `end` of it."""
        if self.line != self.end_line:
            return self
        first = min(self.column + start, self.end_column)
        last = max(min(self.column + end, self.end_column), first)
        return Span(self.source, self.line, first, self.line, last)


def printable(text: str, limit: int = 60) -> str:
    """`text` as it may stand in a message: cut to `limit` characters, and all of them visible."""
    return escaped(text if len(text) <= limit else text[: limit - 1] + "…")


def escaped(text: str) -> str:
    r"""The text with what cannot be printed escaped as Python escapes it: `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
