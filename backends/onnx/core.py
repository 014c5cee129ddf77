"""The basic layers in ONNX."""

from __future__ import annotations

from specc.einsum import einsum_letters

from .activations import activate
from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("Dense")
def dense(build: Builder, x: Tensor) -> Tensor:
    """Gemm takes the kernel as it is, but only matrices; else it is transposed for MatMul."""
    if x.type.rank == 2:
        y = build.op("Gemm", x, *build.weights(), type=build.output, transB=1)
        return activate(build, build.layer.activation, y)
    kernel, *bias = build.weights()
    y = build.op("MatMul", x, build.transpose(kernel, (1, 0), suffix="kernel"), type=build.output)
    if bias:
        y = build.op("Add", y, *bias)
    return activate(build, build.layer.activation, y)


@LOWERINGS.add("EinsumDense")
def einsum_dense(build: Builder, x: Tensor) -> Tensor:
    kernel, *bias = build.weights()
    equation = einsum_letters(build.layer.equation, x.type).equation
    y = build.op("Einsum", x, kernel, type=build.output, equation=equation)
    if bias:
        y = build.op("Add", y, *bias)
    return activate(build, build.layer.activation, y)


@LOWERINGS.add("Activation")
def activation(build: Builder, x: Tensor) -> Tensor:
    return activate(build, build.layer.activation, x)


@LOWERINGS.add("Identity")
def identity(build: Builder, x: Tensor) -> Tensor:
    return x
