"""Elaboration: a program to a graph. Blocks, loops and expressions are expanded, and shapes inferred.

One step is one entry in one place. A fault is reported once, with the trace of scopes around it; the
outputs of a faulty entry are poisoned, so that one mistake gives one error and the rest is still checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

from pydantic import ValidationError

from specc.diagnostics import Diagnostic, Frame, Label, Report
from specc.dims import at_least, product
from specc.expressions import ExpressionError, Value as Constant
from specc.expressions import evaluate, is_template
from specc.ir import Graph, Item, Node, Region, Value
from specc.layer import LAYERS, MANY, Fault, Layer
from specc.names import did_you_mean, problem_with, snake_case
from specc.passes.params import PARAM_TYPES, has_param_type, param_type
from specc.passes.scope import Application, Binding, Poisoned, Scope, Wire, entries_of
from specc.source import Span, printable
from specc.syntax.document import (
    BlockEntry,
    BrokenEntry,
    Document,
    Entry,
    ForEntry,
    GroupEntry,
    LayerEntry,
    RepeatEntry,
    ReuseEntry,
)
from specc.syntax.program import Definition, Program
from specc.syntax.validation import ValidationContext, diagnose
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import inner_span
from specc.tensor import TensorSyntaxError, TensorType, parse_tensor_type
from specc.vocabulary import suggest_layer

MAX_LAYERS = 20_000
MAX_STEPS = 100_000
MAX_LOOP_DEPTH = 8
MAX_BLOCK_DEPTH = 64
MAX_ELEMENTS = 2**40
MAX_DIM = 2**31
MAX_PARAMETERS = 10**12

T = TypeVar("T")


class Skip(Exception):
    """The entry has a fault that is reported: leave it and go on."""


class Stop(Exception):
    """A limit is reached and reported: expand no further."""


def elaborate(program: Program, params: Mapping[str, Constant], report: Report) -> Graph | None:
    """The graph of `program` with `params` in force; faults go to `report`.

    None if the network has no inputs or layers that could be made sense of.
    """
    return Elaborator(program, params, report).graph()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one layer entry is, before its expressions: made once, used at each step.

    given: the parameters written at the entry; defaults: those of its document, below them.
    instance: the layer, if nothing in it is an expression.
    """

    layer: type[Layer]
    values: Mapping[str, Any]
    nodes: tuple[YamlMapping, ...]
    instance: Layer | None


