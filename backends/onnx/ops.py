"""The graph as ops of ONNX on typed tensors, before it has names and becomes a file.

A tensor is an input of the network, an output of an op, or stored in the file: a constant, a
weight, or made of those when the file is written.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Container,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any

from numpy.typing import NDArray

from specc.dims import known
from specc.tensor import TensorType

Array = NDArray[Any]


def scopes(name: str) -> Iterator[str]:
    """The paths that an op's name begins with: of blocks, the outermost first, and of the layer."""
    return accumulate(name.split("."), "{}.{}".format)


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of the ONNX graph; `type` is as it lies in memory."""

    type: TensorType


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the ONNX graph; an input that is left out is None.

    domain: of a function that it calls; empty for ONNX's own ops.
    """

    kind: str
    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    attributes: Mapping[str, Any]
    domain: str = ""

    @property
    def scopes(self) -> Iterator[str]:
        """See `scopes`."""
        return scopes(self.name)

    @property
    def bodies(self) -> Mapping[str, Body]:
        """The graphs inside it, by attribute."""
        return {name: value for name, value in self.attributes.items() if isinstance(value, Body)}

    @property
    def reads(self) -> Iterator[Tensor]:
        """What it reads, each tensor as often as it does; in its bodies too."""
        yield from (tensor for tensor in self.inputs if tensor is not None)
        for body in self.bodies.values():
            yield from body.reads

    @property
    def makes(self) -> Iterator[Tensor]:
        """What it gives, and what there is in its bodies."""
        yield from self.outputs
        for body in self.bodies.values():
            yield from body.inputs
            for op in body.ops:
                yield from op.makes


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A graph inside an op, as an attribute of it; its ops see the tensors around it too."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    ops: tuple[Op, ...]

    @property
    def reads(self) -> Iterator[Tensor]:
        """What its ops and its outputs read, of its own tensors and of those around it."""
        for op in self.ops:
            yield from op.reads
        yield from self.outputs


def nested(ops: Iterable[Op]) -> Iterator[Op]:
    """The ops, and after each one those of its bodies."""
    for op in ops:
        yield op
        for body in op.bodies.values():
            yield from nested(body.ops)


def left_out(ops: Iterable[Op], read: Container[Tensor]) -> Set[Tensor]:
    """The outputs that a file does without: nobody reads them, and a runtime need not make them."""
    recurrent = (op for op in nested(ops) if op.kind in {"GRU", "LSTM", "RNN"})
    of_use = (op for op in recurrent if any(x in read for x in op.outputs))
    return {x for op in of_use for x in op.outputs if x not in read}


@dataclass(frozen=True, slots=True)
class Derived:
    """How a stored tensor is made of other stored ones.

    make: gives its elements in their order, in any shape: one that takes no copy is the best.
    """

    sources: tuple[Tensor, ...]
    make: Callable[..., Array]


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """Ops that are called as one.

    constants: what stands in it. names: of all tensors in it.
    path: that the names of its ops begin with. typed: the tensors that have one type in all calls.
    """

    domain: str
    name: str
    inputs: tuple[Tensor, ...]
    constants: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    path: str
    names: Mapping[Tensor, str]
    typed: tuple[Tensor, ...] = ()


@dataclass(slots=True)
class OpGraph:
    """The ops in their order, and the stored tensors.

    constants: the values of the tensors that are known now, `constant_bytes` together.
    weights: by canonical key, so that a weight that several layers share stands once.
    derived: what is made of weights when the file is written.
    shared: derived tensors that several layers may share, by the path of their owner and a name.
    made: tensors that were derived, by how: what is made twice stands once.
    names: what each tensor is to be called, if the name is still free.
    functions: those that ops call.
    """

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    ops: list[Op] = field(default_factory=list[Op])
    constants: dict[Tensor, Array] = field(default_factory=dict[Tensor, Array])
    weights: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    derived: dict[Tensor, Derived] = field(default_factory=dict[Tensor, Derived])
    shared: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    made: dict[Hashable, Tensor] = field(default_factory=dict[Hashable, Tensor])
    names: dict[Tensor, str] = field(default_factory=dict[Tensor, str])
    functions: list[Function] = field(default_factory=list[Function])
    constant_bytes: int = 0

    @property
    def reads(self) -> Iterator[Tensor]:
        """What ops and outputs read, each tensor as often as they do."""
        for op in self.ops:
            yield from op.reads
        yield from self.outputs

    @property
    def stored(self) -> Set[Tensor]:
        """The tensors that no op makes and no input is: they are in the file, if read."""
        return {*self.weights.values(), *self.derived, *self.constants}

    def derive(
        self,
        name: str,
        type: TensorType,
        sources: Sequence[Tensor],
        make: Callable[..., Array],
        **parameters: Hashable,
    ) -> Tensor:
        """A stored tensor that `make` makes of other stored ones; of constants, at once.

        parameters: what else `make` takes, by name.
        """
        key = (make, type, *sources, *sorted(parameters.items()))
        if key not in self.made:
            self.made[key] = self._derived(type, tuple(sources), partial(make, **parameters))
            self.names[self.made[key]] = name
        return self.made[key]

    def _derived(
        self, type: TensorType, sources: tuple[Tensor, ...], make: Callable[..., Array]
    ) -> Tensor:
        tensor = Tensor(type)
        if all(source in self.constants for source in sources):
            made = make(*(self.constants[source] for source in sources))
            self.constants[tensor] = made.reshape([known(size) for size in type.shape])
        else:
            self.derived[tensor] = Derived(sources, make)
        return tensor
