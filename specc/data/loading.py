"""Batches in a reproducible order, prefetched: grain over a source whose elements are batches.

Batch k of an epoch is a pure function of (split, seed, epoch, k, rank, world), so that training
goes on at any batch. grain sees batches, not examples: what it costs, it costs once a batch.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from specc.packages import needs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specc.data.dataset import Split

    Array = NDArray[Any]

QUICK_BYTES = 2**20
"""A batch up to this size that needs no decoding is made in a tenth of a millisecond, less than
what handing it from one thread to another costs."""

PREFETCHED_BYTES = 2**30
"""Of the batches that wait, or are being made."""


class Batch(NamedTuple):
    """Some examples, in their final form.

    inputs: by model input, channels last, in the input's dtype, scaled.
    targets: by output, in the form of `Objective.labels`.
    weights: float32 [N], of each example's class; None without class weights.
    size: the examples of the batch on all ranks together.
    """

    inputs: dict[str, Array]
    targets: dict[str, Array]
    weights: Array | None
    size: int


@dataclass(frozen=True, slots=True)
class Loader:
    """The batches of a split, in an order that depends on the seed and the epoch alone.

    batch_size: of all ranks together; rank r of `world` gets every `world`-th example from r on.
    class_weight: by class index.
    workers: threads; 0 makes batches when they are asked for. Default: by what a batch costs.
    """

    split: Split
    batch_size: int
    seed: int = 0
    shuffle: bool = False
    rank: int = 0
    world: int = 1
    class_weight: tuple[float, ...] | None = None
    workers: int | None = None

    @property
    def steps(self) -> int:
        """Batches in an epoch. The last may be smaller; none is dropped."""
        return -(-len(self.split) // self.batch_size)

    @needs("train")
    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on.

        Raises `SpecError` for an example that cannot be read, when its batch is due.
        """
        batches = _Batches(self, self._order(number), self._example_weights(), start)
        with _logging_kept():
            import grain  # pyright: ignore[reportMissingTypeStubs]

        threads, waiting = self._prefetching()
        options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=waiting)
        dataset: Any = grain.MapDataset.source(batches).to_iter_dataset(options)
        return _closing(iter(dataset))

    def _order(self, number: int) -> NDArray[np.int64]:
        import numpy as np

        if not self.shuffle:
            return np.arange(len(self.split))
        return np.random.Generator(np.random.PCG64([self.seed, number])).permutation(
            len(self.split)
        )

    def _example_weights(self) -> Array | None:
        import numpy as np

        if self.class_weight is None:
            return None
        labels = self.split.labels()
        assert labels is not None, "class weights need classes"
        return np.asarray(self.class_weight, np.float32)[labels]

    def _prefetching(self) -> tuple[int, int]:
        """How many threads make batches, and how many batches may wait."""
        size = max(self.split.example_bytes * self.batch_size // self.world, 1)
        affordable = max(PREFETCHED_BYTES // size, 1)
        threads = self.workers
        if threads is None:
            threads = 0 if self.split.quick and size <= QUICK_BYTES else _cores()
        threads = min(threads, affordable)
        return threads, min(2 * threads, affordable)


@dataclass(frozen=True, slots=True)
class _Batches:
    """What grain reads from: element k is batch `start + k` of an epoch."""

    loader: Loader
    order: NDArray[np.int64]
    weights: Array | None
    start: int

    def __len__(self) -> int:
        return max(self.loader.steps - self.start, 0)

    def __getitem__(self, index: int) -> Batch:
        loader = self.loader
        first = (self.start + index) * loader.batch_size
        everyone = self.order[first : first + loader.batch_size]
        indices = everyone[loader.rank :: loader.world]
        inputs, targets = loader.split.fetch(indices)
        weights = None if self.weights is None else self.weights[indices]
        return Batch(inputs, targets, weights, len(everyone))


def _closing(iterator: Any) -> Generator[Batch]:
    """The batches; whoever stops early leaves no thread at work."""
    try:
        yield from iterator
    finally:
        iterator.close()


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _logging_kept() -> Generator[None]:
    """Leave logging as it was.

    Importing grain warns that jax's profiler is not there, which is of no use here, and the first
    warning of absl gives the root logger a handler.
    """
    root, absl = logging.getLogger(), logging.getLogger("absl")
    handlers = list(root.handlers)

    def is_wanted(record: logging.LogRecord) -> bool:
        return "jax profiler" not in record.getMessage()

    absl.addFilter(is_wanted)
    try:
        yield
    finally:
        absl.removeFilter(is_wanted)
        root.handlers[:] = handlers
