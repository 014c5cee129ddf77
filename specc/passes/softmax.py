"""A softmax after the network, so that what it gives are probabilities."""

from __future__ import annotations

from dataclasses import replace

from specc.diagnostics import SpecError
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS


def append_softmax(graph: Graph) -> Graph:
    """The graph as if `- Softmax` stood as the last entry, and its output were the network's.

    Raises `SpecError` (`arity`) unless the network has one output.
    """
    if len(graph.outputs) != 1:
        message = f"a softmax takes one output, the network has {', '.join(graph.outputs)}"
        raise SpecError.of("arity", message)
    (value,) = graph.outputs.values()
    path = _free_name(graph)
    softmax = LAYERS["Softmax"]()
    output = Value(path, value.type)
    node = Node(path, softmax, (value,), (output,), path)
    items = (*graph.body.items, node)
    body = replace(graph.body, items=items, outputs=((path, output),))
    return replace(graph, outputs={path: output}, body=body)


def _free_name(graph: Graph) -> str:
    taken = {*graph.inputs, *(item.path for item in graph.body.items)}
    names = ("softmax", *(f"softmax_{number}" for number in range(1, len(taken) + 1)))
    return next(name for name in names if name not in taken)
