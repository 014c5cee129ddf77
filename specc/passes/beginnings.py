"""What a network does first with an input: the layers that stand at its beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from specc.ir import Graph, Node, Value


def augments(node: Node) -> bool:
    """Whether inference does without the layer."""
    return node.layer.augmentation


def first_layers(
    graph: Graph, value: Value, past: Callable[[Node], bool] = augments
) -> Iterator[Node]:
    """The layers that take `value`, in order, or what those make of it that are looked `past`."""
    found = {value}
    for node in graph.nodes:
        if found.isdisjoint(node.inputs):
            continue
        if past(node):
            found.update(node.outputs)
        else:
            yield node
