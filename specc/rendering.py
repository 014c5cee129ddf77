"""A report as text: each fault under its header, with the lines it is about and marks below them.

The text never holds a control character of the spec: what cannot be printed is shown escaped, so a
spec cannot write to the reader's terminal. A line costs no more than what is shown of it, however
long it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from specc.diagnostics import Diagnostic, Frame, Report
from specc.source import Source, Span, escaped
from specc.wording import count

EXCERPT_COLUMNS = 92
"""A longer line is shown in part, so that it stays within 100 columns with the line number."""

_LEAD_COLUMNS = 40  # what a shortened line shows before the mark
_OUTER_FRAMES, _INNER_FRAMES = 2, 3  # what a shortened trace shows
_TAB = " " * 4

_Role = Literal["error", "warning", "message", "gutter", "label"]
_ANSI: dict[_Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "message": "1",
    "gutter": "34",
    "label": "36",
}


def text_report(report: Report, *, color: bool = False) -> str:
    """The report as its reader sees it, without a last line break; empty if there is no fault.

    With `color` the text holds ANSI colours.
    """
    if not report.diagnostics:
        return ""
    paint = _Paint(color)
    texts = ["\n".join(_diagnostic(each, paint)) for each in report.diagnostics]
    return "\n\n".join([*texts, summary(report)])


def summary(report: Report) -> str:
    """How many faults there are: `2 errors, 1 warning`."""
    severities = [each.severity for each in report.diagnostics]
    counts = [(severities.count("error"), "error"), (severities.count("warning"), "warning")]
    parts = [count(number, noun) for number, noun in counts if number]
    if report.hidden:
        parts.append(f"and {count(report.hidden, 'more error')} not shown")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class _Paint:
    """Colours a piece of text by the role it plays, or leaves all as they are."""

    color: bool

    def __call__(self, role: _Role, text: str) -> str:
        return f"\x1b[{_ANSI[role]}m{text}\x1b[0m" if self.color else text


@dataclass(frozen=True, slots=True)
class _Mark:
    """A span to underline, and what to say of it."""

    span: Span
    sign: Literal["^", "-"]
    role: _Role
    text: str


def _diagnostic(diagnostic: Diagnostic, paint: _Paint) -> Iterator[str]:
    severity = paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    yield severity + paint("message", f": {escaped(diagnostic.message)}")
    notes = [*_trace(diagnostic, paint), *_help(diagnostic, paint)]
    yield from _excerpts(_marks(diagnostic), paint, closed=bool(notes))
    yield from notes


def _marks(diagnostic: Diagnostic) -> list[_Mark]:
    labels = [_Mark(label.span, "-", "label", label.message) for label in diagnostic.labels]
    if diagnostic.span is None:
        return labels
    return [_Mark(diagnostic.span, "^", diagnostic.severity, diagnostic.label), *labels]


# --- the lines at fault -------------------------------------------------------------------------


def _excerpts(marks: Sequence[_Mark], paint: _Paint, *, closed: bool) -> Iterator[str]:
    """One section for each source, the first mark's first; `closed` if more text follows."""
    width = max((len(str(mark.span.line)) for mark in marks), default=0)
    bar = " " * width + paint("gutter", " |")
    sources = list(dict.fromkeys(mark.span.source for mark in marks))
    for source in sources:
        inside = [mark for mark in marks if mark.span.source is source]
        yield _location(inside, width, paint)
        yield bar
        yield from _section(source, inside, width, paint)
        if closed or source is not sources[-1]:
            yield bar


def _location(marks: Sequence[_Mark], width: int, paint: _Paint) -> str:
    """Where a section is: at the fault itself, or at the first label of another file."""
    is_primary = marks[0].sign == "^"
    first = marks[0] if is_primary else min(marks, key=_position)
    arrow = paint("gutter", "-->" if is_primary else ":::")
    return f"{' ' * width}{arrow} {escaped(str(first.span))}"


def _position(mark: _Mark) -> tuple[int, int]:
    return mark.span.line, mark.span.column


def _section(source: Source, marks: Iterable[_Mark], width: int, paint: _Paint) -> Iterator[str]:
    """The marked lines of one source in order, each with its marks."""
    below = " " * width + paint("gutter", " |")
    for number, group in groupby(sorted(marks, key=_position), key=lambda mark: mark.span.line):
        beside = paint("gutter", f"{number:>{width}} |")
        for view, shown in _views(source.line(number), list(group)):
            yield f"{beside} {view}".rstrip()
            # From right to left, so that no text stands between a mark and what it marks.
            for mark in reversed(shown):
                pad, signs = view.underline(mark)
                yield f"{below} {pad}{paint(mark.role, f'{signs} {escaped(mark.text)}'.rstrip())}"


