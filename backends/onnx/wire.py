"""An ONNX file's bytes, with the weights copied once, straight from the arrays.

A protocol buffer that is built in memory holds its own copy of each weight, and makes another when
it is written; weights are nearly all of a file. So the model is built without them, and they are
written after it in the wire format: a message's fields may come in any order, and repeated fields
in pieces.

Source: https://protobuf.dev/programming-guides/encoding (tags, varints, length-delimited fields),
and the field numbers of `onnx.proto`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, TensorProto
from onnx.helper import np_dtype_to_tensor_dtype

GRAPH = ModelProto.GRAPH_FIELD_NUMBER
INITIALIZER = GraphProto.INITIALIZER_FIELD_NUMBER
RAW_DATA = TensorProto.RAW_DATA_FIELD_NUMBER

Parts = list[bytes | memoryview]


def serialize(
    model: ModelProto, graph: GraphProto, initializers: Iterable[tuple[str, NDArray[Any]]]
) -> bytes:
    """The bytes of `model` with `graph`, and the named arrays as the graph's initializers.

    model: has no graph of its own yet; graph: has no initializers yet.
    """
    parts: Parts = [graph.SerializeToString(deterministic=True)]
    for name, array in initializers:
        parts += _field(INITIALIZER, _tensor(name, array))
    return b"".join([model.SerializeToString(deterministic=True), *_field(GRAPH, parts)])


def _tensor(name: str, array: NDArray[Any]) -> Parts:
    """A `TensorProto`; its raw data are little-endian whatever the machine is."""
    stored = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    dtype = np_dtype_to_tensor_dtype(array.dtype)
    header = TensorProto(name=name, data_type=dtype, dims=array.shape)
    data = stored.reshape(-1).view(np.uint8).data
    return [header.SerializeToString(deterministic=True), *_field(RAW_DATA, [data])]


def _field(number: int, parts: Parts) -> Parts:
    """A length-delimited field."""
    length = sum(len(part) for part in parts)
    return [bytes((*_varint(number << 3 | 2), *_varint(length))), *parts]


def _varint(value: int) -> Iterator[int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
