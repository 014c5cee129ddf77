"""What a lowering writes with: ops of ONNX on typed tensors, named after the layer's path.

A lowering is a function from a `Builder` and the layer's input tensors to its output tensors:

    @LOWERINGS.add("Softplus")
    def softplus(build: Builder, x: Tensor) -> Tensor:
        return build.op("Softplus", x)

It may return an input: such a layer is absent from the ONNX graph. Every tensor has a static type,
from which the model gets its `value_info`: as it lies in memory, not as in the spec.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import TensorProto
from onnx.helper import tensor_dtype_to_np_dtype

from specc.backend import Lowerings
from specc.diagnostics import SpecError
from specc.dims import Shape, Size, known, product
from specc.ir import Node
from specc.passes.appended import TOP_K
from specc.passes.layout import REORDER, permutation
from specc.tensor import DType, TensorType

from .ops import Array, Body, Op, OpGraph, Tensor

ONNX_DTYPES = {"float32": "FLOAT", "float64": "DOUBLE"}
"""The dtypes that ONNX does not call as we do, in capitals."""

MAX_BYTES = 2**31 - 2**24
"""The 2 GiB of a protocol buffer, less what the nodes and names of the largest network take."""


@dataclass(slots=True)
class Builder:
    """Adds the ops of one layer."""

    node: Node
    graph: OpGraph
    names: set[str] = field(default_factory=set[str])

    @property
    def layer(self) -> Any:
        return self.node.layer

    @property
    def output(self) -> TensorType:
        """The type of the layer's first output, as it lies in memory."""
        return self.node.outputs[0].physical

    def op(
        self,
        kind: str,
        *inputs: Tensor | None,
        type: TensorType | None = None,
        suffix: str = "",
        **attributes: Any,
    ) -> Tensor:
        """The output of an op of `kind`.

        type: of the output; that of the first input if absent.
        suffix: names an op that only prepares for the main one, which has the layer's own name.
        """
        types = [type] if type else [x.type for x in inputs[:1] if x]
        (output,) = self.ops(kind, *inputs, types=types, suffix=suffix, **attributes)
        return output

    def ops(
        self,
        kind: str,
        *inputs: Tensor | None,
        types: Sequence[TensorType],
        suffix: str = "",
        **attributes: Any,
    ) -> tuple[Tensor, ...]:
        """The outputs of an op that has several, of the given `types`."""
        outputs = tuple(Tensor(type) for type in types)
        name = self._op_name(kind.lower(), suffix)
        self.graph.ops.append(Op(kind, name, inputs, outputs, attributes))
        for tensor in outputs:
            self.graph.names[tensor] = f"{self.node.path}.{suffix or kind.lower()}"
        return outputs

    def body(self, inputs: Sequence[Tensor], make: Callable[..., Sequence[Tensor]]) -> Body:
        """The graph of the ops that `make` adds, from `inputs` to what it gives."""
        around, self.graph.ops = self.graph.ops, []
        free = {self.node.path} - self.names  # the name is for the op that has the body
        self.names |= free
        outputs = tuple(make(*inputs))
        made, self.graph.ops = self.graph.ops, around
        self.names -= free
        for tensor in inputs:
            self.graph.names[tensor] = f"{self.node.path}.step"
        return Body(tuple(inputs), outputs, tuple(made))

    def weight(self, name: str) -> Tensor:
        """The weight of that short name, in the dtype of the layer's output."""
        return self.cast(self._weight(name), self.output.dtype)

    def _weight(self, name: str) -> Tensor:
        key = f"{self.node.owner}.{name}"
        if key not in self.graph.weights:
            self.graph.weights[key] = tensor = Tensor(TensorType(self.node.weights[name].shape))
            self.graph.names[tensor] = key
        return self.graph.weights[key]

    def weights(self) -> list[Tensor]:
        """All weights of the layer, in the order of their declarations."""
        return [self.weight(name) for name in self.node.weights]

    def derived(
        self,
        name: str,
        shape: tuple[int, ...],
        weights: Sequence[str],
        make: Callable[..., Array],
    ) -> Tensor:
        """Weights as an op wants them, in the dtype of the layer's output.

        shape: of what `make` makes of the weights with those short names.
        """
        key = f"{self.node.owner}.{name}"
        if key not in self.graph.shared:
            sources = [self._weight(weight) for weight in weights]
            self.graph.shared[key] = self.graph.derive(key, TensorType(shape), sources, make)
        return self.cast(self.graph.shared[key], self.output.dtype)

    def constant(self, value: ArrayLike, name: str, dtype: DType = "float32") -> Tensor:
        """A tensor whose elements are known; `name` says what for."""
        array = np.asarray(value, numpy_dtype(dtype))
        self.graph.constant_bytes += array.nbytes
        require_fit(self.graph.constant_bytes, f"the constants up to `{self.node.path}`")
        tensor = Tensor(TensorType(array.shape, dtype))
        self.graph.constants[tensor] = array
        self.graph.names[tensor] = f"{self.node.path}.{name}"
        return tensor

    def require_room(self, *sizes: Size) -> None:
        """Refuse a constant of `sizes` that no file holds, before it is computed.

        Its elements are taken for 8 bytes each, as they are while numpy computes.
        """
        require_fit(8 * known(product(sizes)), f"the constants of `{self.node.path}`")

    def scalar(self, value: float, like: Tensor) -> Tensor:
        """A constant of rank 0 and the dtype of `like`."""
        return self.constant(value, "constant", like.type.dtype)

    def cast(self, x: Tensor, dtype: DType) -> Tensor:
        """`x` in another dtype; `x` itself if it has that dtype already."""
        if x.type.dtype == dtype:
            return x
        type = TensorType(x.type.shape, dtype)
        return self.op("Cast", x, type=type, suffix="cast", to=onnx_dtype(dtype))

    def reduce(self, kind: str, x: Tensor, axes: Sequence[int]) -> Tensor:
        """`x` reduced along `axes`, which stay with size 1."""
        shape = [1 if axis in axes else dim for axis, dim in enumerate(x.type.shape)]
        return self.op(
            kind, x, self.constant(axes, "axes", "int64"), type=x.type.with_shape(shape), keepdims=1
        )

    def squeeze(self, x: Tensor, *axes: int, suffix: str = "") -> Tensor:
        """`x` without these axes, which are of size 1."""
        kept = [size for axis, size in enumerate(x.type.shape) if axis not in axes]
        places = self.constant(axes, "axes", "int64")
        return self.op("Squeeze", x, places, type=x.type.with_shape(kept), suffix=suffix)

    def unsqueeze(self, x: Tensor, *axes: int, suffix: str = "") -> Tensor:
        """`x` with axes of size 1 at these places of the result."""
        sizes = iter(x.type.shape)
        rank = x.type.rank + len(axes)
        shape = [1 if axis in axes else next(sizes) for axis in range(rank)]
        places = self.constant(axes, "axes", "int64")
        return self.op("Unsqueeze", x, places, type=x.type.with_shape(shape), suffix=suffix)

    def transpose(self, x: Tensor, permutation: Sequence[int], suffix: str = "") -> Tensor:
        """`x` with its axes in the order that `numpy.transpose` takes."""
        type = x.type.with_shape(x.type.shape[axis] for axis in permutation)
        return self.op("Transpose", x, type=type, suffix=suffix, perm=permutation)

    def reshape(self, x: Tensor, type: TensorType, suffix: str = "") -> Tensor:
        """`x` as `type`, which has as many elements, in the order of memory."""
        target = self.constant(reshape_target(x.type.shape, type.shape), "shape", "int64")
        return self.op("Reshape", x, target, type=type, suffix=suffix)

    def _op_name(self, kind: str, suffix: str) -> str:
        """The layer's path for its first op without a suffix; others `path.relu`, `path.relu_1`."""
        if not suffix and self.node.path not in self.names:
            return unique_name(self.node.path, self.names)
        return unique_name(f"{self.node.path}.{suffix or kind}", self.names)


