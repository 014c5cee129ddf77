"""Channels first: how a graph lies in memory for PyTorch and ONNX.

The spec is channels last. Here every value gets an `order`, each layer its inputs in the layout it
declares (`Layer.layout`), and a `Reorder` stands where two layouts meet and nowhere else.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, field, replace
from typing import Literal

from specc.dims import Size
from specc.ir import Graph, Item, Node, Region, Value
from specc.layer import Layer
from specc.names import free_name
from specc.passes.images import images
from specc.tensor import TensorType

IoLayout = Literal["channels_first", "channels_last"]
Order = tuple[int, ...] | None


class _Reorder(Layer):
    """A value in another memory order; the identity as far as the spec is concerned."""

    layout = "any"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return inputs

    def flops(self, *inputs: TensorType) -> Size:
        return 0


REORDER = _Reorder.__name__
"""The layer type under which a backend lowers a reordering: see `permutation`."""


def channels_first(rank: int) -> Order:
    """The order with the channels after the batch; None where that is the spec's own."""
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 else None


def boundary_orders(graph: Graph, io_layout: IoLayout) -> dict[Value, Order]:
    """How each input and output of the model lies.

    Images and volumes as `io_layout` says, all else as in the spec.
    """
    first = images(graph) if io_layout == "channels_first" else frozenset[Value]()
    ends = (*graph.inputs.values(), *graph.outputs.values())
    return {value: channels_first(value.type.rank) if value in first else None for value in ends}


def permutation(source: Order, target: Order, rank: int) -> tuple[int, ...]:
    """The axes of `source` in the order of `target`, as `numpy.transpose` takes them."""
    have = source or tuple(range(rank))
    return tuple(have.index(axis) for axis in target or range(rank))


def inner_node(node: Node, layer: Layer, *types: TensorType) -> Node:
    """A use of `layer` inside `node`, under its path and with its weights, laid out as it wants.

    types: of the inputs; where the layer takes any layout, they lie as in the spec.
    """
    first = layer.layout_for(*types) == "channels_first"
    outputs = layer.infer(*types)
    ways = (("inner", types), ("inner_output", outputs))
    inputs, results = (
        tuple(
            Value(f"{node.path}.{name}", type, order=channels_first(type.rank) if first else None)
            for type in group
        )
        for name, group in ways
    )
    return Node(node.path, layer, inputs, results, node.owner, node.weights, node.span)


def lay_out(graph: Graph, io_layout: IoLayout = "channels_first") -> Graph:
    """The graph with an order on every value and a `Reorder` node where two layouts meet."""
    orders = boundary_orders(graph, io_layout)
    rewriter = _Rewriter({*graph.inputs, *(item.path for item in graph.body.descendants())})
    inputs = {name: rewriter.define(value, orders[value]) for name, value in graph.inputs.items()}
    items = [rewriter.item(item) for item in graph.body.items]
    trailing: list[Item] = []
    outputs = {
        name: rewriter.use(
            value,
            orders[value],
            f"{name.replace('.', '_')}_output",
            trailing,
        )
        for name, value in graph.outputs.items()
    }
    flat = [item for group in items for item in group] + trailing
    body = replace(
        graph.body,
        items=tuple(flat),
        inputs=tuple(inputs.items()),
        outputs=tuple(outputs.items()),
    )
    return replace(graph, inputs=inputs, outputs=outputs, body=body)


@dataclass(slots=True)
class _Rewriter:
    """Old values to new ones; `converted` holds the copies in another order, scope by scope.

    paths: those that are taken.
    """

    paths: set[str]
    values: dict[Value, Value] = field(default_factory=dict[Value, Value])
    converted: ChainMap[tuple[Value, Order], Value] = field(
        default_factory=ChainMap[tuple[Value, Order], Value]
    )

    def define(self, value: Value, order: Order) -> Value:
        self.values[value] = new = replace(value, order=order)
        return new

    def item(self, item: Item) -> list[Item]:
        """The item laid out, after the reorderings it needs."""
        return self._node(item) if isinstance(item, Node) else [self._region(item)]

    def use(self, value: Value, order: Order, name: str, before: list[Item]) -> Value:
        """The value in `order`; if it lies otherwise, a node that reorders it goes to `before`.

        name: the path of that node, numbered if an entry of the spec has it.
        """
        native = self.values[value]
        if native.order == order:
            return native
        known = self.converted.get((native, order))
        if known is not None:
            return known
        path = free_name(name, self.paths)
        self.paths.add(path)
        new = replace(native, name=path, order=order)
        self.converted[native, order] = new
        before.append(Node(path, _Reorder(), (native,), (new,), path, span=native.span))
        return new

    def _node(self, node: Node) -> list[Item]:
        items: list[Item] = []
        orders = self._orders(node)
        inputs = tuple(
            self.use(value, order, f"{node.path}_input{index or ''}", items)
            for index, (value, order) in enumerate(zip(node.inputs, orders, strict=True))
        )
        outputs = tuple(
            self.define(value, self._output_order(node, value, inputs)) for value in node.outputs
        )
        items.append(replace(node, inputs=inputs, outputs=outputs))
        return items

    def _orders(self, node: Node) -> tuple[Order, ...]:
        """The order in which a node wants each of its inputs."""
        types = tuple(value.type for value in node.inputs)
        match node.layer.layout_for(*types):
            case "channels_first":
                return tuple(channels_first(type.rank) for type in types)
            case "channels_last":
                return (None,) * len(types)
            case "any":
                return self._common_order(node)

    def _common_order(self, node: Node) -> tuple[Order, ...]:
        """One order for all: the first that is not the spec's own, if all have as many axes."""
        natives = [self.values[value] for value in node.inputs]
        same_rank = len({value.type.rank for value in natives}) == 1
        found = next((value.order for value in natives if value.order), None)
        return (found if same_rank else None,) * len(natives)

    def _output_order(self, node: Node, value: Value, inputs: tuple[Value, ...]) -> Order:
        layout = node.layer.layout_for(*(given.type for given in inputs))
        if layout == "channels_first":
            return channels_first(value.type.rank)
        first = inputs[0]
        return first.order if layout == "any" and first.type.rank == value.type.rank else None

    def _region(self, region: Region) -> Region:
        outer, self.converted = self.converted, self.converted.new_child()
        inputs = tuple((name, self.values[value]) for name, value in region.inputs)
        items = tuple(new for item in region.items for new in self.item(item))
        outputs = tuple((name, self.values[value]) for name, value in region.outputs)
        self.converted = outer
        return replace(region, items=items, inputs=inputs, outputs=outputs)
