"""An ONNX file's bytes, piece by piece, with each stored tensor made when its turn comes.

A protocol buffer that is built in memory holds its own copy of each weight, and makes another when
it is written; weights are nearly all of a file. So the model is built without them, and they are
written after it in the wire format: a message's fields may come in any order, and repeated fields
in pieces. How long a tensor is, its type says.

Source: https://protobuf.dev/programming-guides/encoding (tags, varints, length-delimited fields),
and the field numbers of `onnx.proto`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, StringStringEntryProto, TensorProto

GRAPH = ModelProto.GRAPH_FIELD_NUMBER
INITIALIZER = GraphProto.INITIALIZER_FIELD_NUMBER
RAW_DATA = TensorProto.RAW_DATA_FIELD_NUMBER

LARGE = 1024
"""The bytes from which a tensor may go into a file beside the model."""

PAGE = 4096
"""Tensors start there at multiples of it, so that they can be mapped into memory."""

BLOCK = 1 << 22
"""The bytes of a tensor that are copied at a time, and so are in memory twice."""

TILE = 256
"""The rows and columns of a matrix that are turned at a time."""

GAP = 4
"""The elements between the rows of a tile: without, a column would have few places in the cache."""

Part = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of the file: what it is called and how large it is, and how its array is made.

    dtype: the number that ONNX has for it. itemsize: in bytes.
    make: may give it in another shape, of which only the order of the elements counts.
    """

    name: str
    dtype: int
    itemsize: int
    shape: tuple[int, ...]
    make: Callable[[], NDArray[Any]]

    @property
    def size(self) -> int:
        """In bytes."""
        return prod(self.shape) * self.itemsize

    @property
    def is_large(self) -> bool:
        return self.size >= LARGE

    @property
    def header(self) -> TensorProto:
        """All of it but the array."""
        return TensorProto(name=self.name, data_type=self.dtype, dims=self.shape)

    @property
    def data(self) -> Iterator[memoryview]:
        """The array's bytes, little-endian whatever the machine is; what is copied, in blocks."""
        array = self.make()
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        for block in _blocks(little):
            yield _contiguous(block).reshape(-1).view(np.uint8).data


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model with its tensors. model: has no graph of its own; graph: has no initializers."""

    model: ModelProto
    graph: GraphProto
    stored: Sequence[Stored]

    @property
    def size(self) -> int:
        """The bytes of the stored tensors, which are nearly all."""
        return sum(tensor.size for tensor in self.stored)

    @property
    def has_large(self) -> bool:
        """Whether any of them may go into a file beside the model."""
        return any(tensor.is_large for tensor in self.stored)

    def parts(self) -> Iterator[Part]:
        """The bytes of the file, with all tensors in it."""
        return self._parts("", {})

    def parts_beside(self, location: str) -> Iterator[Part]:
        """The same without the large tensors, which are in a file of `large_tensors`.

        location: of that, relative to this.
        """
        return self._parts(location, dict(self._places_beside()))

    def parts_pointing(self, location: str) -> Iterator[Part]:
        """The same without the large tensors, which are in a file of `parts`.

        location: of that, relative to this.
        """
        return self._parts(location, dict(self._places_inside()))

    def _parts(self, location: str, places: Mapping[str, int]) -> Iterator[Part]:
        """The bytes of a file. places: where tensors start that are in the file at `location`."""
        openings = [
            _inside(tensor)
            if tensor.name not in places
            else _outside(tensor, location, places[tensor.name])
            for tensor in self.stored
        ]
        inside = [tensor.size if tensor.name not in places else 0 for tensor in self.stored]
        yield self._head(sum(map(len, openings)) + sum(inside))
        for opening, tensor in zip(openings, self.stored, strict=True):
            yield opening
            if tensor.name not in places:
                yield from tensor.data

    def _head(self, length: int) -> bytes:
        """What stands before the tensors. length: of these."""
        graph = _bytes(self.graph)
        return _bytes(self.model) + _opening(GRAPH, len(graph) + length) + graph

    def large_tensors(self) -> Iterator[Part]:
        """The bytes of the file beside it."""
        end = 0
        for tensor in self.stored:
            if tensor.is_large:
                yield bytes(-end % PAGE)
                yield from tensor.data
                end += -end % PAGE + tensor.size

    def _places_beside(self) -> Iterator[tuple[str, int]]:
        """Where each large tensor starts in the file beside it."""
        end = 0
        for tensor in self.stored:
            if tensor.is_large:
                start = end + -end % PAGE
                yield tensor.name, start
                end = start + tensor.size

    def _places_inside(self) -> Iterator[tuple[str, int]]:
        """Where each large tensor starts in the file that has all."""
        openings = [_inside(tensor) for tensor in self.stored]
        end = len(self._head(sum(map(len, openings)) + self.size))
        for opening, tensor in zip(openings, self.stored, strict=True):
            start = end + len(opening)
            if tensor.is_large:
                yield tensor.name, start
            end = start + tensor.size


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The array, or its rows by some at a time if they do not lie in memory as in the file."""
    if array.flags.c_contiguous:
        yield array
        return
    rows = max(1, BLOCK * len(array) // array.nbytes)
    yield from (array[start : start + rows] for start in range(0, len(array), rows))


def _contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """The array with its rows in memory.

    Of a transposed matrix, a tile is copied as it lies in memory, and then turned in the cache.
    """
    if array.flags.c_contiguous or array.ndim != 2:
        return np.ascontiguousarray(array)
    result = np.empty(array.shape, array.dtype)
    for row, column in product(*(range(0, size, TILE) for size in array.shape)):
        place = np.s_[row : row + TILE, column : column + TILE]
        columns = array[place].T
        tile = np.empty((len(columns), columns.shape[1] + GAP), array.dtype)[:, :-GAP]
        tile[:] = columns
        result[place] = tile.T
    return result


def _inside(tensor: Stored) -> bytes:
    """What stands before the data of a tensor in the file."""
    start = _bytes(tensor.header) + _opening(RAW_DATA, tensor.size)
    return _opening(INITIALIZER, len(start) + tensor.size) + start


def _outside(tensor: Stored, location: str, offset: int) -> bytes:
    """A tensor whose data are in another file."""
    place = {"location": location, "offset": str(offset), "length": str(tensor.size)}
    header = tensor.header
    header.data_location = TensorProto.EXTERNAL
    header.external_data.extend(StringStringEntryProto(key=k, value=v) for k, v in place.items())
    message = _bytes(header)
    return _opening(INITIALIZER, len(message)) + message


def _bytes(message: ModelProto | GraphProto | TensorProto) -> bytes:
    return message.SerializeToString(deterministic=True)


def _opening(number: int, length: int) -> bytes:
    """What stands before a length-delimited field of so many bytes."""
    return bytes((*_varint(number << 3 | 2), *_varint(length)))


def _varint(value: int) -> Iterator[int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
