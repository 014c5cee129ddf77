"""The activations by name, as ops of ONNX; for layers and for their `activation=`.

The meaning is that of `specc.activations`, with every constant written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specc.tensor import TensorType

from .graph import Builder, Tensor

Activate = Callable[[Builder, Tensor, int], Tensor]
"""From a tensor and its axis of channels, as it lies in memory."""


def activate(build: Builder, name: str | None, x: Tensor) -> Tensor:
    """`x` after the activation of that name; `x` itself for None.

    x: lies in memory as the layer's first output does.
    """
    return ACTIVATIONS[name or "linear"](build, x, build.node.outputs[0].axis(-1))


def clip(build: Builder, x: Tensor, low: float | None, high: float | None) -> Tensor:
    """`x` held between two bounds, of which one may be None."""
    bounds = [None if bound is None else build.scalar(bound, x) for bound in (low, high)]
    return build.op("Clip", x, *bounds)


def _op(kind: str, **attributes: Any) -> Activate:
    """One op is all."""
    return lambda build, x, axis: build.op(kind, x, **attributes)


def _along(kind: str) -> Activate:
    """One op that works along the channels."""
    return lambda build, x, axis: build.op(kind, x, axis=axis)


def _clip(low: float, high: float) -> Activate:
    return lambda build, x, axis: clip(build, x, low, high)


def _linear(build: Builder, x: Tensor, axis: int) -> Tensor:
    return x


def _silu(build: Builder, x: Tensor, axis: int) -> Tensor:
    return build.op("Mul", x, build.op("Sigmoid", x))


def _log_sigmoid(build: Builder, x: Tensor, axis: int) -> Tensor:
    return build.op("Neg", build.op("Softplus", build.op("Neg", x)))


def _tanh_shrink(build: Builder, x: Tensor, axis: int) -> Tensor:
    return build.op("Sub", x, build.op("Tanh", x))


def _squareplus(build: Builder, x: Tensor, axis: int) -> Tensor:
    square = build.op("Add", build.op("Mul", x, x), build.scalar(4, x))
    return build.op("Mul", build.op("Add", x, build.op("Sqrt", square)), build.scalar(0.5, x))


def _sparse_plus(build: Builder, x: Tensor, axis: int) -> Tensor:
    """Between -1 and 1 the parabola lies above `x`, which it meets at 1: the greater is meant."""
    inside = build.op("Add", clip(build, x, -1, 1), build.scalar(1, x))
    parabola = build.op("Mul", build.op("Mul", inside, inside), build.scalar(0.25, x))
    return build.op("Max", x, parabola)


def _glu(build: Builder, x: Tensor, axis: int) -> Tensor:
    half = x.type.with_size(axis, x.type.shape[axis] // 2)
    value, gate = build.ops("Split", x, types=(half, half), axis=axis, num_outputs=2)
    return build.op("Mul", value, build.op("Sigmoid", gate))


def _sparsemax(build: Builder, x: Tensor, axis: int) -> Tensor:
    """max(x - t, 0), where t is the greatest of (sum of the k largest - 1) / k over all k."""
    sizes = build.op("Shape", x, type=TensorType((x.type.rank,), "int64"))
    length = build.op("Shape", x, type=TensorType((1,), "int64"), start=axis, end=axis + 1)
    indices = TensorType(x.type.shape, "int64")
    largest, _ = build.ops("TopK", x, length, types=(x.type, indices), axis=axis)
    along = build.constant(axis, "axis", "int64")
    ones = build.op("Expand", build.scalar(1, x), sizes, type=x.type)
    sums = build.op("CumSum", largest, along)
    counts = build.op("CumSum", ones, along)
    thresholds = build.op("Div", build.op("Sub", sums, build.scalar(1, x)), counts)
    threshold = build.reduce("ReduceMax", thresholds, (axis,))
    return build.op("Relu", build.op("Sub", x, threshold))


ACTIVATIONS: dict[str, Activate] = {
    "celu": _op("Celu", alpha=1.0),
    "elu": _op("Elu", alpha=1.0),
    "exponential": _op("Exp"),
    "gelu": _op("Gelu", approximate="none"),
    "glu": _glu,
    "hard_shrink": _op("Shrink", lambd=0.5, bias=0.0),
    "hard_sigmoid": _op("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _op("HardSwish"),
    "hard_tanh": _clip(-1, 1),
    "leaky_relu": _op("LeakyRelu", alpha=0.2),
    "linear": _linear,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": _along("LogSoftmax"),
    "mish": _op("Mish"),
    "relu": _op("Relu"),
    "relu6": _clip(0, 6),
    "selu": _op("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    "sigmoid": _op("Sigmoid"),
    "silu": _silu,
    "soft_shrink": _op("Shrink", lambd=0.5, bias=0.5),
    "softmax": _along("Softmax"),
    "softplus": _op("Softplus"),
    "softsign": _op("Softsign"),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _op("HardSigmoid", alpha=0.5, beta=0.5),
    "sparsemax": _sparsemax,
    "squareplus": _squareplus,
    "tanh": _op("Tanh"),
    "tanh_shrink": _tanh_shrink,
}
