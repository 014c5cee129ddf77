"""The blocks of the spec as functions of the file, which a viewer shows as nodes to be opened.

Ops belong to a block by the path in their name, so that it does not matter which layer a rewriting
put them in. Ops of a block that others stand between are two calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from onnx import TensorProto

from specc.emit.naming import class_name, relative
from specc.ir import Graph, Region

from .graph import unique_name
from .ops import Body, Function, Op, OpGraph, Tensor, left_out

SMALL = 64
"""The elements up to which a constant stands in the function that reads it."""


def group(graph: Graph, ops: OpGraph) -> None:
    """Make each call of a block, and each iteration of several entries, one op.

    Calls whose ops are alike share a function; others of the same name are numbered.
    """
    regions = {
        item.path: item
        for item in graph.body.descendants()
        if isinstance(item, Region) and item.kind in ("block", "iteration")
    }
    names = {op.name for op in ops.ops}
    grouping = _Grouping(ops, f"specc.{graph.name}", regions, Counter(ops.reads), names)
    ops.ops = [*grouping.grouped(ops.ops, depth=0)]
    ops.functions = [*grouping.typed_functions()]


@dataclass(slots=True)
class _Grouping:
    """What is grouped so far.

    readers: how often each tensor is read.
    calls: their names, and those of all other ops: onnxruntime wants each once.
    functions: by what they are equal in.
    varying: the tensors of functions that have another type in another call.
    """

    graph: OpGraph
    domain: str
    regions: Mapping[str, Region]
    readers: Counter[Tensor]
    calls: set[str]
    functions: dict[Hashable, Function] = field(default_factory=dict[Hashable, Function])
    names: set[str] = field(default_factory=set[str])
    varying: set[Tensor] = field(default_factory=set[Tensor])
    stored: Set[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.stored = self.graph.stored

    def typed_functions(self) -> Iterator[Function]:
        """The functions, each with the tensors of which the type can be told."""
        for function in self.functions.values():
            outputs = (x for op in function.ops for x in op.outputs if x in function.names)
            yield replace(function, typed=tuple(x for x in outputs if x not in self.varying))

    def grouped(self, ops: Iterable[Op], depth: int) -> Iterator[Op]:
        """The ops, with those of regions that lie in `depth` others in one call."""

        def region(op: Op) -> Region | None:
            around = self._around(op)
            return around[depth] if depth < len(around) else None

        for around, run in groupby(ops, region):
            if around is None:
                yield from run
            else:
                yield self._call(around, list(run), depth)

    def _around(self, op: Op) -> list[Region]:
        """The regions that an op stands in, the outermost first."""
        return [self.regions[path] for path in op.scopes if path in self.regions]

    def _call(self, region: Region, flat: list[Op], depth: int) -> Op:
        """A call of the function that does what the ops `flat` of a region do."""
        ops = tuple(self.grouped(flat, depth + 1))
        inputs, constants = self._read(ops)
        outputs = self._needed(flat)
        function = self._function(region, inputs, constants, outputs, ops)
        for ours, here in zip(function.ops, ops, strict=True):
            pairs = zip(ours.outputs, here.outputs, strict=True)
            self.varying.update(x for x, y in pairs if x.type != y.type)
        name = unique_name(region.path, self.calls)
        return Op(function.name, name, inputs, outputs, {}, self.domain)

    def _function(
        self,
        region: Region,
        inputs: tuple[Tensor, ...],
        constants: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        ops: tuple[Op, ...],
    ) -> Function:
        """The function of those ops: one that is there already, or a new one."""
        key = (region.label, _Comparison(self.graph).key(inputs, ops, outputs))
        if key not in self.functions:
            name = unique_name(class_name(region.label), self.names)
            without = left_out(ops, self.readers)
            made = (x for op in ops for x in op.makes if x not in without)
            names = self._local_names(region, (*inputs, *constants, *made))
            self.functions[key] = Function(
                self.domain, name, inputs, constants, outputs, ops, region.path, names
            )
        return self.functions[key]

    def _read(self, ops: Sequence[Op]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """What the ops read that they do not make: inputs, weights last; and small constants."""
        inside = {x for op in ops for x in op.makes}
        read = dict.fromkeys(x for op in ops for x in op.reads if x not in inside)
        constants = self.graph.constants
        small = {x: None for x in read if x in constants and constants[x].size <= SMALL}
        inputs = [x for x in read if x not in small]
        return tuple(sorted(inputs, key=self.stored.__contains__)), tuple(small)

    def _needed(self, ops: Sequence[Op]) -> tuple[Tensor, ...]:
        """What the ops make that is read elsewhere too."""
        inside = Counter(x for op in ops for x in op.reads)
        outputs = (x for op in ops for x in op.outputs)
        return tuple(x for x in outputs if self.readers[x] > inside[x])

    def _local_names(self, region: Region, tensors: Iterable[Tensor]) -> Mapping[Tensor, str]:
        """Names inside a function: relative to the region, or `x` for what comes from outside."""
        taken: set[str] = set()
        return {x: unique_name(self._local_name(region, x), taken) for x in tensors}

    def _local_name(self, region: Region, tensor: Tensor) -> str:
        name = self.graph.names.get(tensor, "x")
        for scope in (region.path, region.owner):
            if name.startswith(f"{scope}."):
                return relative(name, scope)
        return ".".join(name.split(".")[-2:]) if tensor in self.stored else "x"


@dataclass(slots=True)
class _Comparison:
    """What two functions are equal in: tensors are numbers, small constants their values."""

    graph: OpGraph
    numbers: dict[Tensor, int] = field(default_factory=dict[Tensor, int])

    def key(
        self, inputs: Sequence[Tensor], ops: Sequence[Op], outputs: Sequence[Tensor]
    ) -> Hashable:
        """Of ops from `inputs` to `outputs`, in this order."""
        given = [self._number(x) for x in inputs]
        return (*given, "ops", *map(self._op, ops), *map(self._tensor, outputs))

    def _op(self, op: Op) -> Hashable:
        read = [self._tensor(x) for x in op.inputs]
        attributes = [
            (name, self._attribute(value)) for name, value in sorted(op.attributes.items())
        ]
        return (op.kind, *read, *attributes, *map(self._number, op.outputs))

    def _attribute(self, value: Any) -> Hashable:
        match value:
            case Body():
                return self.key(value.inputs, value.ops, value.outputs)
            case TensorProto():
                return value.SerializeToString(deterministic=True)
            case list() | tuple() | range():
                return tuple(value)
            case _:
                return value

    def _tensor(self, tensor: Tensor | None) -> Hashable:
        if tensor is None or tensor in self.numbers:
            return tensor and self.numbers[tensor]
        array = self.graph.constants[tensor]
        return array.dtype.str, array.shape, array.tobytes()

    def _number(self, tensor: Tensor) -> int:
        return self.numbers.setdefault(tensor, len(self.numbers))
