"""A softmax after the network, so that what it gives are probabilities."""

from __future__ import annotations

from dataclasses import replace

from specc.diagnostics import SpecError
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS, Layer
from specc.names import free_name


def append_softmax(graph: Graph) -> Graph:
    """The graph as if `- Softmax` stood as the last entry, and its output were the network's.

    Raises `SpecError`: `arity` unless the network has one output, `invalid-input` if a softmax
    makes it already.
    """
    if len(graph.outputs) != 1:
        message = f"a softmax takes one output, the network has {', '.join(graph.outputs)}"
        raise SpecError.of("arity", message)
    (value,) = graph.outputs.values()
    if any(value in node.outputs and _is_softmax(node.layer) for node in graph.nodes):
        message = "the network ends in a softmax: its outputs are probabilities already"
        raise SpecError.of("invalid-input", message)
    path = free_name("softmax", {*graph.inputs, *(item.path for item in graph.body.items)})
    softmax = LAYERS["Softmax"]()
    output = Value(path, value.type)
    node = Node(path, softmax, (value,), (output,), path)
    items = (*graph.body.items, node)
    body = replace(graph.body, items=items, outputs=((path, output),))
    return replace(graph, outputs={path: output}, body=body)


def _is_softmax(layer: Layer) -> bool:
    return type(layer).__name__ == "Softmax" or getattr(layer, "activation", None) == "softmax"
