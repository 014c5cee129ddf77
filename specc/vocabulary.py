"""The words of PyTorch and other tools, and the Keras words that specc uses instead."""

from __future__ import annotations

from collections.abc import Iterable

from specc.names import nearest

LAYER_WORDS = {
    "Linear": "Dense",
    "Conv": "Conv2D",
    "Convolution2D": "Conv2D",
    "MaxPool2d": "MaxPooling2D",
    "MaxPool": "MaxPooling2D",
    "AvgPool2d": "AveragePooling2D",
    "AveragePool": "AveragePooling2D",
    "AdaptiveAvgPool2d": "GlobalAveragePooling2D",
    "GlobalAveragePool": "GlobalAveragePooling2D",
    "AdaptiveMaxPool2d": "GlobalMaxPooling2D",
    "BatchNorm": "BatchNormalization",
    "BatchNorm1d": "BatchNormalization",
    "BatchNorm2d": "BatchNormalization",
    "LayerNorm": "LayerNormalization",
    "LocalResponseNorm": "LocalResponseNormalization",
    "LRN": "LocalResponseNormalization",
    "ZeroPad2d": "ZeroPadding2D",
    "Cat": "Concatenate",
    "Concat": "Concatenate",
    "Mul": "Multiply",
    "View": "Reshape",
    "Gelu": "Activation",
    "GELU": "Activation",
    "SiLU": "Activation",
    "Sigmoid": "Activation",
    "Tanh": "Activation",
    "RandomHorizontalFlip": "RandomFlip",
    "RandomVerticalFlip": "RandomFlip",
    "Gemm": "Dense",
}
"""Layers, as other tools call them."""

PARAMETER_WORDS = {
    "out_channels": "filters",
    "out_features": "units",
    "kernel": "kernel_size",
    "stride": "strides",
    "dilation": "dilation_rate",
    "dilations": "dilation_rate",
    "bias": "use_bias",
    "eps": "epsilon",
    "p": "rate",
    "alpha": "negative_slope",
    "pads": "padding",
    "pad": "padding",
    "group": "groups",
    "dim": "axis",
    "size": "pool_size",
    "normalized_shape": "axis",
    "elementwise_affine": "scale",
    "shape": "target_shape",
    "degrees": "factor",
}
"""Parameters, as other tools call them; used where the layer has the Keras word."""

NEEDLESS_PARAMETERS = {
    "in_channels": "the input's channels are inferred: leave it out",
    "in_features": "the input's size is inferred: leave it out",
    "num_features": "the input's channels are inferred: leave it out",
    "input_shape": "shapes are inferred from `inputs`: leave it out",
    "input_dim": "shapes are inferred from `inputs`: leave it out",
    "data_format": "a spec is always channels last: leave it out",
    "inplace": "memory is the backend's business: leave it out",
    "name": "write `name` beside the layer, not among its parameters",
    "inputs": "write `inputs` beside the layer, not among its parameters",
    "when": "write `when` beside the layer, not among its parameters",
    "affine": "write `center` and `scale`",
    "track_running_stats": "moving averages are always kept: leave it out",
    **dict.fromkeys(
        ("kernel_constraint", "bias_constraint", "beta_constraint", "gamma_constraint"),
        "constraints belong to training: apply them there, after each step",
    ),
    "activity_regularizer": "a penalty on activations belongs to training: add it to the loss",
    "synchronized": "how a batch is shared out belongs to training: leave it out",
    "renorm": "batch renormalization is not part of the language: leave it out",
}
"""Parameters that specc does not need, or leaves to others."""


def suggest_layer(name: str, known: Iterable[str]) -> str:
    """A help line for a layer that does not exist; empty if nothing is like it."""
    words = {word.lower(): layer for word, layer in LAYER_WORDS.items()}
    match = words.get(name.lower()) or nearest(name, [*known, *LAYER_WORDS])
    match = LAYER_WORDS.get(match, match)
    return f"did you mean `{match}`?" if match else "`specc layers` lists the layers there are"


def meant_parameter(name: str, known: Iterable[str]) -> str:
    """The parameter that `name` most likely stands for; empty if none is like it."""
    known = tuple(known)
    word = PARAMETER_WORDS.get(name, "")
    return word if word in known else nearest(name, known)


def suggest_parameter(name: str, known: Iterable[str]) -> str:
    """A help line for a parameter that the layer does not have."""
    known = tuple(known)
    if name in NEEDLESS_PARAMETERS:
        return NEEDLESS_PARAMETERS[name]
    match = meant_parameter(name, known)
    if match and match == PARAMETER_WORDS.get(name):
        return f"specc uses Keras's words: `{name}` is `{match}`"
    if match:
        return f"did you mean `{match}`?"
    return f"it has {', '.join(f'`{item}`' for item in known)}" if known else "it has no parameters"
