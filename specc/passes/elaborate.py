"""Elaboration: a program to a graph. Blocks, loops and expressions are expanded, shapes inferred.

One step is one entry in one place. A fault is reported once, with the trace of scopes around it.
What a faulty entry gives is poisoned: one mistake gives one error, and the rest is still checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from specc.diagnostics import Label, Report
from specc.expressions import Constant
from specc.ir import Graph, Node
from specc.layer import LAYERS, Layer
from specc.names import problem_with, snake_case
from specc.passes import interface
from specc.passes.calls import Calls
from specc.passes.evaluation import Evaluation
from specc.passes.limits import (
    MAX_DEPTH,
    MAX_HIDDEN,
    MAX_LOOP_DEPTH,
    MAX_PATH,
    MAX_STEPS,
)
from specc.passes.loops import Loops, Variables, is_whole_iteration, loop_word
from specc.passes.nodes import Nodes
from specc.passes.parameters import Parameters
from specc.passes.recursion import check_recursion
from specc.passes.references import Given, References
from specc.passes.regions import entering, iterating, region
from specc.passes.reporting import Faults, Skip, Stop, head_span
from specc.passes.scope import Application, Binding, Scope
from specc.passes.sizes import Sizes
from specc.passes.unreached import check_unreached
from specc.source import Span, printable
from specc.syntax.document import (
    BlockEntry,
    Entry,
    ForEntry,
    GroupEntry,
    LayerEntry,
    RepeatEntry,
    ReuseEntry,
)
from specc.syntax.program import Definition, Program
from specc.wording import count, shown


def elaborate(
    program: Program, params: Mapping[str, Constant], sizes: Sizes, report: Report
) -> Graph | None:
    """The graph of `program` with `params` and `sizes` in force; faults go to `report`.

    None if there are errors in the report.
    """
    return Elaborator(program, params, sizes, report).graph()


@dataclass(slots=True)
class Elaborator:
    """The state of one elaboration.

    steps, depth: how far it has come, held against the limits.
    visited: the ids of the entries that were reached.
    open_blocks: the names of the blocks around the current entry, the outermost first.
    """

    program: Program
    params: Mapping[str, Constant]
    sizes: Sizes
    report: Report
    steps: int = 0
    depth: int = 0
    visited: set[int] = field(default_factory=set[int])
    open_blocks: list[str] = field(default_factory=list[str])
    faults: Faults = field(init=False)
    evaluation: Evaluation = field(init=False)
    references: References = field(init=False)
    parameters: Parameters = field(init=False)
    calls: Calls = field(init=False)
    loops: Loops = field(init=False)
    nodes: Nodes = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.report)
        self.evaluation = Evaluation(self.faults)
        self.references = References(self.faults, self.evaluation)
        self.parameters = Parameters(self.faults, self.evaluation, self.program.blocks)
        self.calls = Calls(self.program, self.faults, self.evaluation, self.references)
        self.loops = Loops(self.faults, self.evaluation, self.references)
        self.nodes = Nodes(self.faults)

    def graph(self) -> Graph | None:
        document = self.program.document
        scope = Scope("", "", document, dict(self.params), document.layers)
        interface.check_presence(document, self.faults)
        check_recursion(self.program.blocks, self.report)
        inputs = interface.inputs(scope, self.sizes, self.faults, self.evaluation)
        try:
            self.body(document.layers, scope)
        except Stop:
            return None
        outputs = interface.outputs(scope, self.faults, self.references)
        check_unreached(self.program, self.visited, self.parameters, self.calls)
        if self.report.failed:
            return None
        return interface.graph(scope, self.params, self.sizes, inputs, outputs)

    # --- bodies and entries ---------------------------------------------------------------------

    def body(self, entries: tuple[Entry, ...], scope: Scope) -> None:
        """Elaborate entries one after the other, in `scope`."""
        self.depth += 1
        for entry in entries:
            self._step(entry, scope)
            self._attempt(entry, scope)
        self.depth -= 1

    def _step(self, entry: Entry, scope: Scope) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            message = f"expanding the network takes more than {MAX_STEPS:,} steps"
            raise self.faults.stop("too-many-layers", message, head_span(entry), scope.trace)
        if self.depth > MAX_DEPTH:
            message = f"blocks, loops and groups are nested deeper than {MAX_DEPTH}"
            raise self.faults.stop("too-deep", message, head_span(entry), scope.trace)
        if self.report.hidden > MAX_HIDDEN:
            raise Stop

    def _is_in(self, entry: Entry, scope: Scope) -> bool:
        if entry.when is None:
            return True
        span = entry.span("when")
        condition = self.evaluation.value(entry.when, span, scope)
        if not isinstance(condition, bool):
            message = f"`when` must be true or false, received {shown(condition)}"
            help = "compare: `${i > 0}`"
            raise self.faults.fault("wrong-type", message, span, scope.trace, help=help)
        if not condition and entry.name:
            scope.left_out[entry.name] = entry.whole
        return condition

    def _attempt(self, entry: Entry, scope: Scope, path: str | None = None) -> bool:
        """Elaborate one entry unless its `when` leaves it out; False if it has a fault.

        path: the local name it has as a loop's whole iteration.
        """
        scope.current = entry
        try:
            if self._is_in(entry, scope):
                self._entry(entry, scope, path)
        except Skip:
            self._poison(entry, scope)
            return False
        return True

    def _entry(self, entry: Entry, scope: Scope, path: str | None) -> None:
        self.visited.add(id(entry))
        match entry:
            case LayerEntry():
                self._layer(entry, scope, path)
            case BlockEntry():
                self._block(entry, scope, path)
            case RepeatEntry() | ForEntry():
                self._loop(entry, scope, path)
            case ReuseEntry():
                self._reuse(entry, scope, path)
            case GroupEntry():
                self.body(entry.layers, scope)
            case _:
                raise Skip

    def _poison(self, entry: Entry, scope: Scope) -> None:
        """Bind what a faulty entry would have made, so that its users are not blamed."""
        self.visited.add(id(entry))
        for name in (self._wanted_name(entry, scope), *(entry.outputs or ())):
            if first := name.partition(".")[0]:  # a reference to a bad name may look like a path
                scope.names.setdefault(first, Binding((None,), entry.whole))
        scope.prev = (None,)

    def _wanted_name(self, entry: Entry, scope: Scope) -> str:
        """The name of a faulty entry; empty, and `scope` uncertain, where it cannot be told."""
        if entry.name:
            with suppress(Skip):
                return str(self.evaluation.value(entry.name, entry.span("name"), scope))
        elif isinstance(entry, LayerEntry) and entry.head in LAYERS:
            return scope.default_name(entry, snake_case(entry.head))
        elif isinstance(entry, BlockEntry) and entry.head in self.program.blocks:
            return scope.default_name(entry, entry.head)
        scope.uncertain = True
        return ""

    def _bind(self, entry: Entry, name: str, binding: Binding, scope: Scope) -> None:
        """Let later entries see what `entry` made."""
        scope.names[name] = binding
        scope.prev = binding.wires
        if entry.outputs is None:
            return
        if len(entry.outputs) != len(binding.wires):
            made, named = count(len(binding.wires), "output"), len(entry.outputs)
            message = f"`{name}` has {made}, `outputs` names {named}"
            raise self.faults.fault("output-count", message, entry.span("outputs"), scope.trace)
        for index, (output, wire) in enumerate(zip(entry.outputs, binding.wires, strict=True)):
            span = entry.span("outputs", index)
            self._require_new(output, span, scope)
            scope.names[output] = Binding((wire,), span)

    def _name(self, entry: Entry, default: str, scope: Scope) -> str:
        """The entry's name in its scope: given, or numbered."""
        if entry.name is None:
            return scope.default_name(entry, default)
        span = entry.span("name")
        name = self.evaluation.value(entry.name, span, scope)
        problem = problem_with(name) if isinstance(name, str) else "a name is a string"
        if problem:
            raise self.faults.fault("invalid-name", f"`name`: {problem}", span, scope.trace)
        self._require_new(name, span, scope)
        return name

    def _name_span(self, entry: Entry) -> Span:
        return entry.span("name") if entry.name else head_span(entry)

    def _require_new(self, name: str, span: Span, scope: Scope) -> None:
        if name not in scope.names:
            return
        first = scope.names[name].span
        raise self.faults.fault(
            "duplicate-name",
            f"`{name}` is already the name of another entry of this scope",
            span,
            scope.trace,
            labels=(Label(first, "named here first"),) if first else (),
            help="give one of them another name",
        )

    def _scope_path(self, entry: Entry, name: str, scope: Scope) -> str:
        path = scope.path_of(name)
        if len(path) <= MAX_PATH:
            return path
        message = f"the path of this entry has more than {MAX_PATH:,} characters"
        help = "use shorter names, or fewer blocks in each other"
        raise self.faults.fault("too-deep", message, head_span(entry), scope.trace, help=help)

    # --- layers ---------------------------------------------------------------------------------

    def _layer(self, entry: LayerEntry, scope: Scope, path: str | None) -> None:
        layer = self.parameters.layer(entry, scope)
        name = path or self._name(entry, snake_case(entry.head), scope)
        given = self.references.inputs(entry, scope)
        self._apply(entry, layer, name, scope.owner_of(name), given, scope)

    def _apply(
        self,
        entry: Entry,
        layer: Layer,
        name: str,
        owner: str,
        given: tuple[Given, ...],
        scope: Scope,
    ) -> None:
        """Put a layer into the network, on the given inputs."""
        node = self.nodes.node(entry, layer, name, owner, given, scope)
        scope.members.append(node)
        binding = Binding(node.outputs, self._name_span(entry), {}, Application(node))
        self._bind(entry, name, binding, scope)

    # --- blocks ---------------------------------------------------------------------------------

    def _block(self, entry: BlockEntry, scope: Scope, path: str | None) -> None:
        definition = self.calls.definition(entry, scope)
        name = path or self._name(entry, entry.head, scope)
        args = self.calls.arguments(entry, definition, scope)
        given = self.references.inputs(entry, scope)
        self._call(entry, definition, args, name, scope.owner_of(name), given, scope)

    def _call(
        self,
        entry: Entry,
        definition: Definition,
        args: Mapping[str, Any],
        name: str,
        owner: str,
        given: tuple[Given, ...],
        scope: Scope,
    ) -> None:
        """Expand a block on the given inputs."""
        if definition.name in self.open_blocks:
            raise Skip  # reported as recursion
        self.calls.check_inputs(entry, definition, len(given), scope)
        path, block = self._scope_path(entry, name, scope), definition.block
        inputs = tuple(zip(block.inputs, (wire for wire, _ in given), strict=True))
        inner = entering(entry, definition, path, owner, {**self.params, **args}, inputs, scope)
        args = self.calls.fill_in(definition, args, inner)
        self.open_blocks.append(definition.name)
        self.body(block.layers, inner)
        self.open_blocks.pop()
        outputs = self.calls.outputs(definition, inner)
        made = region(inner, "block", definition.name, inputs, outputs, entry)
        if made is not None:
            scope.members.append(made)
        parts = {output: Binding((wire,), entry.whole) for output, wire in outputs if output}
        application = Application(made, args) if made else None
        wires = tuple(wire for _, wire in outputs)
        self._bind(entry, name, Binding(wires, self._name_span(entry), parts, application), scope)

    # --- loops ----------------------------------------------------------------------------------

    def _loop(self, entry: RepeatEntry | ForEntry, scope: Scope, path: str | None) -> None:
        if scope.depth == MAX_LOOP_DEPTH:
            message = f"loops are nested deeper than {MAX_LOOP_DEPTH}"
            raise self.faults.stop("too-many-loops", message, loop_word(entry), scope.trace)
        iterations = self.loops.iterations(entry, scope)
        name = path or self._name(entry, "loop", scope)
        label = "loop" if path else name  # a path that is an iteration's is a number
        prev = self.loops.input(entry, scope)
        loop = Scope(
            self._scope_path(entry, name, scope),
            scope.owner_of(name),
            scope.document,
            scope.variables,
            (),
            parent=scope,
            trace=scope.trace,
            prev=prev,
            depth=scope.depth + 1,
        )
        scope.names[name] = Binding((), entry.whole, loop.names, unfinished=True)
        for index, variables in enumerate(iterations):
            self._iteration(entry, index, variables, loop, label)
        made = region(loop, "loop", label, (), [("", wire) for wire in loop.prev[:1]], entry)
        if made is not None:
            scope.members.append(made)
        self._bind(entry, name, Binding(loop.prev, self._name_span(entry), loop.names), scope)

    def _iteration(
        self,
        entry: RepeatEntry | ForEntry,
        index: int,
        variables: Variables,
        loop: Scope,
        label: str,
    ) -> None:
        self._step(entry, loop)
        inner = iterating(entry, index, variables, loop)
        if is_whole_iteration(entry.layers):
            self._whole_iteration(entry.layers[0], str(index), inner, loop)
        else:
            inner.path, inner.owner = inner.path_of(str(index)), inner.owner_of(str(index))
            self.body(entry.layers, inner)
            outputs = [("", wire) for wire in inner.prev[:1]]
            made = region(inner, "iteration", label, (), outputs, entry)
            if made is not None:
                loop.members.append(made)
            loop.names[str(index)] = Binding(inner.prev, entry.whole, inner.names)
        loop.prev = inner.prev

    def _whole_iteration(self, entry: Entry, name: str, inner: Scope, loop: Scope) -> None:
        """An iteration that is one entry without a name: the entry takes the iteration's place."""
        if not self._attempt(entry, inner, name):
            inner.names[name] = Binding((None,), entry.whole)
        loop.members += inner.members
        if name in inner.names:  # unless its `when` leaves it out
            loop.names[name] = inner.names[name]

    # --- reuse ----------------------------------------------------------------------------------

    def _reuse(self, entry: ReuseEntry, scope: Scope, path: str | None) -> None:
        span = entry.span("reuse")
        reference = str(self.evaluation.value(entry.reuse, span, scope))
        binding = self.references.binding(reference, span, scope)
        if binding.wires[:1] == (None,):
            raise Skip
        application = binding.application
        if application is None:
            message = (
                f"`{printable(reference)}` is no layer and no block: it has no weights to share"
            )
            help = "name a layer or a call of a block"
            raise self.faults.fault("unknown-name", message, span, scope.trace, help=help)
        item = application.item
        name = path or self._name(entry, item.name, scope)
        given = self.references.inputs(entry, scope)
        self.nodes.reuses.append((entry, scope))
        try:
            if isinstance(item, Node):
                # Without weights there is nothing to share.
                owner = item.owner if item.weights else scope.owner_of(name)
                self._apply(entry, item.layer, name, owner, given, scope)
            else:
                definition = self.program.blocks[item.label]
                self._call(entry, definition, application.args, name, item.owner, given, scope)
        finally:
            self.nodes.reuses.pop()
