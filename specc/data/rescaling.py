"""Whether a network scales its own inputs, so that pixels go in from 0 to 255."""

from __future__ import annotations

from specc.ir import Graph
from specc.passes.beginnings import first_layers

SCALING = frozenset({"Rescaling", "Normalization"})


def rescales(graph: Graph) -> bool:
    """Whether the first layer that each input meets, past augmentation, is one that scales."""
    firsts = [list(first_layers(graph, value)) for value in graph.inputs.values()]
    return all(nodes and all(node.type in SCALING for node in nodes) for nodes in firsts)
