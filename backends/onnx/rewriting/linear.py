"""Convolutions and products with a stored kernel, which take in what is done to their output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from specc.backends.onnx.graph import numpy_dtype
from specc.backends.onnx.ops import Array, Op, OpGraph, Tensor
from specc.dims import known
from specc.tensor import DType

from .rewriter import Rewriter

KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Linear:
    """An op with a stored kernel, and perhaps a stored bias.

    kernel_axis: along which the channels of the output lie in the kernel. axis: in the output.
    """

    op: Op
    kernel: Tensor
    bias: Tensor | None
    kernel_axis: int
    axis: int

    @property
    def channels(self) -> int:
        """Of the output."""
        return known(self.kernel.type.shape[self.kernel_axis])

    @property
    def has_place_for_bias(self) -> bool:
        return self.op.kind != "MatMul"

    def changed(
        self,
        graph: OpGraph,
        outputs: tuple[Tensor, ...],
        *,
        factor: Tensor | None = None,
        shift: Tensor | None = None,
        name: str = "",
    ) -> Op:
        """The op that gives its output times a factor plus a shift, for each channel or for all.

        name: what a bias is to be called where there was none.
        """
        kernel, bias = self.kernel, self.bias
        given = {"bias": bias, "factor": factor, "shift": shift}
        found = {role: tensor for role, tensor in given.items() if tensor}
        if factor:
            kernel = graph.derive(
                graph.names[kernel], kernel.type, (kernel, factor), _scaled, axis=self.kernel_axis
            )
        if bias or shift:
            bias = graph.derive(
                graph.names[bias] if bias else name,
                kernel.type.with_shape((self.channels,)),
                tuple(found.values()),
                _affine,
                roles=tuple(found),
                channels=self.channels,
                dtype=kernel.type.dtype,
            )
        inputs = (self.op.inputs[0], kernel, *([bias] if bias else []))
        return replace(self.op, inputs=inputs, outputs=outputs)


def linear(rewriter: Rewriter, tensor: Tensor | None) -> Linear | None:
    """What makes a tensor, if it is such an op and nothing else reads what it gives."""
    op = rewriter.maker(tensor, *KINDS)
    if op is None or not rewriter.is_stored(*op.inputs[1:]):
        return None
    (_, kernel, *bias), (output,) = op.inputs, op.outputs
    kernel_axis = _kernel_axis(op)
    if kernel is None or kernel_axis is None:
        return None
    axis = output.type.rank - 1 if op.kind == "MatMul" else 1
    return Linear(op, kernel, bias[0] if bias else None, kernel_axis, axis)


def _kernel_axis(op: Op) -> int | None:
    match op.kind:
        case "Conv":
            return 0
        case "ConvTranspose":
            return 1 if op.attributes.get("group", 1) == 1 else None
        case "Gemm":
            return 0 if op.attributes.get("transB") else 1
        case _:
            return 1 if op.inputs[1] and op.inputs[1].type.rank == 2 else None


def _scaled(kernel: Array, factor: Array, *, axis: int) -> Array:
    shape = [-1 if each == axis else 1 for each in range(kernel.ndim)]
    return kernel * factor.astype(kernel.dtype).reshape(shape)


def _affine(*arrays: Array, roles: Sequence[str], channels: int, dtype: DType) -> Array:
    """The bias times the factor plus the shift, of those that there are."""
    found = dict(zip(roles, (array.reshape(-1) for array in arrays), strict=True))
    bias = found.get("bias", 0.0) * found.get("factor", 1.0) + found.get("shift", 0.0)
    return np.broadcast_to(bias, (channels,)).astype(numpy_dtype(dtype))
