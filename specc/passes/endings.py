"""How a network ends: whether an output gives probabilities, or surely gives none.

Losses and metrics take the one or the other. What depends on more than the layers at the end (a
sum, a concatenation) is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from specc.ir import Graph, Node, Value

Kind = Literal["softmax", "sigmoid", "open", "unknown"]

_KINDS: dict[str, Kind] = {
    "softmax": "softmax",
    "sparsemax": "softmax",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "sigmoid",
    "sparse_sigmoid": "sigmoid",
}
"""The activations that give probabilities; no other stays between 0 and 1."""

_OPEN = frozenset({"LeakyReLU", "BatchNormalization", "LayerNormalization", "Rescaling"})
_KEEP_VALUES = frozenset({"Flatten", "Reshape", "Dropout"})
_KEEP_RANGE = frozenset({"AveragePooling2D", "GlobalAveragePooling2D"})
"""An average of probabilities is one: convolutional classifiers end so."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the values of an output are.

    kind: `softmax`, probabilities that sum to one over the last axis; `sigmoid`, a probability
        each; `open`, surely neither; `unknown` where the layers at the end do not tell.
    maker: the layer that makes them so; None if nothing is known.
    """

    kind: Kind
    maker: Node | None = None

    @property
    def activation(self) -> str:
        """The activation of `maker` in words."""
        if self.maker is None:
            return "unknown"
        if self.maker.type == "Softmax":
            return "softmax"
        return getattr(self.maker.layer, "activation", None) or "linear"


def ending(graph: Graph, value: Value) -> Ending:
    """What the values of `value`, an output of `graph`, are."""
    while (maker := graph.makers.get(value)) is not None and _keeps(maker):
        value = maker.inputs[0]
    if maker is None:
        return Ending("unknown")
    kind = _kind(maker)
    return Ending(kind, None if kind == "unknown" else maker)


def _keeps(node: Node) -> bool:
    """Whether the last axis of the output holds values as that of the input does."""
    before, after = node.inputs[0].type, node.outputs[0].type
    known = node.type in _KEEP_VALUES | _KEEP_RANGE
    return known and before.shape[-1:] == after.shape[-1:]


def _kind(node: Node) -> Kind:
    if node.type == "Softmax":
        rank = node.inputs[0].type.rank
        axes = getattr(node.layer, "axis", None)
        return "softmax" if axes in (-1, (-1,), rank - 1, (rank - 1,)) else "unknown"
    if node.type in ("Dense", "Conv2D", "Activation"):
        return _KINDS.get(getattr(node.layer, "activation", None) or "linear", "open")
    if node.type == "ReLU":
        return "open" if getattr(node.layer, "max_value", None) is None else "unknown"
    return "open" if node.type in _OPEN else "unknown"
