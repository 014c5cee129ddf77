"""What runs a model in bfloat16, for which onnxruntime's CPU has few kernels.

onnxruntime runs it with float32 in place of bfloat16: the same ops on the same weights, which are
rounded already. onnx's reference runs it as it is, but for averages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import AttributeProto, ModelProto, TensorProto, TypeProto
from onnx.defs import get_schema
from onnx.numpy_helper import from_array, to_array

from .graph import numpy_dtype
from .ops import Array

AVERAGES = ("AveragePool", "GlobalAveragePool", "ReduceMean")
"""What onnx's reference (1.23) sums in bfloat16, where a sum of ones ends at 256."""

TYPES = {"dtype", "to"}
"""The attributes that are the number of a type."""


def in_float32(file: Path | bytes) -> bytes:
    """A file, or what is in it, with float32 in place of bfloat16."""
    return widened(loaded(file)).SerializeToString()


def loaded(file: Path | bytes) -> ModelProto:
    """The model in a file, or in what is in it."""
    return onnx.load_from_string(file) if isinstance(file, bytes) else onnx.load(file)


def widened(model: ModelProto) -> ModelProto:
    """The model with float32 in place of bfloat16. It is changed."""
    for message in _messages(model):
        if isinstance(message, TensorProto) and message.data_type == TensorProto.BFLOAT16:
            message.CopyFrom(from_array(to_array(message).astype(np.float32), message.name))
        elif isinstance(message, TypeProto.Tensor) and message.elem_type == TensorProto.BFLOAT16:
            message.elem_type = TensorProto.FLOAT
        elif isinstance(message, AttributeProto) and message.name in TYPES:
            message.i = TensorProto.FLOAT if message.i == TensorProto.BFLOAT16 else message.i
    return model


def widened_arrays(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same for inputs."""
    return {name: _widened(array) for name, array in arrays.items()}


def averages(opset: int) -> list[type[Any]]:
    """Ops for onnx's reference, of an opset: those that it has, summed in float32."""
    from onnx.reference.ops import load_op

    return [
        type(kind, (_InFloat32, load_op("", kind, opset)), {"op_schema": get_schema(kind, opset)})
        for kind in AVERAGES
    ]


class _InFloat32:
    """Put before an op of the reference, has it compute so, and round at the end."""

    op_domain = ""

    def _run(self, x: Array, *others: Any, **attributes: Any) -> tuple[Array, ...]:
        results: Any = super()._run(_widened(x), *others, **attributes)
        return tuple(each.astype(x.dtype) for each in results)


def _widened(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == numpy_dtype("bfloat16") else array


def _messages(message: Message) -> Iterator[Message]:
    """A message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in [value] if isinstance(value, Message) else value:
                yield from _messages(each)
