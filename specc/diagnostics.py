"""What is wrong with a spec, as data: renderers (`specc.cli.render`) are apart.

A diagnostic has a kebab-case code, one terse message, the narrowest span, labels on the causes, the
trace of blocks it happened in, and a fix. The codes and their long texts are in `specc.codes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from specc.codes import CODES
from specc.source import Span

Severity = Literal["error", "warning"]

SHOWN_ERRORS = 100
"""A report keeps this many errors in full and counts the rest."""


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first: `conv_2 gives [N, 28, 28, 32]`."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of the block trace: the scope's path and the entry that opened it."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault.

    code: a key of `specc.codes.CODES`.
    message: one line; says what was expected and what was received.
    span: the narrowest place at fault; None where there is no text (a missing file).
    label: what to write under the span, short; may be empty.
    labels: the causes, elsewhere.
    trace: the scopes around the fault, innermost first.
    help: what to do; one line, or lines to copy.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    trace: tuple[Frame, ...] = ()
    help: str = ""
    severity: Severity = "error"

    def __post_init__(self) -> None:
        assert self.code in CODES, f"undeclared code {self.code!r}"

    def __str__(self) -> str:
        where = f"{self.span}: " if self.span else ""
        return f"{where}{self.severity}[{self.code}]: {self.message}"


@dataclass(slots=True)
class Report:
    """The diagnostics of one run, in the order found, each fault once.

    A fault in a block that is used a hundred times is one fault: the code and the span are its
    identity. Beyond `SHOWN_ERRORS` faults are only counted, in `hidden`.
    `failed`: whether there is an error among them, shown or hidden.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    hidden: int = 0
    failed: bool = False
    _seen: set[tuple[object, ...]] = field(default_factory=set[tuple[object, ...]])

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep `diagnostic`, unless the same fault is already known."""
        identity = (
            diagnostic.code,
            str(diagnostic.span) if diagnostic.span else diagnostic.message,
        )
        if identity in self._seen:
            return
        self._seen.add(identity)
        self.failed = self.failed or diagnostic.severity == "error"
        if len(self.diagnostics) < SHOWN_ERRORS:
            self.diagnostics.append(diagnostic)
        else:
            self.hidden += 1

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def merge(self, other: Report) -> None:
        """Take in the faults of another report, and how many it has not in full."""
        self.extend(other.diagnostics)
        self.hidden += other.hidden
        self.failed = self.failed or other.failed

    def raise_if_failed(self) -> None:
        """Raise `SpecError` if there is an error among the diagnostics."""
        if self.failed:
            raise SpecError(self)


class SpecError(Exception):
    """Something the user can mend: a bad spec, file, weight or input.

    `report` holds every fault found. `str()` gives them as text with source excerpts.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    @classmethod
    def of(cls, code: str, message: str, span: Span | None = None, *, help: str = "") -> SpecError:
        """An error with one fault."""
        report = Report()
        report.add(Diagnostic(code, message, span, help=help))
        return cls(report)

    def __str__(self) -> str:
        from specc.rendering import text_report

        return text_report(self.report)
