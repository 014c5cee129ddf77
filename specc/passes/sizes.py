"""Sizes: the numbers that a run puts in place of symbols of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from specc.codes.expressions import EXPRESSIONS
from specc.codes.shapes import SHAPES
from specc.diagnostics import Diagnostic, Label, Report
from specc.dims import symbols
from specc.names import did_you_mean
from specc.passes.reporting import Skip
from specc.source import Span, printable
from specc.tensor import MAX_DIM, TensorType, parse_tensor_type
from specc.wording import bindings, listing, shown

_OF_SIZES = {*SHAPES, *EXPRESSIONS, "invalid-parameter"}
"""The codes of faults that may come of the sizes: a layer's parameter may be an expression."""


@dataclass(slots=True)
class Sizes:
    """The sizes in force.

    numbers: by symbol. faulty: the symbols that were given no number.
    symbols: those of the inputs that were read so far.
    labels: where symbols got their numbers.
    """

    numbers: Mapping[str, int]
    faulty: frozenset[str] = frozenset()
    symbols: set[str] = field(default_factory=set[str])
    labels: list[Label] = field(default_factory=list[Label])

    @classmethod
    def of(cls, given: Mapping[str, Any], report: Report) -> Sizes:
        """The sizes given, less those that no dim can be, which go to `report`."""
        sizes = {str(name): size for name, size in given.items()}
        faulty = [name for name, size in sizes.items() if not _is_size(size)]
        for name in faulty:
            message = f"the size of `{printable(name)}` must be an integer from 1 to 2^31 - 1"
            received = shown(sizes.pop(name))
            report.add(Diagnostic("invalid-size", f"{message}, received {received}"))
        return cls(sizes, frozenset(faulty))

    def fix(self, text: str, span: Span) -> TensorType:
        """The type of an input whose `text` stands at `span`, with the numbers in it.

        Raises `TensorSyntaxError`, and `Skip` where the size of a symbol is faulty.
        """
        found = parse_tensor_type(text, self.numbers)
        if self.numbers or self.faulty:
            self._note(parse_tensor_type(text), span)
        return found

    def _note(self, declared: TensorType, span: Span) -> None:
        names = {name for size in declared.shape for name in symbols(size)}
        new = names - self.symbols
        fixed = {name: size for name, size in self.numbers.items() if name in new}
        if fixed:
            self.labels.append(Label(span, f"with {bindings(fixed)}"))
        self.symbols |= names
        if names & self.faulty:
            raise Skip

    def are_known(self, span: Span, report: Report) -> bool:
        """Whether all are of symbols of the inputs, which stand at `span`; else report it."""
        known = sorted(self.symbols)
        unknown = [name for name in self.numbers if name not in self.symbols]
        for name in unknown:
            message = f"no input has the symbol `{printable(name)}`"
            help = did_you_mean(name, known) or listing("there are", known) or "there are none"
            report.add(Diagnostic("unknown-symbol", message, span, help=help))
        return not unknown

    def explain(self, report: Report) -> None:
        """Let the faults that may come of the sizes say which are in force."""
        report.diagnostics[:] = map(self._explained, report.diagnostics)

    def _explained(self, diagnostic: Diagnostic) -> Diagnostic:
        if diagnostic.code not in _OF_SIZES:
            return diagnostic
        told = {label.span for label in diagnostic.labels}  # with the type as it is
        more = (label for label in self.labels if label.span not in told)
        return replace(diagnostic, labels=(*diagnostic.labels, *more))


def _is_size(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_DIM
