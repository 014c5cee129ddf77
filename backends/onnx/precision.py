"""Float32 ops made to compute in float16 or bfloat16, with weights that are stored so.

Which ops do is as in PyTorch's autocast: products are computed in low precision, sums of many
numbers and functions that leave its range in float32, and all else as its inputs are. Inputs and
outputs of the network keep their types.

Source: https://docs.pytorch.org/docs/stable/amp.html, "CUDA Op-Specific Behavior".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from ml_dtypes import finfo

from specc.diagnostics import SpecError
from specc.exporting import Precision
from specc.ir import Graph, Node
from specc.layer import LAYERS
from specc.tensor import FLOATS, TensorType

from .graph import numpy_dtype, onnx_dtype, unique_name
from .ops import Array, Op, OpGraph, Tensor, nested
from .opsets import takes

Low = Literal["float16", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

PRODUCTS = {"Conv", "ConvTranspose", "Einsum", "GRU", "Gemm", "LSTM", "MatMul", "RNN"}
"""They are computed in low precision, whatever their inputs are."""

SENSITIVE = {
    "Cos",
    "CumSum",
    "Exp",
    "GroupNormalization",
    "InstanceNormalization",
    "LRN",
    "LayerNormalization",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "Pow",
    "RMSNormalization",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "STFT",
    "Sin",
    "Softmax",
    "Softplus",
}
"""They are computed in float32, whatever their inputs are."""


def known_precision(precision: Precision) -> Precision:
    """`precision`, if it is one: nothing checks the type of what Python code passes."""
    if precision in PRECISIONS:
        return precision
    message = f"expected precision float32, float16 or bfloat16, received {precision!r}"
    raise SpecError.of("invalid-input", message)


EXACT = {"audio", "preprocessing"}
"""The families of layers that are computed in float32: a spectrum has too great a range."""


def lower_precision(graph: Graph, ops: OpGraph, dtype: Low, opset: int) -> None:
    """Compute in `dtype` what can be.

    Raises `SpecError` (`precision-overflow`) when a weight that it cannot hold is written.
    """
    exact = {node.path for node in graph.nodes if _is_exact(node)}
    casting = _Casting(ops, dtype, opset, {op.name for op in nested(ops.ops)}, exact)
    for op in ops.ops:
        casting.add(op)
    ops.ops = casting.ops


def _is_exact(node: Node) -> bool:
    """Whether a layer is computed in float32: so is what ends in integers, rounded once more."""
    floats = any(value.type.dtype in FLOATS for value in node.outputs)
    return not floats or LAYERS.families.get(node.type) in EXACT


@dataclass(slots=True)
class _Casting:
    """The ops so far.

    exact: the paths of layers that stay in float32.
    low: what stands for a float32 tensor in low precision, where there is such a thing.
    made: the float32 tensors that are computed in low precision.
    restored: those of them that were cast to float32 after that.
    """

    graph: OpGraph
    dtype: Low
    opset: int
    names: set[str]
    exact: set[str]
    ops: list[Op] = field(default_factory=list[Op])
    low: dict[Tensor, Tensor] = field(default_factory=dict[Tensor, Tensor])
    made: set[Tensor] = field(default_factory=set[Tensor])
    restored: set[Tensor] = field(default_factory=set[Tensor])
    stored: frozenset[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.stored = frozenset(self.graph.stored)

    def add(self, op: Op) -> None:
        """Add an op, in the precision that suits it, after the casts that it needs."""
        if not self._is_low(op):
            for tensor in op.reads:
                self.restore(tensor, op.name)
            self.ops.append(op)
            return
        fits = takes(op, self.dtype, self.opset)
        inputs = tuple(
            self._lowered(tensor, op.name) if tensor in _floats(op) and fit else tensor
            for tensor, fit in zip(op.inputs, fits, strict=True)
        )
        outputs = tuple(self._output(tensor, op.name) for tensor in op.outputs)
        self.ops.append(replace(op, inputs=inputs, outputs=outputs))
        for tensor in op.outputs:
            if tensor in self.graph.outputs:
                self.restore(tensor, op.name)

    def restore(self, tensor: Tensor, reader: str) -> None:
        """Have a tensor in float32, for the op called `reader`."""
        if tensor in self.made - self.restored:
            self.restored.add(tensor)
            self.graph.names[tensor] = f"{self.graph.names[self.low[tensor]]}.float32"
            self._cast(self.low[tensor], tensor, reader)

    def _is_low(self, op: Op) -> bool:
        """Whether an op is computed in low precision."""
        floats = _floats(op)
        if not floats or op.bodies or op.kind in SENSITIVE or _is_square(op):
            return False
        if not self.exact.isdisjoint(op.scopes):
            return False
        fits = takes(op, self.dtype, self.opset)
        if not fits[op.inputs.index(floats[0])] or not all(map(self._holds, floats)):
            return False
        known = all(tensor in self.made or tensor in self.stored for tensor in floats)
        return op.kind in PRODUCTS or known

    def _holds(self, tensor: Tensor) -> bool:
        """Whether low precision has the numbers of a constant: no small epsilon, no -1e9."""
        constant = self.graph.constants.get(tensor)
        if constant is None:
            return True
        limits, finite = finfo(self.dtype), np.abs(constant[np.isfinite(constant)])
        least, most = float(limits.smallest_normal), float(limits.max)
        return bool(((finite == 0) | ((finite >= least) & (finite <= most))).all())

    def _lowered(self, tensor: Tensor, reader: str) -> Tensor:
        """What stands for a float32 tensor, made for the op called `reader` if it is not there."""
        if tensor not in self.low and tensor in self.stored:
            self.low[tensor] = self._stored(tensor)
        elif tensor not in self.low:
            self.low[tensor] = low = Tensor(self._type(tensor))
            self.graph.names[low] = f"{self.graph.names.get(tensor, reader)}.{self.dtype}"
            self._cast(tensor, low, reader)
        return self.low[tensor]

    def _output(self, tensor: Tensor, maker: str) -> Tensor:
        if tensor.type.dtype != "float32":
            return tensor
        self.low[tensor] = low = Tensor(self._type(tensor))
        self.graph.names[low] = self.graph.names.get(tensor, maker)
        self.made.add(tensor)
        return low

    def _stored(self, tensor: Tensor) -> Tensor:
        name, dtype = self.graph.names[tensor], self.dtype
        return self.graph.derive(
            name, self._type(tensor), [tensor], lambda array: _stored(array, dtype, name)
        )

    def _type(self, tensor: Tensor) -> TensorType:
        return TensorType(tensor.type.shape, self.dtype)

    def _cast(self, source: Tensor, target: Tensor, reader: str) -> None:
        name = unique_name(f"{reader}.cast", self.names)
        to = {"to": onnx_dtype(target.type.dtype)}
        self.ops.append(Op("Cast", name, (source,), (target,), to))


def _floats(op: Op) -> list[Tensor]:
    return [x for x in op.inputs if x is not None and x.type.dtype == "float32"]


def _is_square(op: Op) -> bool:
    """Whether an op multiplies a tensor by itself, which overflows where that is above 255."""
    return op.kind == "Mul" and op.inputs[0] is op.inputs[1]


def _stored(array: Array, dtype: Low, name: str) -> Array:
    """A weight or a constant. Raises `SpecError` if it has numbers that are too large."""
    limit = float(finfo(dtype).max)
    largest = np.max(np.abs(array), initial=0, where=np.isfinite(array))
    if largest <= limit:
        return array.astype(numpy_dtype(dtype))
    raise SpecError.of(
        "precision-overflow",
        f"{dtype} holds no number beyond {limit:.6g}, `{name}` has {largest:.6g}",
        help="export in bfloat16, which has the range of float32, or in float32",
    )
