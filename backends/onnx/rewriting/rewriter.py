"""How ops are rewritten: one after the other, each in view of those before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from specc.backends.onnx.ops import Array, Body, Op, OpGraph, Tensor
from specc.dims import Shape
from specc.tensor import TensorType

Rewrite = Callable[["Rewriter", Op], Sequence[Op]]
"""The ops that do the same as one, the last of which makes its outputs; none if it is to stay."""

Rewrites = dict[str, tuple[Rewrite, ...]]
"""By the kind of op that they look at."""

ANY = ""
"""The kind of rewrites that look at every op."""


@dataclass(slots=True)
class Rewriter:
    """The ops of a graph while they are rewritten.

    makers: the op that makes a tensor, of those that were looked at already.
    readers: how often a tensor is read, at most.
    users: the last op that reads a tensor, before this step.
    seen: the first op that does a thing, by what that is.
    """

    graph: OpGraph
    rewrites: Rewrites
    makers: dict[Tensor, Op] = field(default_factory=dict[Tensor, Op])
    readers: Counter[Tensor] = field(default_factory=Counter[Tensor])
    users: dict[Tensor, Op] = field(default_factory=dict[Tensor, Op])
    seen: dict[Hashable, Op] = field(default_factory=dict[Hashable, Op])

    def run(self) -> bool:
        """Rewrite until there is nothing more to do; whether there was something."""
        steps = 0
        while self.step():
            steps += 1
        return steps > 0

    def step(self) -> bool:
        """Look at each op once; whether one was rewritten."""
        self.makers, self.readers, self.seen = {}, Counter(self.graph.reads), {}
        self.users = {tensor: op for op in self.graph.ops for tensor in op.reads}
        found = [self._rewritten(op) for op in self.graph.ops]
        changed = any(is_new for is_new, _ in found)
        if changed:
            ops = [op for _, ops in found for op in ops]
            self.graph.ops = list(_needed(_without_copies(ops, self.graph.outputs), self.graph))
        return changed

    def maker(self, tensor: Tensor | None, *kinds: str) -> Op | None:
        """The op of one of `kinds` that makes a tensor which is read once."""
        op = None if tensor is None else self.makers.get(tensor)
        return op if op and op.kind in kinds and self.readers[op.outputs[0]] == 1 else None

    def user(self, tensor: Tensor, kind: str) -> Op | None:
        """The op of a kind that is all that reads a tensor."""
        op = self.users.get(tensor)
        return op if op and op.kind == kind and self.readers[tensor] == 1 else None

    def is_stored(self, *tensors: Tensor | None) -> bool:
        """Whether all of them are: no op makes them, and they are no inputs of the network."""
        return all(
            tensor not in self.makers and tensor not in self.graph.inputs for tensor in tensors
        )

    def constant(self, tensor: Tensor | None) -> Array | None:
        """The value of a tensor that is known now."""
        return None if tensor is None else self.graph.constants.get(tensor)

    def like(self, tensor: Tensor, shape: Shape | None = None) -> Tensor:
        """Another tensor, perhaps of another shape, which has the name if it takes the place."""
        new = Tensor(tensor.type if shape is None else tensor.type.with_shape(shape))
        self.graph.names[new] = self.graph.names[tensor]
        return new

    def store(self, name: str, values: Sequence[int]) -> Tensor:
        """A constant vector of int64."""
        tensor = Tensor(TensorType((len(values),), "int64"))
        self.graph.constants[tensor] = np.array(values, np.int64)
        self.graph.names[tensor] = name
        return tensor

    def _rewritten(self, op: Op) -> tuple[bool, Sequence[Op]]:
        for rewrite in (*self.rewrites.get(op.kind, ()), *self.rewrites.get(ANY, ())):
            if ops := rewrite(self, op):
                for new in ops:
                    self._note(new)
                    self.readers.update(new.reads)
                return True, ops
        self._note(op)
        return False, (op,)

    def _note(self, op: Op) -> None:
        self.makers.update(dict.fromkeys(op.outputs, op))


def copy(op: Op, source: Tensor) -> Op:
    """What stands for an op that does nothing; it goes unless its output is the network's."""
    return Op("Identity", op.name, (source,), op.outputs, {})


def _without_copies(ops: Sequence[Op], outputs: Sequence[Tensor]) -> Iterator[Op]:
    """The ops without those that copy a tensor to another which is no output of the network."""
    sources: dict[Tensor, Tensor] = {}
    for op in ops:
        read = _reading(op, sources)
        if read.kind == "Identity" and read.outputs[0] not in outputs:
            (sources[read.outputs[0]],) = (tensor for tensor in read.inputs if tensor)
        else:
            yield read


def _reading(op: Op, sources: Mapping[Tensor, Tensor]) -> Op:
    """The op with some tensors that it reads replaced, in its bodies too."""
    if not any(tensor in sources for tensor in op.reads):
        return op
    inputs = tuple(tensor and sources.get(tensor, tensor) for tensor in op.inputs)
    bodies = {name: _body_reading(body, sources) for name, body in op.bodies.items()}
    return replace(op, inputs=inputs, attributes={**op.attributes, **bodies})


def _body_reading(body: Body, sources: Mapping[Tensor, Tensor]) -> Body:
    ops = tuple(_reading(op, sources) for op in body.ops)
    outputs = tuple(sources.get(tensor, tensor) for tensor in body.outputs)
    return Body(body.inputs, outputs, ops)


def _needed(ops: Iterable[Op], graph: OpGraph) -> Iterator[Op]:
    """The ops without those of which nothing is read."""
    read, kept = set(graph.outputs), list[Op]()
    for op in reversed(list(ops)):
        if any(tensor in read for tensor in op.outputs):
            kept.append(op)
            read.update(op.reads)
    return reversed(kept)