@dataclass(frozen=True, slots=True)
class _View:
    """The part of a line that is shown: its characters from `start` up to `end`, 0-based."""

    line: str
    start: int
    end: int

    def __str__(self) -> str:
        before = "…" if self.start else ""
        after = "…" if self.end < len(self.line) else ""
        return before + "".join(map(_visible, self.line[self.start : self.end])) + after

    def holds(self, mark: _Mark) -> bool:
        first, last = _extent(mark.span, self.line)
        return self.start <= first and last <= self.end

    def underline(self, mark: _Mark) -> tuple[str, str]:
        """The blanks up to the mark and the signs below it, at least one."""
        first, last = _extent(mark.span, self.line)
        before = bool(self.start) + columns_of(self.line[self.start : first])
        marked = columns_of(self.line[first : min(last, self.end)])
        return " " * before, mark.sign * max(marked, 1)


def _views(line: str, marks: list[_Mark]) -> Iterator[tuple[_View, list[_Mark]]]:
    """The line with all its marks, once; or, if it is too long for that, the parts with marks."""
    while marks:
        view = _view(line, marks[0])
        shown = [mark for mark in marks if mark is marks[0] or view.holds(mark)]
        yield view, shown
        marks = [mark for mark in marks if mark not in shown]


def _view(line: str, mark: _Mark) -> _View:
    """The part of the line that shows `mark`: the beginning, if it is there."""
    beginning = _View(line, 0, _fitting(line, EXCERPT_COLUMNS))
    if beginning.holds(mark):
        return beginning
    first, _ = _extent(mark.span, line)
    lead = line[max(first - _LEAD_COLUMNS, 0) : first]
    start = first - _fitting(reversed(lead), _LEAD_COLUMNS)
    shown = _fitting(line[start : start + EXCERPT_COLUMNS], EXCERPT_COLUMNS)
    return _View(line, start, start + shown)


def _extent(span: Span, line: str) -> tuple[int, int]:
    """What the span covers of its first line, as 0-based offsets into it."""
    end = len(line.rstrip()) if span.end_line > span.line else span.end_column - 1
    first = min(span.column - 1, len(line))
    return first, max(first, min(end, len(line)))


# --- how wide text is ---------------------------------------------------------------------------


def _fitting(characters: Iterable[str], columns: int) -> int:
    """How many of the first characters fit in `columns`.

    One that takes no column, such as a combining mark, counts as one that does: what is shown of a
    line is bounded whatever it holds.
    """
    count = 0
    for character in characters:
        columns -= max(columns_of(character), 1)
        if columns < 0:
            break
        count += 1
    return count


def columns_of(text: str) -> int:
    """How many columns of a terminal the text takes as it is shown."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_cell_width(cell) for character in text for cell in _visible(character))


def _cell_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _visible(character: str) -> str:
    return _TAB if character == "\t" else escaped(character)


# --- what follows the lines ---------------------------------------------------------------------


def _trace(diagnostic: Diagnostic, paint: _Paint) -> list[str]:
    """The scopes around the fault, the outermost first; the middle of many is left out."""
    if not diagnostic.trace:
        return []
    home = diagnostic.span.source if diagnostic.span else None
    steps = [_step(frame, home) for frame in reversed(diagnostic.trace)]
    left_out = len(steps) - _OUTER_FRAMES - _INNER_FRAMES
    if left_out > 1:
        steps[_OUTER_FRAMES:-_INNER_FRAMES] = [f"… {left_out} more …"]
    return [f"{paint('message', 'in:')} {' > '.join(steps)}"]


def _step(frame: Frame, home: Source | None) -> str:
    """One step of the trace; its line alone if it is in the file of the fault."""
    is_home = frame.span.source is home
    where = f"line {frame.span.line}" if is_home else f"{frame.span.source.name}:{frame.span.line}"
    return escaped(f"{frame.name} ({where})")


def _help(diagnostic: Diagnostic, paint: _Paint) -> list[str]:
    """The fix; further lines of it stand below the first."""
    if not diagnostic.help:
        return []
    first, *rest = map(escaped, diagnostic.help.splitlines())
    return [f"{paint('message', 'help:')} {first}", *(f"{'':6}{line}" for line in rest)]
