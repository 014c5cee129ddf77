"""The colours of layers by what they do; they read on a light ground and on a dark one."""

from __future__ import annotations

from specc.layer import LAYERS

COLOURS = {
    "convolution": "#4c78a8",
    "dense": "#7b61b0",
    "recurrent": "#94703f",
    "attention": "#c2578c",
    "embedding": "#a8891c",
    "pooling": "#4a9457",
    "normalization": "#3a9a9a",
    "activation": "#dd8426",
    "merging": "#c9513f",
    "shape": "#7688a0",
    "regularization": "#8b8b93",
    "block": "#6b7280",
    "terminal": "#6b7280",
}
"""By group."""

_GROUPS = {
    "activation": "activation",
    "adaptive_pooling": "pooling",
    "attention": "attention",
    "convlstm": "recurrent",
    "convolution": "convolution",
    "core": "dense",
    "depthwise_convolution": "convolution",
    "embedding": "embedding",
    "encoding": "embedding",
    "global_pooling": "pooling",
    "merging": "merging",
    "normalization": "normalization",
    "pooling": "pooling",
    "position_bias": "embedding",
    "recurrent": "recurrent",
    "regularization": "regularization",
    "transposed_convolution": "convolution",
}

_EXCEPTIONS = {"Activation": "activation", "Identity": "shape"}


def group_of(layer: str) -> str:
    """The group of a layer; what has none of its own, a plugin's layer too, is of `shape`."""
    return _EXCEPTIONS.get(layer) or _GROUPS.get(LAYERS.families.get(layer, ""), "shape")
