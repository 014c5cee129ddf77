"""Whether a network scales its own inputs, so that pixels go in from 0 to 255."""

from __future__ import annotations

from specc.ir import Graph, Value

SCALING = frozenset({"Rescaling", "Normalization"})

AUGMENTATION = frozenset({"RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation"})
"""What may stand before it."""


def rescales(graph: Graph) -> bool:
    """Whether every use of an input is, or leads through augmentation to, a layer that scales."""
    return all(_scaled(graph, value) for value in graph.inputs.values())


def _scaled(graph: Graph, value: Value) -> bool:
    users = [node for node in graph.nodes if value in node.inputs]
    return bool(users) and all(
        node.type in SCALING or (node.type in AUGMENTATION and _scaled(graph, node.outputs[0]))
        for node in users
    )
