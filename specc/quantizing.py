"""A network in eight bits: calibrated on its data, and judged on data that it was not.

`quantize` opens the data as training does, lets the backend quantize, and predicts with both
models what the labels are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Unpack

from specc.backend import load_file_backend
from specc.data.rescaling import rescales
from specc.diagnostics import SpecError
from specc.packages import needs
from specc.training.objectives import Objective, objectives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.backend import Runner
    from specc.data.dataset import Dataset, PreparedSplit
    from specc.data.examples import SplitName
    from specc.data.loading import Batch
    from specc.exporting import FileOptions
    from specc.ir import Graph
    from specc.network import Network
    from specc.passes.layout import IoLayout

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]

BATCH_SIZE = 32
CALIBRATION_EXAMPLES = 256
"""Enough for the ranges of activations to settle; more take their time."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What eight bits cost: a score of an output on the same examples before and after.

    measure: `accuracy`, or `mean absolute error` of a regression.
    """

    output: str
    measure: str
    before: float
    after: float

    def text(self, score: float) -> str:
        """A score as people read it."""
        return f"{100 * score:.2f} %" if self.measure == "accuracy" else f"{score:.4g}"


@dataclass(frozen=True, slots=True)
class Quantization:
    """A model in eight bits.

    calibrated: how many examples gave the ranges, and of which split.
    judged: how many examples the judgements are from, and of which split.
    """

    model: bytes
    calibrated: tuple[int, str]
    judged: tuple[int, str]
    judgements: tuple[Judgement, ...]


@needs("train")
def quantize(
    network: Network,
    graph: Graph,
    weights: Arrays,
    examples: int = CALIBRATION_EXAMPLES,
    io_layout: IoLayout | None = None,
    **options: Unpack[FileOptions],
) -> Quantization:
    """The ONNX model of `graph` in eight bits.

    network: its data's training split calibrates, its test split judges, or else its validation
        split; data of one split does both.
    graph: the network's, or that with something appended, which stays in float32 and is not judged.
    examples: how many calibrate, taken at random.
    Raises `SpecError`: `invalid-input` where the spec does not say what is learnt, or the inputs
    have no batch, or not one, and what opening the data raises.
    """
    from specc.data.document import Data
    from specc.data.opening import open_data

    found, batch, plain = _objectives(network), _fixed_batch(network), network.graph
    data = open_data(network.data or Data(), network.inputs, found, rescales=rescales(plain))
    name, training = _first(data, ("train", "validation", "test"))
    judging, held_out = _first(data, ("test", "validation", "train"))
    backend = load_file_backend("onnx")
    appended = [node.path for node in graph.nodes if node not in plain.nodes]

    def quantized(graph: Graph) -> bytes:
        inputs = _sample(training, examples, batch)
        return backend.quantized(graph, weights, inputs, io_layout, exclude=appended, **options)

    model = quantized(plain)
    runners = backend.runner(plain, weights), backend.runner_of(model, plain, io_layout)
    before, after = (_scores(run, held_out, found, batch) for run in runners)
    judgements = (
        Judgement(output, measure, score, after[output][1])
        for output, (measure, score) in before.items()
    )
    return Quantization(
        quantized(graph) if appended else model,
        (min(examples, len(training)), name),
        (len(held_out), judging),
        tuple(judgements),
    )


def _objectives(network: Network) -> dict[str, Objective]:
    """What the network is trained for, where the spec says it and examples can be put together."""
    if network.train is None:
        message = "the spec has no section `train`, which says what the data's labels are for"
        raise SpecError.of("invalid-input", message, help="write `train: {loss: …}`")
    return objectives(network.graph, network.train)


def _fixed_batch(network: Network) -> int | None:
    """The only number of examples that the network takes; None if it takes any."""
    batches: set[int | None] = set()
    for name, type in network.inputs.items():
        if type.rank == 0:
            message = f"expected a batch of `{name}`, received {type}"
            raise SpecError.of("invalid-input", message, help="write N for its first size")
        leading = type.shape[0]
        batches.add(leading if isinstance(leading, int) else None)
    if len(batches) == 1:
        return batches.pop()
    received = ", ".join(map(str, network.inputs.values()))
    message = f"expected one batch for all inputs, received {received}"
    raise SpecError.of("invalid-input", message, help="write N for the first size of each")


def _first(dataset: Dataset, names: tuple[SplitName, ...]) -> tuple[SplitName, PreparedSplit]:
    """The first split of these that the data has."""
    splits = dataset.splits()
    return next((name, splits[name]) for name in names if name in splits)


def _sample(split: PreparedSplit, examples: int, fixed: int | None) -> Iterator[Arrays]:
    """The inputs of so many examples, in batches; the same ones each time."""
    from specc.data.loading import Loader

    size = fixed or BATCH_SIZE
    left, batches = examples, -(-examples // size)
    for batch in islice(Loader(split, size, shuffle=True).epoch(0), batches):
        yield _filled({name: values[:left] for name, values in batch.inputs.items()}, fixed)
        left -= batch.size


def _filled(inputs: Arrays, fixed: int | None) -> Arrays:
    """The inputs with the last example again and again, up to the batch that is fixed."""
    if fixed is None:
        return inputs
    return {
        name: values[[min(index, len(values) - 1) for index in range(fixed)]]
        for name, values in inputs.items()
    }


def _scores(
    run: Runner,
    split: PreparedSplit,
    objectives: Mapping[str, Objective],
    fixed: int | None,
) -> dict[str, tuple[str, float]]:
    """A measure of each output and its value."""
    from specc.data.loading import Loader
    from specc.reports.collecting import collect
    from specc.reports.evaluation import Classification, evaluate

    predictions = collect(_Model(run, fixed), Loader(split, fixed or BATCH_SIZE), objectives)
    found: dict[str, tuple[str, float]] = {}
    for name, each in predictions.items():
        judged = evaluate(each.targets, each.scores, objectives[name])
        if isinstance(judged, Classification):
            found[name] = ("accuracy", judged.accuracy)
        else:
            found[name] = ("mean absolute error", judged.errors.mae)
    return found


@dataclass(frozen=True, slots=True)
class _Model:
    """A model that predicts batches, as an engine does.

    fixed: the only number of examples that it takes.
    """

    run: Runner
    fixed: int | None

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        for batch in batches:
            outputs = self.run(_filled(batch.inputs, self.fixed))
            yield {name: values[: batch.size] for name, values in outputs.items()}
