"""How a pass reports a fault: at the narrowest place, with its trace, and then leaves the entry."""

from __future__ import annotations

from dataclasses import dataclass

from specc.diagnostics import Diagnostic, Frame, Label, Report
from specc.source import Span
from specc.syntax.document import BlockEntry, Entry, LayerEntry
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import inner_span
from specc.tensor import TensorSizeError, TensorSyntaxError


class Skip(Exception):
    """The entry has a fault, or rests on one, that is reported: leave it and go on."""


class Stop(Exception):
    """A limit is reached and reported: expand no further."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Where the faults of a pass go."""

    report: Report

    def note(
        self,
        code: str,
        message: str,
        span: Span,
        trace: tuple[Frame, ...] = (),
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        help: str = "",
    ) -> None:
        """Report a fault and go on."""
        self.report.add(Diagnostic(code, message, span, label, labels, trace, help))

    def fault(
        self,
        code: str,
        message: str,
        span: Span,
        trace: tuple[Frame, ...] = (),
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        help: str = "",
    ) -> Skip:
        """Report a fault; raise what this returns, to leave the entry."""
        self.note(code, message, span, trace, label=label, labels=labels, help=help)
        return Skip()

    def stop(self, code: str, message: str, span: Span, trace: tuple[Frame, ...]) -> Stop:
        """Report a limit that is reached; raise what this returns, to end the expansion."""
        self.note(code, message, span, trace, help="what comes after this was not checked")
        return Stop()


def tensor_type_fault(error: TensorSyntaxError, text: str, span: Span) -> Diagnostic:
    """The fault of the `text` at `span`, which is no tensor type."""
    help = "" if "; did you mean" in error.message else "write it as float32[N, 28, 28, 3]"
    help = "give other sizes" if isinstance(error, TensorSizeError) else help
    place = inner_span(span, text, error.start, error.end)
    return Diagnostic("invalid-tensor-type", error.message, place, help=help)


# --- places -------------------------------------------------------------------------------------


def head_span(entry: Entry) -> Span:
    """The name of the layer or the block; of another entry, all of it."""
    if isinstance(entry, LayerEntry | BlockEntry):
        return entry.key_span(entry.head)
    return entry.whole


def inputs_span(entry: Entry) -> Span:
    """What says which inputs the entry takes: its `inputs`, else its head."""
    return entry.span("inputs") if entry.inputs is not None else head_span(entry)


def parameter_span(entry: Entry, parameter: str) -> Span:
    """The value of a layer's parameter, if the entry gives one, else the head."""
    if not isinstance(entry, LayerEntry) or entry.value is None:
        return head_span(entry)
    if not isinstance(entry.value, YamlMapping):
        return entry.span(entry.head)
    return entry.span(entry.head, parameter) if parameter in entry.value else head_span(entry)
