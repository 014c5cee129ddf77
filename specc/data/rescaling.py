"""Whether a network scales its own inputs, so that pixels go in from 0 to 255."""

from __future__ import annotations

from specc.ir import Graph, Node
from specc.layer import LAYERS
from specc.passes.beginnings import augments, first_layers

SCALING = frozenset({"Rescaling", "Normalization"})

KEEPING = frozenset({"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"})
"""Layers that change pixels and leave their range as it is."""
MOVING = frozenset({"padding", "reshaping", "resizing", "slicing"})
"""Families of layers that move pixels, leave some out or take means of them."""


def rescales(graph: Graph) -> bool:
    """Whether the first layer to change the range of each input's pixels is one that scales."""
    firsts = [list(first_layers(graph, value, _keeps_range)) for value in graph.inputs.values()]
    return all(nodes and all(node.type in SCALING for node in nodes) for nodes in firsts)


def _keeps_range(node: Node) -> bool:
    moves = LAYERS.families.get(node.type) in MOVING
    return moves or node.type in KEEPING or augments(node)