@dataclass(slots=True)
class Elaborator:
    """The state of one elaboration."""

    program: Program
    params: Mapping[str, Constant]
    report: Report
    layers: int = 0
    steps: int = 0
    parameters: int = 0
    plans: dict[int, Plan | None] = field(default_factory=dict[int, "Plan | None"])
    owners: dict[str, Node] = field(default_factory=dict[str, Node])
    visited: set[int] = field(default_factory=set[int])
    calls: list[str] = field(default_factory=list[str])

    # The whole ----------------------------------------------------------------------------------

    def graph(self) -> Graph | None:
        document = self.program.document
        scope = Scope("", "", document, dict(self.params), document.layers)
        inputs = self._inputs(scope)
        outputs: dict[str, Wire] = {}
        try:
            self.body(document.layers, scope)
            outputs = self._outputs(scope)
            self._check_unvisited()
        except Stop:
            return None
        wires = [*inputs.values(), *outputs.values()]
        if self.report.failed or any(wire is None for wire in wires):
            return None
        return _graph(document, self.params, scope, inputs, outputs)

    def _inputs(self, scope: Scope) -> dict[str, Wire]:
        document = self.program.document
        if not document.inputs:
            self._missing(document, "inputs", "inputs:\n  image: float32[N, 28, 28, 1]")
        if not document.layers:
            self._missing(document, "layers", "layers:\n  - Dense: 10")
        inputs = {name: self._input(name, scope) for name in document.inputs}
        for name, wire in inputs.items():
            scope.names[name] = Binding((wire,), document.span("inputs", name))
        if len(inputs) == 1:
            scope.prev = tuple(inputs.values())
        return inputs

    def _missing(self, document: Document, key: str, example: str) -> None:
        if key in document.node and document.node[key] not in (None, (), {}):
            return
        self.report.add(
            Diagnostic("missing-key", f"a spec needs `{key}`", document.whole, help=f"add\n{example}")
        )

    def _input(self, name: str, scope: Scope) -> Wire:
        document = self.program.document
        span = document.span("inputs", name)
        try:
            text = self.value(document.inputs[name], span, scope)
            return Value(name, self._tensor_type(str(text), document.inputs[name], span), span)
        except Skip:
            return None

    def _tensor_type(self, text: str, written: str, span: Span) -> TensorType:
        try:
            found = parse_tensor_type(text)
        except TensorSyntaxError as error:
            place = inner_span(span, text, error.start, error.end) if text == written else span
            self.fault("invalid-tensor-type", error.message, place, help=error.help)
        if at_least(product(found.shape), MAX_ELEMENTS) is True:
            self.fault("tensor-too-large", f"{found} has more than 2^40 elements", span)
        return found

    def _outputs(self, scope: Scope) -> dict[str, Wire]:
        document = self.program.document
        if document.outputs is None:
            return self._last_output(scope)
        if isinstance(document.outputs, tuple):
            named = [(name, name, ("outputs", i)) for i, name in enumerate(document.outputs)]
        else:
            named = [(name, target, ("outputs", name)) for name, target in document.outputs.items()]
        outputs: dict[str, Wire] = {}
        for name, reference, place in named:
            outputs[name] = self._reference(reference, document.span(*place), scope)
        if not outputs:
            self.report.add(
                Diagnostic("missing-key", "a network needs an output", document.span("outputs"))
            )
        return outputs

    def _last_output(self, scope: Scope) -> dict[str, Wire]:
        names = [name for name, binding in scope.names.items() if scope.prev == binding.wires]
        name = names[-1] if names else "output"
        return {name: scope.prev[0] if scope.prev else None}

    def _reference(self, reference: str, span: Span, scope: Scope) -> Wire:
        try:
            return self.resolve(reference, span, scope)
        except Skip:
            return None

    # Bodies and entries -------------------------------------------------------------------------

    def body(self, entries: tuple[Entry, ...], scope: Scope) -> None:
        """Elaborate entries one after the other, in `scope`."""
        for entry in entries:
            self._count_step(entry, scope)
            try:
                if self._is_in(entry, scope):
                    self.entry(entry, scope)
            except (Skip, Poisoned):
                self._poison(entry, scope)

    def _count_step(self, entry: Entry, scope: Scope) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            self._stop("too-many-layers", f"the loops take more than {MAX_STEPS:,} steps", entry, scope)

    def _stop(self, code: str, message: str, entry: Entry, scope: Scope) -> None:
        self.report.add(
            Diagnostic(code, message, entry.whole, trace=scope.trace, help="use fewer repetitions")
        )
        raise Stop

    def _is_in(self, entry: Entry, scope: Scope) -> bool:
        if entry.when is None:
            return True
        condition = self.value(entry.when, entry.span("when"), scope)
        if not isinstance(condition, bool):
            self.fault(
                "wrong-type",
                f"`when` must be true or false, received {printable(str(condition))}",
                entry.span("when"),
                scope,
                help="compare: `${i > 0}`",
            )
        if not condition and entry.name:
            scope.left_out[entry.name] = entry.whole
        return condition

    def entry(self, entry: Entry, scope: Scope, path: str | None = None) -> None:
        """Elaborate one entry. `path`: the local name it has as a loop's whole iteration."""
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
                self._poison(entry, scope)

    def _poison(self, entry: Entry, scope: Scope) -> None:
        """Bind what a faulty entry would have made, so that its users are not blamed."""
        self.visited.add(id(entry))
        scope.uncertain = True
        names = [name for name in (entry.name, *(entry.outputs or ())) if name]
        if not entry.name and isinstance(entry, LayerEntry | BlockEntry) and entry.head in LAYERS:
            names.append(scope.number(snake_case(entry.head)))
        for name in names:
            scope.names.setdefault(name, Binding((None,), entry.whole))
        scope.prev = (None,)

    def _bind(self, entry: Entry, name: str, binding: Binding, scope: Scope) -> None:
        """Let later entries see what `entry` made."""
        scope.names[name] = binding
        scope.prev = binding.wires
        if entry.outputs is None:
            return
        if len(entry.outputs) != len(binding.wires):
            self.fault(
                "output-count",
                f"`{name}` has {_count(len(binding.wires), 'output')}, `outputs` names {len(entry.outputs)}",
                entry.span("outputs"),
                scope,
            )
        for index, (output, wire) in enumerate(zip(entry.outputs, binding.wires, strict=True)):
            self._require_new(output, entry.span("outputs", index), scope)
            scope.names[output] = Binding((wire,), entry.span("outputs", index))

    def _name(self, entry: Entry, default: str, scope: Scope) -> str:
        """The entry's name in its scope: given, or numbered."""
        if entry.name is None:
            return scope.number(default)
        span = entry.span("name")
        name = self.value(entry.name, span, scope)
        if not isinstance(name, str) or problem_with(name):
            problem = problem_with(name) if isinstance(name, str) else "a name is a string"
            self.fault("invalid-name", f"`name`: {problem}", span, scope)
        self._require_new(name, span, scope)
        return name

    def _require_new(self, name: str, span: Span, scope: Scope) -> None:
        if name not in scope.names:
            return
        first = scope.names[name].span
        self.fault(
            "duplicate-name",
            f"`{name}` is already the name of another entry of this scope",
            span,
            scope,
            labels=(Label(first, "named here first"),) if first else (),
            help="give one of them another name",
        )

    # References ---------------------------------------------------------------------------------

    def inputs(self, entry: Entry, scope: Scope) -> tuple[tuple[Wire, Span], ...]:
        """The wires an entry takes, each with the place that names it."""
        if entry.inputs is None:
            return ((self._previous(entry, scope), _head_span(entry)),)
        span = entry.span("inputs")
        given = self.value(entry.inputs, span, scope)
        references = given if isinstance(given, tuple) else (given,)
        wires: list[tuple[Wire, Span]] = []
        for index, reference in enumerate(references):
            place = entry.span("inputs", index)
            if not isinstance(reference, str):
                self.fault("wrong-type", f"a reference is a name, received {reference}", place, scope)
            wires.append((self.resolve(reference, place, scope), place))
        return tuple(wires)

    def _previous(self, entry: Entry, scope: Scope) -> Wire:
        if scope.prev:
            return scope.prev[0]
        names = ", ".join(f"`{name}`" for name in scope.names) or "no inputs"
        self.fault(
            "no-input",
            "there is nothing before this entry to take as its input",
            _head_span(entry),
            scope,
            help=f"write `inputs:`; there are {names}",
        )

    def resolve(self, reference: str, span: Span, scope: Scope) -> Wire:
        """The value a reference means."""
        return self._binding(reference, span, scope).wires[0]

    def _binding(self, reference: str, span: Span, scope: Scope) -> Binding:
        binding = scope.find(reference)
        if binding is None:
            self._unknown_reference(reference, span, scope)
        return binding

    def _unknown_reference(self, reference: str, span: Span, scope: Scope) -> Any:
        first, _, rest = reference.partition(".")
        shown = printable(reference)
        for around in scope.around():
            for entry in entries_of(around.body):
                if entry.name == first and first not in around.left_out and first not in around.names:
                    self.fault(
                        "forward-reference",
                        f"`{shown}` comes later: a reference goes backward only",
                        span,
                        scope,
                        labels=(Label(entry.whole, "it is made here"),),
                        help="move it before its use",
                    )
            if first in around.left_out:
                self.fault(
                    "unknown-name",
                    f"`{shown}` is left out here by its `when`",
                    span,
                    scope,
                    labels=(Label(around.left_out[first], "left out here"),),
                )
            if around.uncertain:
                raise Skip
        known = scope.visible_names()
        parts = scope.find(first) if rest else None
        if parts is not None:
            known = [f"{first}.{part}" for part in parts.parts]
        message = f"there is no `{shown}` here"
        self.fault(
            "unknown-name",
            message,
            span,
            scope,
            help=did_you_mean(reference, known) or _listing("there are", known),
        )

    # Values -------------------------------------------------------------------------------------

    def value(self, data: Any, span: Span, scope: Scope) -> Any:
        """`data` with its expressions evaluated. Raises `Skip` after reporting a fault."""
        if isinstance(data, str):
            return self._evaluated(data, span, scope) if is_template(data) else data
        if isinstance(data, YamlMapping):
            return {key: self.value(item, data.value_spans[key], scope) for key, item in data.items()}
        if isinstance(data, tuple):
            spans = getattr(data, "item_spans", None)
            return tuple(
                self.value(item, spans[index] if spans else span, scope)
                for index, item in enumerate(data)
            )
        return data

    def _evaluated(self, text: str, span: Span, scope: Scope) -> Any:
        try:
            return evaluate(text, scope)
        except ExpressionError as error:
            if error.code == "expression-name" and scope.uncertain:
                raise Skip from None
            place = inner_span(span, text, error.start, error.end)
            self.fault(error.code, error.message, place, scope, help=error.help)

    def fault(
        self,
        code: str,
        message: str,
        span: Span,
        scope: Scope | None = None,
        *,
        labels: tuple[Label, ...] = (),
        help: str = "",
    ) -> Any:
        """Report a fault and leave the entry."""
        trace = scope.trace if scope else ()
        self.report.add(Diagnostic(code, message, span, labels=labels, trace=trace, help=help))
        raise Skip

    # Layers -------------------------------------------------------------------------------------

    def _layer(self, entry: LayerEntry, scope: Scope, path: str | None) -> None:
        plan = self._plan(entry, scope)
        name = path or self._name(entry, snake_case(entry.head), scope)
        layer = plan.instance or self._instance(entry, plan, scope)
        given = self.inputs(entry, scope)
        self._apply(entry, layer, name, scope.owner_of(name), given, scope)

    def _apply(
        self,
        entry: Entry,
        layer: Layer,
        name: str,
        owner: str,
        given: tuple[tuple[Wire, Span], ...],
        scope: Scope,
    ) -> None:
        """Put a layer into the network, on the given inputs."""
        self._check_arity(entry, layer, len(given), scope)
        wires = [wire for wire, _ in given if wire is not None]
        if len(wires) < len(given):
            raise Skip
        types = tuple(wire.type for wire in wires)
        try:
            outputs = layer.infer(*types)
            weights = layer.weights(*types)
        except Fault as fault:
            self._layer_fault(fault, entry, given, scope)
        self._check_sizes(outputs, entry, scope)
        path = scope.path_of(name)
        values = tuple(
            Value(path if len(outputs) == 1 else f"{path}.{index}", type, _head_span(entry))
            for index, type in enumerate(outputs)
        )
        node = Node(path, layer, tuple(wires), values, owner, entry.whole)
        self._count(node, sum(prod(weight.shape) for weight in weights.values()), entry, scope)
        scope.items.append(node)
        self._bind(entry, name, Binding(values, entry.whole, {}, Application(node)), scope)

    def _check_arity(self, entry: Entry, layer: Layer, count: int, scope: Scope) -> None:
        fewest, most = layer.arity
        if fewest <= count <= most:
            return
        wanted = str(fewest) if fewest == most else f"{fewest} or more" if most == MANY else f"{fewest} to {most}"
        name = type(layer).__name__
        self.fault(
            "arity",
            f"{name} takes {wanted} input{'' if wanted == '1' else 's'}, received {count}",
            entry.span("inputs") if entry.inputs is not None else _head_span(entry),
            scope,
            help="write `inputs: [a, b]`" if fewest > 1 else "",
        )

    def _layer_fault(
        self, fault: Fault, entry: Entry, given: tuple[tuple[Wire, Span], ...], scope: Scope
    ) -> Any:
        """Report what a layer refused, at its parameter or its input, with the makers of the inputs."""
        span = _head_span(entry)
        if fault.parameter is not None:
            span = _parameter_span(entry, fault.parameter)
        elif fault.input is not None and entry.inputs is not None:
            span = given[fault.input][1]
        labels = tuple(
            Label(wire.span, f"{wire.name} gives {wire.type}")
            for wire in dict.fromkeys(wire for wire, _ in given)
            if wire is not None and wire.span is not None
        )
        name = entry.head if isinstance(entry, LayerEntry) else ""
        message = f"{name}: {fault.message}" if name and not fault.message.startswith(name) else fault.message
        self.fault(fault.code, message, span, scope, labels=labels, help=fault.help)

    def _check_sizes(self, outputs: Iterable[TensorType], entry: Entry, scope: Scope) -> None:
        for output in outputs:
            for axis, size in enumerate(output.shape):
                if isinstance(size, int) and not 0 < size < MAX_DIM:
                    self.fault(
                        "invalid-dim",
                        f"axis {axis} of the output would be {size}: {output}",
                        _head_span(entry),
                        scope,
                    )
            if at_least(product(output.shape), MAX_ELEMENTS + 1) is True:
                message = f"the output {output} has more than 2^40 elements"
                self.fault("tensor-too-large", message, _head_span(entry), scope)

    def _count(self, node: Node, parameters: int, entry: Entry, scope: Scope) -> None:
        """Keep within the limits, and know the node as the owner of its weights or check it against it."""
        self.layers += 1
        if self.layers > MAX_LAYERS:
            self._stop("too-many-layers", f"the network has more than {MAX_LAYERS:,} layers", entry, scope)
        if node.shared:
            return self._check_shared(node, entry, scope)
        self.owners[node.path] = node
        self.parameters += parameters
        if self.parameters > MAX_PARAMETERS:
            self._stop("too-many-parameters", "the network has more than 10^12 parameters", entry, scope)
        return None

    def _check_shared(self, node: Node, entry: Entry, scope: Scope) -> None:
        owner = self.owners.get(node.owner)
        own = {name: weight.shape for name, weight in node.weights().items()}
        if owner is not None and own == {key: weight.shape for key, weight in owner.weights().items()}:
            return
        self.fault(
            "reuse-mismatch",
            f"`{node.owner}` has weights of other shapes: it cannot be used again on {node.inputs[0].type}",
            entry.whole,
            scope,
            labels=(Label(owner.span, "first used here"),) if owner and owner.span else (),
            help="give it an input of the same channels, or use a layer of its own",
        )

    # Parameters ---------------------------------------------------------------------------------

    def _plan(self, entry: LayerEntry, scope: Scope) -> Plan:
        key = id(entry)
        if key not in self.plans:
            self.plans[key] = self._new_plan(entry, scope)
        plan = self.plans[key]
        if plan is None:
            raise Skip
        return plan

    def _new_plan(self, entry: LayerEntry, scope: Scope) -> Plan | None:
        try:
            layer = self._layer_class(entry, scope)
            values, nodes = self._parameters(entry, layer, scope)
            templated = any(_has_template(value) for value in values.values())
            instance = None if templated else self._validated(entry, layer, values, nodes, scope)
        except Skip:
            return None
        return Plan(layer, values, nodes, instance)

    def _layer_class(self, entry: LayerEntry, scope: Scope) -> type[Layer]:
        if entry.head in LAYERS:
            return LAYERS[entry.head]
        blocks = self.program.blocks
        help = suggest_layer(entry.head, LAYERS)
        if snake_case(entry.head) in blocks:
            help = f"blocks are in snake_case: did you mean `{snake_case(entry.head)}`?"
        message = f"there is no layer `{printable(entry.head)}`"
        self.fault("unknown-layer", message, _head_span(entry), scope, help=help)

    def _parameters(
        self, entry: LayerEntry, layer: type[Layer], scope: Scope
    ) -> tuple[dict[str, Any], tuple[YamlMapping, ...]]:
        """The parameters as written, over the document's defaults for the layer."""
        values: dict[str, Any] = {}
        nodes: list[YamlMapping] = []
        if entry.head in scope.document.defaults:
            defaults = scope.document.node["defaults"][entry.head]
            values.update(defaults)
            nodes.append(defaults)
        if isinstance(entry.value, YamlMapping):
            values.update(entry.value)
            nodes.insert(0, entry.value)
        elif entry.value is not None:
            values[self._primary(entry, layer, scope)] = entry.value
        return values, tuple(nodes)

    def _primary(self, entry: LayerEntry, layer: type[Layer], scope: Scope) -> str:
        if layer.primary is not None:
            return layer.primary
        self.fault(
            "invalid-parameter",
            f"{entry.head} has no parameter that a bare value could set",
            entry.span(entry.head),
            scope,
            help=f"write `{entry.head}: {{name: value}}`, or `{entry.head}` alone",
        )

    def _instance(self, entry: LayerEntry, plan: Plan, scope: Scope) -> Layer:
        values = {
            name: self.value(value, _place_of(entry, plan.nodes, name), scope)
            for name, value in plan.values.items()
        }
        return self._validated(entry, plan.layer, values, plan.nodes, scope)

    def _validated(
        self,
        entry: LayerEntry,
        layer: type[Layer],
        values: Mapping[str, Any],
        nodes: tuple[YamlMapping, ...],
        scope: Scope,
    ) -> Layer:
        try:
            return layer.model_validate(values)
        except ValidationError as error:
            span = _head_span(entry)
            if not isinstance(entry.value, YamlMapping) and entry.value is not None:
                span = entry.span(entry.head)
            context = ValidationContext(nodes, span, tuple(layer.model_fields), entry.head)
            for diagnostic in diagnose(error, context):
                self.report.add(_traced(diagnostic, scope))
            raise Skip from None

    # Blocks -------------------------------------------------------------------------------------

    def _block(self, entry: BlockEntry, scope: Scope, path: str | None) -> None:
        definition = self.program.blocks.get(entry.head)
        if definition is None:
            self._unknown_block(entry, scope)
        name = path or self._name(entry, entry.head, scope)
        args = self._args(entry, definition, scope)
        given = self.inputs(entry, scope)
        self._call(entry, definition, args, name, scope.owner_of(name), given, scope)

    def _unknown_block(self, entry: BlockEntry, scope: Scope) -> Any:
        help = did_you_mean(entry.head, self.program.blocks)
        layers = [layer for layer in LAYERS if snake_case(layer) == entry.head or layer.lower() == entry.head]
        if layers:
            help = f"layers are in PascalCase: did you mean `{layers[0]}`?"
        self.fault(
            "unknown-block",
            f"there is no block `{printable(entry.head)}`",
            _head_span(entry),
            scope,
            help=help or "declare it under `blocks`; layers are in PascalCase",
        )

    def _args(self, entry: BlockEntry, definition: Definition, scope: Scope) -> dict[str, Any]:
        """The block's params: given, or their defaults, each of the declared type."""
        params = definition.block.params
        given = entry.value or {}
        for name in given:
            if name not in params:
                self.fault(
                    "unknown-param",
                    f"the block `{definition.name}` has no param `{printable(name)}`",
                    given.key_spans[name] if isinstance(given, YamlMapping) else entry.whole,
                    scope,
                    help=did_you_mean(name, params) or _listing("it has", params),
                )
        return {name: self._arg(entry, definition, name, scope) for name in params}

    def _arg(self, entry: BlockEntry, definition: Definition, name: str, scope: Scope) -> Any:
        declared = definition.block.params[name]
        if entry.value is None or name not in entry.value:
            if declared in PARAM_TYPES:
                self.fault(
                    "missing-param",
                    f"the block `{definition.name}` needs `{name}`, {_article(str(declared))}",
                    _head_span(entry),
                    scope,
                    help=f"write `{definition.name}: {{{name}: …}}`",
                )
            return self.value(declared, definition.block.span("params", name), scope)
        span = entry.span(entry.head, name)
        value = self.value(entry.value[name], span, scope)
        if not has_param_type(value, declared):
            self.fault(
                "param-type",
                f"`{name}` must be {param_type(declared)}, received {printable(str(value))}",
                span,
                scope,
                labels=(Label(definition.block.span("params", name), "declared here"),),
            )
        return value

    def _call(
        self,
        entry: Entry,
        definition: Definition,
        args: Mapping[str, Any],
        name: str,
        owner: str,
        given: tuple[tuple[Wire, Span], ...],
        scope: Scope,
    ) -> None:
        """Expand a block on the given inputs."""
        block = definition.block
        self._check_call(entry, definition, len(given), scope)
        wires = tuple(wire for wire, _ in given)
        inner = Scope(
            scope.path_of(name),
            owner,
            definition.document,
            {**self.params, **args},
            block.layers,
            trace=_entered(scope.path_of(name), entry, scope),
            prev=wires if len(wires) == 1 else (),
            depth=scope.depth,
        )
        for parameter, wire in zip(block.inputs, wires, strict=True):
            inner.names[parameter] = Binding((wire,), wire.span if wire else None)
        self.calls.append(definition.name)
        self.body(block.layers, inner)
        self.calls.pop()
        outputs = self._block_outputs(definition, inner, wires)
        region = _region(inner, "block", definition.name, zip(block.inputs, wires, strict=True), outputs, entry)
        if region is not None:
            scope.items.append(region)
        parts = {output: Binding((wire,), entry.whole) for output, wire in outputs if output}
        application = Application(region, args) if region else None
        wires = tuple(wire for _, wire in outputs)
        self._bind(entry, name, Binding(wires, entry.whole, parts, application), scope)

    def _check_call(self, entry: Entry, definition: Definition, count: int, scope: Scope) -> None:
        if definition.name in self.calls:
            chain = " → ".join((*self.calls[self.calls.index(definition.name) :], definition.name))
            self.fault(
                "recursive-block",
                f"the block `{definition.name}` uses itself: {chain}",
                _head_span(entry),
                scope,
                help="a network is finite: use `repeat` instead",
            )
        wanted = len(definition.block.inputs)
        if count != wanted:
            names = ", ".join(definition.block.inputs)
            self.fault(
                "arity",
                f"the block `{definition.name}` takes {_count(wanted, 'input')} ({names}), received {count}",
                entry.span("inputs") if entry.inputs is not None else _head_span(entry),
                scope,
                help=f"write `inputs: [{names}]` with {_count(wanted, 'name')}" if wanted > 1 else "",
            )

    def _block_outputs(
        self, definition: Definition, inner: Scope, wires: tuple[Wire, ...]
    ) -> list[tuple[str, Wire]]:
        block = definition.block
        if block.outputs is not None:
            return [
                (name, self._reference(name, block.span("outputs", index), inner))
                for index, name in enumerate(block.outputs)
            ]
        return [("", wire) for wire in (inner.prev or wires)[:1]]

    # Loops --------------------------------------------------------------------------------------

    def _loop(self, entry: RepeatEntry | ForEntry, scope: Scope, path: str | None) -> None:
        name = path or self._name(entry, "loop", scope)
        if entry.inputs is not None:
            ((wire, _),) = self.inputs(entry, scope)[:1]
            scope.prev = (wire,)
        bindings = self._iterations(entry, scope)
        loop = Scope(
            scope.path_of(name),
            scope.owner_of(name),
            scope.document,
            scope.variables,
            (),
            parent=scope,
            trace=scope.trace,
            prev=scope.prev,
            depth=scope.depth + 1,
        )
        if loop.depth > MAX_LOOP_DEPTH:
            self.fault(
                "too-many-loops", f"loops are nested deeper than {MAX_LOOP_DEPTH}", _head_span(entry), scope
            )
        for index, variables in enumerate(bindings):
            self._iteration(entry, index, variables, loop, name)
        prev = loop.prev or scope.prev
        outputs = [("", wire) for wire in prev[:1]]
        region = _region(loop, "loop", name, (), outputs, entry)
        if region is not None:
            scope.items.append(region)
        parts = {key: loop.names[key] for key in loop.names}
        if prev:
            self._bind(entry, name, Binding(prev, entry.whole, parts), scope)

    def _iterations(self, entry: RepeatEntry | ForEntry, scope: Scope) -> list[dict[str, Constant]]:
        """The variables of each iteration."""
        if isinstance(entry, RepeatEntry):
            count = self._repetitions(entry, scope)
            index = entry.index
            return [{index: i} if index else {} for i in range(count)]
        (variable,) = entry.loop
        span = entry.span("for", variable)
        items = self.value(entry.loop[variable], span, scope)
        if not isinstance(items, tuple):
            self.fault(
                "wrong-type", f"`for` takes a list, received {printable(str(items))}", span, scope,
                help=f"write `for: {{{variable}: [1, 2, 3]}}`, or `repeat: n`",
            )  # fmt: skip
        position = entry.index
        return [
            {variable: item, position: i} if position else {variable: item}
            for i, item in enumerate(items)
        ]

    def _repetitions(self, entry: RepeatEntry, scope: Scope) -> int:
        span = entry.span("repeat")
        count = self.value(entry.repeat, span, scope)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            self.fault(
                "wrong-type",
                f"`repeat` takes an integer of at least 0, received {printable(str(count))}",
                span,
                scope,
            )
        if count > MAX_STEPS:
            self._stop("too-many-layers", f"{count:,} repetitions are more than {MAX_STEPS:,}", entry, scope)
        return count

    def _iteration(
        self,
        entry: RepeatEntry | ForEntry,
        index: int,
        variables: dict[str, Constant],
        loop: Scope,
        name: str,
    ) -> None:
        self._count_step(entry, loop)
        inner = Scope(
            loop.path,
            loop.owner,
            loop.document,
            {**loop.variables, **variables},
            entry.layers,
            parent=loop.parent,
            trace=(Frame(f"{loop.path}.{index}", entry.whole), *loop.trace),
            prev=loop.prev,
            depth=loop.depth,
        )
        single = entry.layers[0] if _is_whole_iteration(entry.layers) else None
        if single is not None:
            self._single(single, str(index), inner)
        else:
            inner.path, inner.owner = inner.path_of(str(index)), inner.owner_of(str(index))
            self.body(entry.layers, inner)
            outputs = [("", wire) for wire in inner.prev[:1]]
            region = _region(inner, "iteration", name, (), outputs, entry)
            inner.items = [region] if region is not None else []
            inner.names = {str(index): Binding(inner.prev or (None,), entry.whole, dict(inner.names))}
        loop.items += inner.items
        loop.prev = inner.prev
        loop.names.update(inner.names)

    def _single(self, entry: Entry, name: str, scope: Scope) -> None:
        """An iteration that is one entry without a name: the entry takes the iteration's place."""
        try:
            if self._is_in(entry, scope):
                self.entry(entry, scope, name)
        except (Skip, Poisoned):
            self._poison(entry, scope)
            scope.names = {name: Binding((None,), entry.whole)}

    # Reuse --------------------------------------------------------------------------------------

    def _reuse(self, entry: ReuseEntry, scope: Scope, path: str | None) -> None:
        span = entry.span("reuse")
        reference = str(self.value(entry.reuse, span, scope))
        binding = self._binding(reference, span, scope)
        if binding.wires[0] is None:
            raise Skip
        application = binding.application
        if application is None:
            self.fault(
                "unknown-name",
                f"`{printable(reference)}` is no layer and no block, and has no weights to use again",
                span,
                scope,
                help="name a layer or a call of a block",
            )
        name = path or self._name(entry, application.item.name, scope)
        given = self.inputs(entry, scope)
        owner = application.item.owner
        if isinstance(application.item, Node):
            self._apply(entry, application.item.layer, name, owner, given, scope)
            return
        definition = self.program.blocks[application.item.label]
        self._call(entry, definition, application.args, name, owner, given, scope)

    # What was never reached ---------------------------------------------------------------------

    def _check_unvisited(self) -> None:
        """Check the layers of blocks that nothing calls, and of entries always left out, by themselves."""
        for document in self.program.documents:
            self._check_entries(document.layers, document)
            for block in document.blocks.values():
                self._check_entries(block.layers, document)

    def _check_entries(self, entries: tuple[Entry, ...], document: Document) -> None:
        for entry in entries:
            match entry:
                case RepeatEntry() | ForEntry() | GroupEntry():
                    self._check_entries(entry.layers, document)
                case LayerEntry() | BlockEntry() if id(entry) not in self.visited:
                    self._check_alone(entry, document)
                case _:
                    pass

    def _check_alone(self, entry: LayerEntry | BlockEntry, document: Document) -> None:
        scope = Scope("", "", document, {}, ())
        try:
            if isinstance(entry, LayerEntry):
                self._plan(entry, scope)
            elif entry.head not in self.program.blocks:
                self._unknown_block(entry, scope)
        except Skip:
            return


