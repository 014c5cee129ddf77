"""Activations as functions, with Keras's constants: see `specc.activations`."""

from __future__ import annotations

from specc.activations import ALONG_CHANNELS
from specc.emit.code import Code, Function, Literal, call
from specc.ir import Value

from .site import Site

FUNCTIONS = {
    "celu": "F.celu",
    "elu": "F.elu",
    "exponential": "torch.exp",
    "gelu": "F.gelu",
    "glu": "F.glu",
    "hard_shrink": "F.hardshrink",
    "hard_sigmoid": "F.hardsigmoid",
    "hard_silu": "F.hardswish",
    "hard_tanh": "F.hardtanh",
    "leaky_relu": "F.leaky_relu",
    "log_sigmoid": "F.logsigmoid",
    "log_softmax": "F.log_softmax",
    "mish": "F.mish",
    "relu": "F.relu",
    "relu6": "F.relu6",
    "selu": "F.selu",
    "sigmoid": "torch.sigmoid",
    "silu": "F.silu",
    "soft_shrink": "F.softshrink",
    "softmax": "F.softmax",
    "softplus": "F.softplus",
    "softsign": "F.softsign",
    "sparse_plus": "sparse_plus",
    "sparse_sigmoid": "sparse_sigmoid",
    "sparsemax": "sparsemax",
    "squareplus": "squareplus",
    "tanh": "torch.tanh",
    "tanh_shrink": "F.tanhshrink",
}
"""Those with a dot are PyTorch's, the others are of `helpers/`."""


CONSTANTS: dict[str, dict[str, float]] = {"leaky_relu": {"negative_slope": 0.2}}
"""Arguments where Keras's default is not PyTorch's."""


def activate(name: str | None, x: Code, site: Site) -> Code:
    """The activation `name` of `x`, which lies in memory as the node's first output does."""
    if name is None or name == "linear":
        return x
    function = FUNCTIONS[name]
    if "." not in function:
        function = site.helper(function)
    if name in ALONG_CHANNELS:
        return call(function, x, dim=last_axis(site.node.outputs[0]))
    if name in CONSTANTS:
        return call(function, x, **CONSTANTS[name])
    return call(Literal(Function(function), "activation"), x)


def last_axis(value: Value) -> int:
    """The physical place of the channels: -1 if they are last in memory too."""
    return -1 if value.order is None else value.axis(-1)
