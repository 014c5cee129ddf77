"""The elaborated network: values, layer nodes, and the regions (blocks, loops) they stand in.

Everything is immutable. A value is defined once, before its uses; a region sees the values around
it. The regions are kept so that emitted source can have a class for a block and a loop for a loop;
`Graph.nodes` is the same network flat, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from specc.layer import Layer, WeightDecl
from specc.source import Span
from specc.tensor import DType, TensorType


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor: a model input, or an output of a node.

    order: where the axes of the spec stand in memory: physical axis k is the spec's axis
        `order[k]`. None is the spec's own order; only `specc.passes.layout` makes others.
    """

    name: str
    type: TensorType
    span: Span | None = None
    order: tuple[int, ...] | None = None

    def axis(self, axis: int) -> int:
        """The physical place of the spec's `axis` (negative counts from the end)."""
        logical = axis % self.type.rank
        return logical if self.order is None else self.order.index(logical)

    @property
    def physical(self) -> TensorType:
        """The type as it lies in memory."""
        if self.order is None:
            return self.type
        return self.type.with_shape(tuple(self.type.shape[axis] for axis in self.order))


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One use of a layer.

    path: the dotted path, which is the layer's name everywhere.
    owner: the path whose weights it uses; another's, if the entry is a `reuse`.
    weights: those, own or shared, by canonical short name (`weight`, `bias`, …).
    """

    path: str
    layer: Layer
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    owner: str
    weights: Mapping[str, WeightDecl] = field(default_factory=dict[str, WeightDecl])
    span: Span | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def type(self) -> str:
        """The name of the layer's class."""
        return type(self.layer).__name__

    @property
    def shared(self) -> bool:
        """Whether the weights belong to another use of the layer."""
        return self.owner != self.path


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the network with a path of its own.

    kind: `model`; `block`, a call of a block; `loop`, whose items are its iterations; `iteration`,
        one of them with several entries. An iteration of one unnamed entry is that entry, not a
        region.
    label: the declared name of the block, or the name of the loop.
    inputs: the declared inputs of a block, by name; empty for the others.
    outputs: what the region gives, by name where the spec names it (else `""`).
    owner: the path of the first use, if the entry is a `reuse`.
    """

    path: str
    kind: Literal["model", "block", "loop", "iteration"]
    label: str
    items: tuple[Item, ...]
    inputs: tuple[tuple[str, Value], ...]
    outputs: tuple[tuple[str, Value], ...]
    owner: str
    span: Span | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def shared(self) -> bool:
        return self.owner != self.path

    def descendants(self) -> Iterator[Item]:
        """Everything inside, however deep, in order: a region, then its own items."""
        for item in self.items:
            yield item
            if isinstance(item, Region):
                yield from item.descendants()

    def nodes(self) -> Iterator[Node]:
        """The nodes inside, in order, however deep."""
        return (item for item in self.descendants() if isinstance(item, Node))


Item = Node | Region


@dataclass(frozen=True, eq=False)
class Graph:
    """A whole network.

    inputs, outputs: by name, in order.
    params, sizes: the values of the file's params, and of symbols of its inputs, that it was
        elaborated with.
    """

    name: str
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    body: Region
    description: str = ""
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self.body.nodes())

    @cached_property
    def makers(self) -> Mapping[Value, Node]:
        """The node that gives each value; inputs have none."""
        return {value: node for node in self.nodes for value in node.outputs}

    @property
    def dtypes(self) -> frozenset[DType]:
        """The types of all values."""
        return frozenset(value.type.dtype for value in (*self.inputs.values(), *self.makers))

    @cached_property
    def weights(self) -> Mapping[str, WeightDecl]:
        """Every weight once, by dotted key, in the order of the emitted PyTorch `state_dict`."""
        return {
            f"{node.path}.{name}": weight
            for node in self.nodes
            if not node.shared
            for name, weight in node.weights.items()
        }

    @property
    def parameters(self) -> int:
        """The number of all weights' elements, as Keras counts them (moving averages too)."""
        return sum(weight.elements for weight in self.weights.values())

    @property
    def trainable_parameters(self) -> int:
        return sum(weight.elements for weight in self.weights.values() if weight.trainable)

    def __str__(self) -> str:
        return graph_text(self)


def graph_text(graph: Graph) -> str:
    """The graph as `specc expand` prints it: one line a node, regions indented."""
    lines = [f"graph {graph.name}"]
    lines += [f"  input {name}: {value.type}" for name, value in graph.inputs.items()]
    for item in graph.body.items:
        lines += _item_lines(item, "  ")
    lines += [
        f"  output {name} = {value.name}: {value.type}" for name, value in graph.outputs.items()
    ]
    return "\n".join(lines) + "\n"


def _item_lines(item: Item, indent: str) -> list[str]:
    if isinstance(item, Node):
        return [indent + _node_text(item)]
    shared = f" reuses {item.owner}" if item.shared else ""
    lines = [f"{indent}{item.kind} {item.path} ({item.label}){shared}"]
    for child in item.items:
        lines += _item_lines(child, indent + "  ")
    return lines


def _node_text(node: Node) -> str:
    inputs = ", ".join(value.name for value in node.inputs)
    types = ", ".join(str(value.type) for value in node.outputs)
    shared = f" reuses {node.owner}" if node.shared else ""
    return f"{node.path} = {node.layer} <- {inputs}: {types}{shared}"