# Small things -----------------------------------------------------------------------------------


def _graph(
    document: Document,
    params: Mapping[str, Constant],
    scope: Scope,
    inputs: Mapping[str, Wire],
    outputs: Mapping[str, Wire],
) -> Graph:
    known = {name: wire for name, wire in inputs.items() if wire is not None}
    made = {name: wire for name, wire in outputs.items() if wire is not None}
    name = document.name or "network"
    body = Region(
        "", "model", name, tuple(scope.items), tuple(known.items()), tuple(made.items()), "", document.whole
    )
    return Graph(name, known, made, body, document.description, dict(params))


def _region(
    scope: Scope,
    kind: Any,
    label: str,
    inputs: Iterable[tuple[str, Wire]],
    outputs: Iterable[tuple[str, Wire]],
    entry: Entry,
) -> Region | None:
    """The region of a finished scope; None if a fault left it without some of its values."""
    given, made = tuple(inputs), tuple(outputs)
    if any(wire is None for _, wire in (*given, *made)):
        return None
    return Region(
        scope.path,
        kind,
        label,
        tuple(scope.items),
        tuple((name, wire) for name, wire in given if wire is not None),
        tuple((name, wire) for name, wire in made if wire is not None),
        scope.owner,
        entry.whole,
    )


def _is_whole_iteration(entries: tuple[Entry, ...]) -> bool:
    """Whether the iteration is its one entry, as a `ModuleList` would have it."""
    if len(entries) != 1 or entries[0].name is not None:
        return False
    return not isinstance(entries[0], GroupEntry | BrokenEntry)


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(_has_template(item) for item in value.values())  # type: ignore[arg-type]
    return isinstance(value, tuple) and any(_has_template(item) for item in value)  # type: ignore[arg-type]


