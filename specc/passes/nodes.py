"""From a layer and its inputs to a node: shapes are inferred, and the limits of a network kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from specc.diagnostics import Label
from specc.dims import DimError
from specc.ir import Node, Value
from specc.layer import Fault, Layer, WeightDecl, arity_text
from specc.passes.limits import MAX_ALGEBRA, MAX_LAYERS, MAX_PARAMETERS, algebra, excess
from specc.passes.references import Given
from specc.passes.reporting import Faults, Skip, head_span, inputs_span, parameter_span
from specc.passes.scope import Scope
from specc.source import Span, printable
from specc.syntax.document import Entry, ReuseEntry
from specc.tensor import TensorType


@dataclass(slots=True)
class Nodes:
    """Makes the nodes of one network.

    layers, parameters, algebra: how much has been made, held against the limits.
    owners: the nodes that have weights of their own, by path.
    reuses: the `reuse` entries around the current one, each with its scope.
    """

    faults: Faults
    layers: int = 0
    parameters: int = 0
    algebra: int = 0
    owners: dict[str, Node] = field(default_factory=dict[str, Node])
    reuses: list[tuple[ReuseEntry, Scope]] = field(default_factory=list[tuple[ReuseEntry, Scope]])

    def node(
        self,
        entry: Entry,
        layer: Layer,
        name: str,
        owner: str,
        given: tuple[Given, ...],
        scope: Scope,
    ) -> Node:
        """`layer` on the given inputs. Raises `Skip` after reporting a fault.

        name: the local name of the node; owner: the path whose weights it uses.
        """
        self._check_arity(entry, layer, len(given), scope)
        wires = tuple(wire for wire, _ in given if wire is not None)
        if len(wires) < len(given):
            raise Skip
        types = tuple(wire.type for wire in wires)
        span, path = head_span(entry), scope.path_of(name)
        try:
            outputs = layer.infer(*types)
            weights = layer.weights(*types)
            _check_initializers(layer, weights)
        except Fault as fault:
            self._refuse(fault, entry, layer, given, scope)
        except DimError as error:
            message = f"the sizes of the output grow beyond all bounds: {error}"
            raise self.faults.fault("invalid-dim", message, span, scope.trace) from None
        for output in outputs:
            self._check_type(output, span, scope)
        names = _output_names(entry, path, len(outputs))
        values = tuple(map(Value, names, outputs, (span,) * len(names)))
        node = Node(path, layer, wires, values, owner, weights, entry.whole)
        self._count(node, sum(weight.elements for weight in weights.values()), entry, scope)
        return node

    def _check_type(self, output: TensorType, span: Span, scope: Scope) -> None:
        if broken := excess(output):
            raise self.faults.fault(*broken, span, scope.trace)
        self.algebra += algebra(output)
        if self.algebra > MAX_ALGEBRA:
            message = f"the sizes are too involved to follow any further: {printable(str(output))}"
            raise self.faults.stop("invalid-dim", message, span, scope.trace)

    def _check_arity(self, entry: Entry, layer: Layer, received: int, scope: Scope) -> None:
        fewest, most = layer.arity
        if fewest <= received <= most:
            return
        message = f"{type(layer).__name__} takes {arity_text(type(layer))}, received {received}"
        help = "write `inputs: [a, b]`" if fewest > 1 else "join them with Concatenate or Add first"
        help = help if received else "leave `inputs` out to take the output before it"
        raise self.faults.fault("arity", message, inputs_span(entry), scope.trace, help=help)

    def _refuse(
        self, fault: Fault, entry: Entry, layer: Layer, given: tuple[Given, ...], scope: Scope
    ) -> NoReturn:
        """Report what a layer refused, at its parameter or its input, with who made the inputs."""
        span, label = head_span(entry), ""
        if fault.parameter is not None:
            span = parameter_span(entry, fault.parameter)
        elif fault.input is not None and entry.inputs is not None:
            span, label = given[fault.input][1], _comparison(fault, given)
        labels = tuple(
            Label(wire.span, f"{wire.name} gives {wire.type}")
            for wire in dict.fromkeys(wire for wire, _ in given)
            if wire is not None and wire.span is not None
        )
        name = type(layer).__name__
        prefix = "" if fault.message.startswith(name) else f"{name}: "
        message = prefix + fault.message
        raise self.faults.fault(
            fault.code, message, span, scope.trace, label=label, labels=labels, help=fault.help
        )

    def _count(self, node: Node, parameters: int, entry: Entry, scope: Scope) -> None:
        """Keep within the limits; know the node as the owner of its weights, or check it."""
        self.layers += 1
        if self.layers > MAX_LAYERS:
            message = f"the network has more than {MAX_LAYERS:,} layers"
            raise self.faults.stop("too-many-layers", message, head_span(entry), scope.trace)
        if node.shared:
            self._check_shared(node)
            return
        self.owners[node.path] = node
        self.parameters += parameters
        if self.parameters >= MAX_PARAMETERS:
            message = "the network has 10^12 parameters or more"
            raise self.faults.stop("too-many-parameters", message, head_span(entry), scope.trace)

    def _check_shared(self, node: Node) -> None:
        """Check that the weights of the first use fit; else the outermost `reuse` is at fault."""
        owner, (entry, scope) = self.owners.get(node.owner), self.reuses[0]
        wanted = {name: weight.shape for name, weight in node.weights.items()}
        there = {name: weight.shape for name, weight in owner.weights.items()} if owner else {}
        if wanted == there:
            return
        received = node.inputs[0]
        labels: list[Label] = []
        if received.span is not None:
            labels.append(Label(received.span, f"{received.name} gives {received.type}"))
        if owner is not None and owner.span is not None:
            labels.append(Label(owner.span, f"first used here, on {owner.inputs[0].type}"))
        different = [name for name in wanted if wanted[name] != there.get(name)]
        raise self.faults.fault(
            "reuse-mismatch",
            f"the weights of `{node.owner}` do not fit {received.type}",
            entry.span("reuse"),
            scope.trace,
            label="; ".join(_difference(name, wanted, there) for name in different[:2]),
            labels=tuple(labels),
            help="give it an input of the same channels, or use a layer of its own",
        )


def _output_names(entry: Entry, path: str, made: int) -> list[str]:
    """The names of the values that a layer at `path` gives: of several, those in `outputs`."""
    if made == 1:
        return [path]
    names = entry.outputs or ()
    return [f"{path}.{name}" for name in (names if len(names) == made else range(made))]


def _check_initializers(layer: Layer, weights: Mapping[str, WeightDecl]) -> None:
    """Raise `Fault` for what a weight of that shape cannot be drawn by or kept to."""
    for weight in weights.values():
        for refused, reason in weight.refusals():
            fields = (name for name, value in layer if value is refused)
            raise Fault("invalid-parameter", reason, parameter=next(fields, None))


def _comparison(fault: Fault, given: tuple[Given, ...]) -> str:
    """What the input at fault was held against: the first input."""
    first = given[0][0]
    verdict = {"shape-mismatch": "does not match", "unprovable": "may not match"}.get(fault.code)
    if not fault.input or first is None or verdict is None:
        return ""
    return f"{verdict} {first.type}, which {first.name} gives"


def _difference(
    name: str, wanted: Mapping[str, tuple[int, ...]], there: Mapping[str, tuple[int, ...]]
) -> str:
    is_now = f"is {list(there[name])}" if name in there else "is not there"
    return f"`{name}` would be {list(wanted[name])}, and {is_now}"
