"""How long a model takes: latency and throughput over batch sizes and thread counts.

Each combination is warmed up on random inputs, then run again and again. A latency is the time of
one call, with all the copying of inputs and outputs that onnxruntime does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from specc.diagnostics import SpecError
from specc.garbage import collection_paused
from specc.inference.model import Model, ModelFile, open_model
from specc.inference.providers import onnxruntime, short_name
from specc.inference.random_inputs import RandomInputs
from specc.packages import needs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BATCHES = (1, 8, 32)

WARM_UP = 0.25
"""What the warm-up is of the time or of the runs that are measured."""

LEAST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each combination is measured: for some seconds, or for a number of runs."""

    seconds: float = 2.0
    runs: int | None = None

    def goes_on(self, runs: int, seconds: float, part: float = 1.0) -> bool:
        """Whether `part` of the work is not yet done after so many runs, which took so long."""
        if self.runs is not None:
            return runs < self.runs * part
        return seconds < self.seconds * part or runs < LEAST_RUNS * part


DEFAULT_EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Measurement:
    """One combination. p50, p90, p99: of the latency of a batch, in milliseconds.

    throughput: examples a second.
    """

    threads: int
    batch: int
    runs: int
    p50: float
    p90: float
    p99: float
    throughput: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What was measured, of what, and where.

    inputs: as the model declares them. sizes: of the symbols in them, but for the batch.
    processors: of the machine, that this process may use.
    """

    model: str
    inputs: Mapping[str, str]
    sizes: Mapping[str, int]
    provider: str
    onnxruntime: str
    processors: int
    measurements: tuple[Measurement, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        return asdict(self)


@needs("onnx")
def benchmark(
    file: ModelFile,
    *,
    batches: Sequence[int] | None = None,
    threads: Sequence[int] | None = None,
    effort: Effort = DEFAULT_EFFORT,
    provider: str = "cpu",
    sizes: Mapping[str, int] | None = None,
) -> Benchmark:
    """Measure a model with each number of threads and each batch size.

    batches: None is `BATCHES`, or the one that the model is fixed to.
    threads: None is one, and one for each processor.
    sizes: of the symbols in the inputs but the batch; see `RandomInputs`.
    Raises `SpecError`: what opening the model raises, and `invalid-input` for a batch or a size
    that is not the model's.
    """
    processors = _processors()
    threads = threads or sorted({1, processors})
    model = open_model(file, provider, max(threads))
    inputs = RandomInputs.of(model.inputs, sizes or {})
    batches = _batches(inputs, batches)
    measurements = [
        _measured(opened, inputs.of_batch(batch), number, batch, effort)
        for number in threads
        for opened in [open_model(file, provider, number)]
        for batch in batches
    ]
    return Benchmark(
        model=file.name,
        inputs={each.name: str(each) for each in model.inputs},
        sizes=inputs.sizes,
        provider=short_name(model.provider),
        onnxruntime=onnxruntime().__version__,
        processors=processors,
        measurements=tuple(measurements),
    )


def _batches(inputs: RandomInputs, wanted: Sequence[int] | None) -> Sequence[int]:
    fixed = inputs.fixed_batch
    if fixed is None:
        return wanted or BATCHES
    if wanted is None or list(wanted) == [fixed]:
        return [fixed]
    message = f"the model's batch is fixed to {fixed}, received {', '.join(map(str, wanted))}"
    raise SpecError.of("invalid-input", message)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _measured(
    model: Model, inputs: Mapping[str, Array], threads: int, batch: int, effort: Effort
) -> Measurement:
    import numpy as np

    with collection_paused():
        list(_latencies(model, inputs, effort, WARM_UP))
        latencies = list(_latencies(model, inputs, effort))
    p50, p90, p99 = (1000 * float(each) for each in np.percentile(latencies, (50, 90, 99)))
    throughput = batch * len(latencies) / sum(latencies)
    return Measurement(threads, batch, len(latencies), p50, p90, p99, throughput)


def _latencies(
    model: Model, inputs: Mapping[str, Array], effort: Effort, part: float = 1.0
) -> Iterator[float]:
    """The seconds of each run, for `part` of the effort."""
    runs, total = 0, 0.0
    while effort.goes_on(runs, total, part):
        begin = perf_counter()
        model.run(inputs)
        latency = perf_counter() - begin
        yield latency
        runs, total = runs + 1, total + latency
