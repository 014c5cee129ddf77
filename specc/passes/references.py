"""References: which values an entry takes, and what to say where there is no such value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, cast

from specc.diagnostics import Label
from specc.names import did_you_mean
from specc.passes.evaluation import Evaluation
from specc.passes.reporting import Faults, Skip, head_span
from specc.passes.scope import Binding, Scope, Wire
from specc.source import Span, printable
from specc.syntax.document import Entry
from specc.syntax.yaml import Sequence as YamlSequence
from specc.wording import listing

Given = tuple[Wire, Span]
"""An input of an entry, with the place that names it."""


@dataclass(frozen=True, slots=True)
class References:
    """Looks up references. Each method raises `Skip` after reporting a fault."""

    faults: Faults
    evaluation: Evaluation

    def inputs(self, entry: Entry, scope: Scope) -> tuple[Given, ...]:
        """The wires an entry takes."""
        if entry.inputs is None:
            return ((self._previous(entry, scope), head_span(entry)),)
        written, span = entry.node["inputs"], entry.span("inputs")
        value: object = self.evaluation.value(written, span, scope)
        if not isinstance(value, tuple):
            return (self._given(value, span, scope),)
        value = cast("tuple[object, ...]", value)
        places = written.item_spans if isinstance(written, YamlSequence) else (span,) * len(value)
        return tuple(
            self._given(reference, place, scope)
            for reference, place in zip(value, places, strict=True)
        )

    def _given(self, reference: object, span: Span, scope: Scope) -> Given:
        if not isinstance(reference, str):
            message = f"a reference is a name, received {printable(str(reference))}"
            raise self.faults.fault(
                "wrong-type", message, span, scope.trace, help="write it as `x`"
            )
        return self.resolve(reference, span, scope), span

    def _previous(self, entry: Entry, scope: Scope) -> Wire:
        if scope.prev:
            return scope.prev[0]
        raise self.faults.fault(
            "no-input",
            "there is nothing before this entry to take as its input",
            head_span(entry),
            scope.trace,
            help=listing("write `inputs:`; there are", scope.visible_names()),
        )

    def resolve(self, reference: str, span: Span, scope: Scope) -> Wire:
        """The value that `reference` means."""
        binding = self.binding(reference, span, scope)
        if binding.wires:
            return binding.wires[0]
        self._check_finished(reference, binding, span, scope)
        message = f"`{printable(reference)}` takes no input and gives no output"
        help = "name an entry inside it"
        raise self.faults.fault("unknown-name", message, span, scope.trace, help=help)

    def wire(self, reference: str, span: Span, scope: Scope) -> Wire:
        """The value that `reference` means; None, with the fault reported, if there is none."""
        try:
            return self.resolve(reference, span, scope)
        except Skip:
            return None

    def binding(self, reference: str, span: Span, scope: Scope) -> Binding:
        """What `reference` means, whatever its kind."""
        return scope.find(reference) or self._unknown(reference, span, scope)

    def _unknown(self, reference: str, span: Span, scope: Scope) -> NoReturn:
        first, _, rest = reference.partition(".")
        message = f"there is no `{printable(reference)}` here"
        if self.faults.report.hidden:  # nobody will read the rest, and each costs a search
            raise self.faults.fault("unknown-name", message, span)
        self._check_left_out(first, span, scope)
        self._check_later(first, span, scope)
        if scope.may_be_missing(first):
            raise Skip
        whole = scope.find(first) if rest else None
        if whole:
            self._check_finished(reference, whole, span, scope)
        known = [f"{first}.{part}" for part in whole.parts] if whole else scope.visible_names()
        raise self.faults.fault(
            "unknown-name",
            message,
            span,
            scope.trace,
            help=did_you_mean(reference, known) or listing("there are", known),
        )

    def _check_left_out(self, name: str, span: Span, scope: Scope) -> None:
        for around in scope.around():
            if name in around.left_out:
                label = Label(around.left_out[name], "left out here")
                message = f"`{printable(name)}` is left out here by its `when`"
                help = "choose the reference too: `${'a' if … else 'b'}`"
                raise self.faults.fault(
                    "unknown-name", message, span, scope.trace, labels=(label,), help=help
                )

    def _check_later(self, name: str, span: Span, scope: Scope) -> None:
        entry = None if name in scope.visible_names() else scope.later(name)
        if entry is None:
            return
        own = entry is scope.current
        label = Label(head_span(entry), "this is the entry" if own else "it is made here")
        raise self.faults.fault(
            "forward-reference",
            f"`{printable(name)}` comes later: a reference goes backward only",
            span,
            scope.trace,
            labels=(label,),
            help="an entry cannot take its own output" if own else "move it before its use",
        )

    def _check_finished(self, reference: str, loop: Binding, span: Span, scope: Scope) -> None:
        """Say of a loop whose body is being made that it reaches the iterations before its own."""
        if not loop.unfinished:
            return
        made = [f"{reference.partition('.')[0]}.{part}" for part in loop.parts]
        label = (Label(loop.span, "of this loop"),) if loop.span else ()
        message = (
            f"`{printable(reference)}` is not made yet: a body reaches iterations before its own"
        )
        help = listing("there are", made) or "the first has none before it: leave it out by `when`"
        raise self.faults.fault(
            "forward-reference", message, span, scope.trace, labels=label, help=help
        )
