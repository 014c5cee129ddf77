"""The activations that a layer names: what Keras 3's functions mean, with their default constants.

Aliases (`swish`) resolve when the field is validated, so that a layer and a backend see one name
for one function. Keras's `threshold` is not here: it has no default constants, so that Keras itself
cannot call it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator

ACTIVATIONS: Mapping[str, str] = MappingProxyType(
    {
        "celu": "x where x > 0, else exp(x) - 1",
        "elu": "x where x > 0, else exp(x) - 1",
        "exponential": "exp(x)",
        "gelu": "x * (1 + erf(x / sqrt(2))) / 2: exact, not the tanh approximation",
        "glu": "a * sigmoid(b), where a and b are the halves of the last axis, which it halves",
        "hard_shrink": "x where |x| > 0.5, else 0",
        "hard_sigmoid": "min(max(x / 6 + 0.5, 0), 1)",
        "hard_silu": "x * hard_sigmoid(x)",
        "hard_tanh": "min(max(x, -1), 1)",
        "leaky_relu": "x where x > 0, else 0.2 * x",
        "linear": "x",
        "log_sigmoid": "log(1 / (1 + exp(-x)))",
        "log_softmax": "x - log(sum(exp(x))), along the last axis",
        "mish": "x * tanh(log(1 + exp(x)))",
        "relu": "max(x, 0)",
        "relu6": "min(max(x, 0), 6)",
        "selu": "1.05070098 * x where x > 0, else 1.05070098 * 1.67326324 * (exp(x) - 1)",
        "sigmoid": "1 / (1 + exp(-x))",
        "silu": "x * sigmoid(x)",
        "soft_shrink": "x - 0.5 where x > 0.5, x + 0.5 where x < -0.5, else 0",
        "softmax": "exp(x) / sum(exp(x)), along the last axis",
        "softplus": "log(1 + exp(x))",
        "softsign": "x / (1 + |x|)",
        "sparse_plus": "0 where x <= -1, x where x >= 1, else (x + 1)^2 / 4",
        "sparse_sigmoid": "min(max((x + 1) / 2, 0), 1)",
        "sparsemax": "the nearest point of the probability simplex, along the last axis",
        "squareplus": "(x + sqrt(x^2 + 4)) / 2",
        "tanh": "tanh(x)",
        "tanh_shrink": "x - tanh(x)",
    }
)
"""Canonical name → meaning, with the constants of Keras's function."""

ALIASES: Mapping[str, str] = MappingProxyType({"swish": "silu", "hard_swish": "hard_silu"})
"""Alias → canonical name."""

ALONG_CHANNELS = frozenset({"glu", "log_softmax", "softmax", "sparsemax"})
"""Those that work along the last axis, not element by element: a channels-first backend maps it."""

HALVES_CHANNELS = frozenset({"glu"})
"""Those whose output has half the channels of their input."""


def canonical(name: str) -> str:
    """`name`, or what it is an alias of."""
    return ALIASES.get(name, name)


ActivationName = Annotated[
    Literal[
        "celu",
        "elu",
        "exponential",
        "gelu",
        "glu",
        "hard_shrink",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "hard_tanh",
        "leaky_relu",
        "linear",
        "log_sigmoid",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "soft_shrink",
        "softmax",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "sparsemax",
        "squareplus",
        "swish",
        "tanh",
        "tanh_shrink",
    ],
    AfterValidator(canonical),
]
"""The type of a layer's parameter that names an activation; holds the canonical name."""
