"""Batches as what `fit` and `evaluate` take: the same ones in the same order, with little Python.

TensorFlow comes back to Python once for several steps of a small network: a generator hands it
stacks of equal batches, which tf.data takes apart again. Keras's other backends take batches one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import tree

from specc.passes.cost import flops, value_bytes

if TYPE_CHECKING:
    from specc.data.loading import Batch
    from specc.dims import Size
    from specc.ir import Graph
    from specc.tensor import TensorType
    from specc.training.engine import Array, Plan

CALL_FLOPS = {"cpu": 10**9, "gpu": 10**11}
"""Of a call that makes several steps: some 50 ms of a small network."""

CALL_BYTES = 32 * 2**20
"""Of the inputs of such a call, which wait in memory."""

CALL_STEPS = 32

PREFETCHED = 2
"""Stacks that wait while the model works."""


def steps_per_call(plan: Plan, device: str) -> int:
    """How many steps `fit` makes before it comes back to Python, from what a step costs.

    One where a size is not known, and on backends of Keras that always come back.
    """
    operations, size = flops(plan.graph), _input_bytes(plan.graph)
    known = isinstance(operations, int) and isinstance(size, int)
    if not known or keras.backend.backend() != "tensorflow":
        return 1
    # The gradients cost about twice the network itself.
    operations, size = (each * plan.train.batch_size for each in (3 * operations, size))
    budget = CALL_FLOPS["cpu" if device == "cpu" else "gpu"]
    steps = min(budget // max(1, operations), CALL_BYTES // max(1, size), CALL_STEPS)
    return max(1, steps)


def _input_bytes(graph: Graph) -> Size:
    return sum((value_bytes(value, graph) for value in graph.inputs.values()), 0)


def feed(plan: Plan, batches: Iterable[Batch], *, stack: int, peeks: bool) -> Feed | None:
    """The batches as a `Feed`; None if there are none."""
    rest = iter(batches)
    first = next(rest, None)
    return None if first is None else Feed(plan, stack, peeks, first, rest)


@dataclass(slots=True)
class Feed:
    """The batches of an epoch on their way to `fit` or `evaluate`.

    stack: how many TensorFlow takes at once.
    peeks: whether Keras takes the first batch and then begins anew, as it does under a strategy of
        TensorFlow's.
    given: how many went off, of which some may still wait.
    total: how many there are, known as soon as the last one goes off.
    fault: what ended them early. Raised here, TensorFlow would make an error of its own of it.
    """

    plan: Plan
    stack: int
    peeks: bool
    first: Batch
    rest: Iterator[Batch]
    given: int = 0
    total: int | None = None
    fault: Exception | None = None

    def dataset(self) -> Any:
        """What Keras takes as its `x`."""
        if keras.backend.backend() != "tensorflow":
            return self._examples()
        import tensorflow as tf

        dataset = tf.data.Dataset.from_generator(self._stacks, output_signature=self._signature())
        return dataset.prefetch(PREFETCHED).unbatch()

    def _signature(self) -> Any:
        """The types of what `_stacks` gives, in TensorFlow's words."""
        graph, objectives, first = self.plan.graph, self.plan.objectives, self.first
        inputs = {name: _spec(first.inputs[name], graph.inputs[name].type) for name in graph.inputs}
        targets = {name: _spec(first.targets[name], objectives[name].type) for name in objectives}
        parts = (as_inputs(inputs, graph), as_outputs(targets))
        return parts if first.weights is None else (*parts, _spec(first.weights))

    def _stacks(self) -> Iterator[Any]:
        """Up to `stack` batches at once, one above the other: those of equal shapes."""
        if self.peeks:
            self.peeks = False
            yield _stacked([self._parts(self.first)])
            return
        waiting: list[Any] = []
        for parts in self._examples():
            if len(waiting) == self.stack or (waiting and _shapes(waiting[0]) != _shapes(parts)):
                yield _stacked(waiting)
                waiting = []
            waiting.append(parts)
        yield _stacked(waiting)

    def _examples(self) -> Iterator[Any]:
        batch: Batch | None = self.first
        while batch is not None:
            following = self._following()
            self.given += 1
            if following is None:
                self.total = self.given
            yield self._parts(batch)
            batch = following

    def _following(self) -> Batch | None:
        try:
            return next(self.rest, None)
        except Exception as error:
            self.fault = error
            return None

    def _parts(self, batch: Batch) -> Any:
        """A batch as Keras takes it: inputs, targets and, if there are any, weights."""
        targets = {name: batch.targets[name] for name in self.plan.objectives}
        parts = (as_inputs(batch.inputs, self.plan.graph), as_outputs(targets))
        return parts if batch.weights is None else (*parts, batch.weights)


def as_inputs(parts: Mapping[str, Any], graph: Graph) -> Any:
    """What belongs to the inputs of a model, as Keras takes it: the only one, or all in order."""
    ordered = tuple(parts[name] for name in graph.inputs)
    return ordered if len(ordered) > 1 else ordered[0]


def as_outputs(parts: Mapping[str, Any]) -> Any:
    """What belongs to the outputs of a model: for the only one, or for all by name."""
    return next(iter(parts.values())) if len(parts) == 1 else dict(parts)


def _spec(array: Array, type: TensorType | None = None) -> Any:
    """A stack of arrays like this one; its type in the network says which sizes never change.

    Class indices lack the last axis of the output that they are for.
    """
    import tensorflow as tf

    sizes = type.shape[1 : array.ndim] if type else ()
    known = (size if isinstance(size, int) else None for size in sizes)
    return tf.TensorSpec((None, None, *known), array.dtype)


def _stacked(examples: list[Any]) -> Any:
    return tree.map_structure(lambda *arrays: np.stack(arrays), *examples)


def _shapes(parts: Any) -> list[tuple[int, ...]]:
    return [array.shape for array in tree.flatten(parts)]