def reshape_target(given: Shape, wanted: Shape) -> list[int]:
    """The second input of Reshape: 0 copies an unknown dim of `given`, -1 is the one other.

    With more than one -1 it is none.
    """
    dims = dict(enumerate(given))
    return [
        dim if isinstance(dim, int) else 0 if dim == dims.get(axis) else -1
        for axis, dim in enumerate(wanted)
    ]


def require_fit(
    size: int, what: str, help: str = "make the network smaller, or use another backend"
) -> None:
    """Raise `SpecError` (`artifact-too-large`) if `what`, of so many bytes, fits no ONNX file."""
    if size > MAX_BYTES:
        raise SpecError.of(
            "artifact-too-large",
            f"an ONNX file holds at most 2 GiB, {what} are {size / 2**30:.1f} GiB",
            help=help,
        )


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, or `name_1`, `name_2`, … if it is taken; takes it."""
    numbered = (f"{name}_{number}" for number in count(1))
    unique = next(candidate for candidate in chain([name], numbered) if candidate not in taken)
    taken.add(unique)
    return unique


def onnx_dtype(dtype: DType) -> int:
    """The number that ONNX has for a dtype."""
    return TensorProto.DataType.Value(ONNX_DTYPES.get(dtype, dtype.upper()))


def numpy_dtype(dtype: DType) -> np.dtype[Any]:
    """The dtype of numpy, or of ml_dtypes for bfloat16."""
    return tensor_dtype_to_np_dtype(onnx_dtype(dtype))


LOWERINGS: Lowerings[Callable[..., Tensor | tuple[Tensor, ...]]] = Lowerings(
    "onnx", "specc.backends.onnx"
)


@LOWERINGS.add(REORDER)
def reorder(build: Builder, x: Tensor) -> Tensor:
    """The same value in another memory order."""
    (given,), (wanted,) = build.node.inputs, build.node.outputs
    return build.transpose(x, permutation(given.order, wanted.order, x.type.rank))


@LOWERINGS.add(TOP_K)
def top_k(build: Builder, x: Tensor) -> tuple[Tensor, ...]:
    k = build.constant([build.layer.k], "k", "int64")
    return build.ops("TopK", x, k, types=[value.physical for value in build.node.outputs], axis=-1)
