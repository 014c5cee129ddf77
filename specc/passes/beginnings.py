"""What a network does first with an input: the layers that stand at its beginning."""

from __future__ import annotations

from collections.abc import Iterator

from specc.ir import Graph, Node, Value


def first_layers(graph: Graph, value: Value) -> Iterator[Node]:
    """The layers that take `value`, in order; past augmentation, which inference does without."""
    for node in graph.nodes:
        if value not in node.inputs:
            continue
        if node.layer.augmentation:
            yield from first_layers(graph, node.outputs[0])
        else:
            yield node
