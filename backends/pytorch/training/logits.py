"""Cross-entropies of a network that ends in a softmax or a sigmoid are taken from its logits.

Keras does so on TensorFlow: a probability that rounds to 0 or 1 has no gradient any more, its logit
has. In training the last activation is left out, the loss takes logits, and predictions get the
activation afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from specc.layer import LAYERS

if TYPE_CHECKING:
    from specc.ir import Graph, Item, Node, Value
    from specc.layer import Layer
    from specc.training.objectives import Objective

ENDINGS = {
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
"""The activation that each of these losses undoes."""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda logits: logits.softmax(-1),
}

Activations = dict[str, Callable[[Tensor], Tensor]]


def from_logits(
    graph: Graph, objectives: Mapping[str, Objective]
) -> tuple[Graph, dict[str, Objective], Activations]:
    """The network to train, its objectives, and by output the activations that were left out."""
    found, left_out = dict(objectives), dict[str, Any]()
    for output, objective in objectives.items():
        ending = ENDINGS.get(objective.loss.name)
        node = _last(graph, graph.outputs[output])
        if node is None or objective.loss.from_logits or _activation(node.layer) != ending:
            continue
        graph = _with_layer(graph, node, _without_activation(node.layer))
        loss = objective.loss.model_copy(update={"from_logits": True})
        found[output] = replace(objective, loss=loss)
        left_out[output] = ACTIVATIONS[ending]
    return graph, found, left_out


def _last(graph: Graph, value: Value) -> Node | None:
    """The node that makes an output, if nothing else takes that value or uses that layer."""
    used = any(value in node.inputs for node in graph.nodes)
    if used or list(graph.outputs.values()).count(value) > 1:
        return None
    maker = next((node for node in graph.nodes if value in node.outputs), None)
    if maker is None or sum(node.owner == maker.owner for node in graph.nodes) > 1:
        return None
    return maker


def _activation(layer: Layer) -> str:
    if type(layer).__name__ == "Softmax":
        return "softmax" if getattr(layer, "axis", None) == -1 else ""
    return getattr(layer, "activation", None) or ""


def _without_activation(layer: Layer) -> Layer:
    if type(layer).__name__ in ("Softmax", "Activation"):
        return LAYERS["Activation"].model_validate({"activation": "linear"})
    return layer.model_copy(update={"activation": None})


def _with_layer(graph: Graph, node: Node, layer: Layer) -> Graph:
    """The graph with another layer at `node`; all values are the same."""

    def changed(item: Item) -> Item:
        if item is node:
            return replace(node, layer=layer)
        if not hasattr(item, "items"):
            return item
        return replace(item, items=tuple(map(changed, item.items)))

    return replace(graph, body=changed(graph.body))