def _entered(path: str, entry: Entry, scope: Scope) -> tuple[Frame, ...]:
    """The trace inside a block; a block that is a whole iteration takes the iteration's place."""
    outer = scope.trace
    if outer and outer[0].name == path:
        outer = outer[1:]
    return (Frame(path, entry.whole), *outer)


def _head_span(entry: Entry) -> Span:
    if isinstance(entry, LayerEntry | BlockEntry):
        return entry.key_span(entry.head)
    return entry.whole


def _parameter_span(entry: Entry, parameter: str) -> Span:
    if not isinstance(entry, LayerEntry) or entry.value is None:
        return _head_span(entry)
    if isinstance(entry.value, YamlMapping):
        if parameter in entry.value:
            return entry.span(entry.head, parameter)
        return _head_span(entry)
    return entry.span(entry.head)


def _place_of(entry: LayerEntry, nodes: tuple[YamlMapping, ...], name: str) -> Span:
    for node in nodes:
        if name in node:
            return node.value_spans[name]
    return entry.span(entry.head)


def _traced(diagnostic: Diagnostic, scope: Scope) -> Diagnostic:
    return replace(diagnostic, trace=scope.trace)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listing(what: str, names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in list(names)[:10]]
    return f"{what} {', '.join(shown)}" if shown else ""


def _article(type_name: str) -> str:
    return param_type(type_name)

