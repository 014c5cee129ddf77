"""What `repeat` and `for` say: how often the body is taken, and with which variables."""

from __future__ import annotations

from dataclasses import dataclass

from specc.expressions import Constant
from specc.passes.evaluation import Evaluation
from specc.passes.limits import MAX_STEPS
from specc.passes.references import References
from specc.passes.reporting import Faults
from specc.passes.scope import Scope, Wire
from specc.source import Span
from specc.syntax.document import BrokenEntry, Entry, ForEntry, GroupEntry, RepeatEntry
from specc.syntax.yaml import Mapping as YamlMapping
from specc.wording import shown

Variables = dict[str, Constant]
"""The loop variables of one iteration."""


def is_whole_iteration(body: tuple[Entry, ...]) -> bool:
    """Whether an iteration is its one entry, as a `ModuleList` would have it."""
    if len(body) != 1 or body[0].name is not None:
        return False
    return not isinstance(body[0], GroupEntry | BrokenEntry)


def loop_word(entry: RepeatEntry | ForEntry) -> Span:
    """Where the word `repeat` or `for` stands."""
    return entry.key_span("repeat" if isinstance(entry, RepeatEntry) else "for")


@dataclass(frozen=True, slots=True)
class Loops:
    """Reads the heads of loops. Each method raises `Skip` after reporting a fault."""

    faults: Faults
    evaluation: Evaluation
    references: References

    def input(self, entry: RepeatEntry | ForEntry, scope: Scope) -> tuple[Wire, ...]:
        """What goes into the first iteration; nothing at the start of a body without an input."""
        if entry.inputs is None:
            return scope.prev
        given = self.references.inputs(entry, scope)
        if len(given) != 1:
            message = f"a loop takes 1 input, received {len(given)}"
            help = "the body may take others by their names"
            raise self.faults.fault("arity", message, entry.span("inputs"), scope.trace, help=help)
        return (given[0][0],)

    def iterations(self, entry: RepeatEntry | ForEntry, scope: Scope) -> list[Variables]:
        """The variables of each iteration."""
        if isinstance(entry, RepeatEntry):
            numbers = range(self._repetitions(entry, scope))
            return [{entry.index: number} if entry.index else {} for number in numbers]
        (variable,), index = entry.loop, entry.index
        if index == variable:
            message = f"`{index}` is already the name of the item"
            raise self.faults.fault("duplicate-name", message, entry.span("index"), scope.trace)
        items = self._items(entry, variable, scope)
        position = enumerate(items)
        return [{variable: item, index: i} if index else {variable: item} for i, item in position]

    def _items(self, entry: ForEntry, variable: str, scope: Scope) -> tuple[Constant, ...]:
        node, span = entry.node["for"], entry.span("for", variable)
        assert isinstance(node, YamlMapping)
        items = self.evaluation.value(node[variable], span, scope)
        if isinstance(items, tuple):
            return items  # pyright: ignore[reportUnknownVariableType]
        message = f"`for` takes a list, received {shown(items)}"
        help = f"write `for: {{{variable}: [1, 2, 3]}}`, or `repeat: n`"
        raise self.faults.fault("wrong-type", message, span, scope.trace, help=help)

    def _repetitions(self, entry: RepeatEntry, scope: Scope) -> int:
        span = entry.span("repeat")
        times = self.evaluation.value(entry.repeat, span, scope)
        if not isinstance(times, int) or isinstance(times, bool) or times < 0:
            message = f"`repeat` takes an integer of at least 0, received {shown(times)}"
            help = "`//` divides to an integer" if isinstance(times, float) else ""
            raise self.faults.fault("wrong-type", message, span, scope.trace, help=help)
        if times > MAX_STEPS:
            message = f"{times:,} repetitions are more than the {MAX_STEPS:,} there may be"
            raise self.faults.stop("too-many-layers", message, span, scope.trace)
        return times
