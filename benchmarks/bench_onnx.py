"""The zoo's ONNX files, a row a network: ours against those of the frameworks' exporters.

    python benchmarks/bench_onnx.py [--only NAME...] [--files DIR] [--against NAME...]
                                    [--batches N...] [--seconds S] [--sessions N]
                                    [--limit SECONDS]

nodes: in the graph and in those inside it, constants not counted: ours, theirs as they are, and
    after onnxslim.
MB: of the file, with what lies beside it. Both columns of ours are of the file that leaves open
    what the spec leaves open and has its weights inside.
b1, b32: how long ours takes, in times of theirs, and the standard error of that: the geometric mean
    over pairs of sessions of onnxruntime (CPU, one thread), of each the ratio of the medians of
    runs that take turns. Times are of the processor. Two sessions of one file differ by up to 4 %,
    by where their tensors come to lie in memory, and the first is the slower more often: so there
    are several, each of new copies of the files, which the kernel puts elsewhere. There is none
    where onnxruntime refuses theirs, in which tf2onnx left an op that ONNX does not have (Erfc,
    StatefulPartitionedCall), or where it asks for inputs that the network does not have.
difference: the largest between outputs, in times of the largest number in them.

Theirs are `torch.onnx.export(dynamo=True)` of an example as large as what is timed, and Keras's
`model.export(format="onnx")`, which on TensorFlow needs tf2onnx. Like is timed with like: ours has
the sizes of the example too where theirs has, and leaves open what the spec leaves open where
theirs does, as Keras's and, for `--against torch_open`, PyTorch's. PyTorch's file has its weights
beside it, from where onnxruntime maps them, and those inside a file it copies, which can be slower:
so are ours that are held against it. The weights are the same: drawn, with what starts as zeros
varied, so that no Add of zeros is there to be dropped. One that fails is named by its exception,
and onnxslim by its absence.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import onnx
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidGraph
from timing import outcome

import specc
from specc.ir import Graph
from specc.passes.cost import batch_symbols
from specc.passes.layout import IoLayout, boundary_orders, permutation
from specc.verification import example_sizes, random_inputs
from specc.weights import varied_weights
from specc.zoo import names

SIZES = {"S": 64, "T": 64, "P": 256, "h": 4, "w": 25}
"""What stands for the symbols of the zoo that are not the batch."""

LAYOUTS: dict[str, IoLayout] = {
    "torch": "channels_first",
    "torch_open": "channels_first",
    "keras": "channels_last",
}
"""How images lie at the boundary of what an exporter is given: as is usual for it."""

OURS = {"torch": "specc_fixed", "torch_open": "specc_beside", "keras": "specc"}
"""What of ours an exporter is held against."""

ONE_SIZE = {"torch", "specc_fixed"}
"""Those whose file is for the sizes of an example."""

FEWEST_RUNS = 3

ENOUGH_SECONDS = 0.005
"""What is quicker is timed several times over: a clock of the processor may stand still."""


@dataclass(frozen=True, slots=True)
class Example:
    """A network with weights and inputs, the same in each process.

    inputs: channels last, as in the spec.
    """

    spec: str
    batch: int

    @property
    def network(self) -> specc.Network:
        return specc.load(self.spec)

    @property
    def weights(self) -> dict[str, Any]:
        return varied_weights(self.network.graph.weights)

    @property
    def sizes(self) -> dict[str, int]:
        """What stands for each symbol."""
        graph = self.network.graph
        sizes, leading = example_sizes(graph, self.batch), batch_symbols(graph)
        return sizes | {
            name: SIZES.get(name, size) for name, size in sizes.items() if name not in leading
        }

    def inputs(self, layout: IoLayout) -> list[Any]:
        """An array for each input, images as `layout` says."""
        graph = self.network.graph
        given = zip(random_inputs(graph, self.sizes).values(), order(graph, layout), strict=True)
        return [np.ascontiguousarray(array.transpose(axes)) for array, axes in given]

    def open_axes(self, layout: IoLayout) -> list[list[int]]:
        """The axes of each input that have no size of their own."""
        graph = self.network.graph
        shapes = [value.type.shape for value in graph.inputs.values()]
        return [
            [at for at, axis in enumerate(axes) if not isinstance(shape[axis], int)]
            for shape, axes in zip(shapes, order(graph, layout), strict=True)
        ]


def order(graph: Graph, layout: IoLayout) -> list[tuple[int, ...]]:
    """The axes of the spec as each input has them."""
    orders = boundary_orders(graph, layout)
    return [permutation(None, orders[each], each.type.rank) for each in graph.inputs.values()]


def main() -> None:
    """Print the table, each row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=names())
    parser.add_argument("--files", type=Path, help="where files are kept, and taken from")
    parser.add_argument("--against", nargs="*", choices=LAYOUTS, default=["torch", "keras"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--seconds", type=float, default=1, help="that the runs of a pair take")
    parser.add_argument("--sessions", type=int, default=8, help="pairs of sessions: 4, 8, …")
    parser.add_argument("--limit", type=float, default=600, help="seconds that an exporter has")
    parser.add_argument("--export", nargs=2, metavar=("NAME", "PATH"), help=argparse.SUPPRESS)
    parser.add_argument("--slim", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.slim:
        slim(*options.slim)
        return
    if options.export:
        exporter, path = options.export
        print(export(Example(options.only[0], options.batches[0]), exporter, Path(path)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.files or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(heading(options), flush=True)
        for spec in options.only:
            print(row(spec, folder, options), flush=True)


def heading(options: argparse.Namespace) -> str:
    """The names of the columns."""
    cells = [f"{'network':20}{'nodes':>6}{'MB':>8}"]
    for exporter in options.against:
        cells.append(f"{exporter:>11}{'slim':>6}{'MB':>8}")
        cells += [f"{f'b{batch}':>13}" for batch in options.batches]
        cells.append(f"{'difference':>12}")
    return "".join(cells)


def row(spec: str, folder: Path, options: argparse.Namespace) -> str:
    """The figures of a network."""
    left_open = made(Example(spec, 1), "specc", folder, options.limit)
    if isinstance(left_open, str):
        return f"{spec:20}{left_open}"
    cells = [f"{spec:20}{nodes(left_open):6}{megabytes(left_open):8.1f}"]
    for exporter in options.against:
        ours, theirs = (
            {
                batch: made(Example(spec, size), each, folder, options.limit)
                for batch in options.batches
                for size in [batch if each in ONE_SIZE else 1]
            }
            for each in (OURS[exporter], exporter)
        )
        cells.append(against(spec, ours, theirs, exporter, options))
    return "".join(cells)


def against(
    spec: str,
    ours: Mapping[int, Path | str],
    theirs: Mapping[int, Path | str],
    exporter: str,
    options: argparse.Namespace,
) -> str:
    """The columns of one exporter. ours, theirs: by batch."""
    first = next(iter(theirs.values()))
    if isinstance(first, str):
        return f"{first:>25}" + " " * (13 * len(theirs) + 12)
    slimmed = slim_nodes(first, options.limit)
    cells, worst = [f"{nodes(first):11}{slimmed:>6}{megabytes(first):8.1f}"], 0.0
    for batch, path in theirs.items():
        pair = ours[batch], path
        if failed := [each for each in pair if isinstance(each, str)]:
            cells.append(f"{failed[0][:12]:>13}")
            continue
        try:
            ratios, difference = compared(Example(spec, batch), *pair, exporter, options)
        except (InvalidGraph, ValueError):
            cells.append(f"{'none':>13}")
            continue
        cells.append(f"{mean_and_error(ratios):>13}")
        worst = max(worst, difference)
    return "".join(cells) + f"{worst:12.1e}"


@cache
def made(example: Example, exporter: str, folder: Path, limit: float) -> Path | str:
    """The file of an exporter, if it is not there made in a process of its own; or how it fails.

    Ours is made anew in each run.
    """
    batch = example.batch if exporter in ONE_SIZE else 0  # the others leave it open
    path = folder / f"{example.spec.replace('/', '_')}.{exporter}{batch or ''}.onnx"
    failed = path.with_suffix(".failed")
    if failed.exists():
        return failed.read_text()
    if not path.exists() or exporter in OURS.values():
        command = [sys.executable, __file__, "--export", exporter, str(path)]
        command += ["--only", example.spec, "--batches", str(example.batch)]
        told = outcome(command, limit)
        if told != "done":
            failed.write_text(told)
            return told
    return path


def export(example: Example, exporter: str, path: Path) -> str:
    """`done`, or the class of the exception that ends it."""
    warnings.filterwarnings("ignore")
    try:
        EXPORTERS[exporter](example, path)
    except Exception as error:  # an exporter may raise anything: that is a finding
        return type(error).__name__
    return "done"


def by_specc(example: Example, path: Path) -> None:
    """Ours, which leaves open what the spec does."""
    example.network.to_onnx(path, example.weights)


def by_specc_beside(example: Example, path: Path) -> None:
    """The same, its weights beside it."""
    example.network.to_onnx(path, example.weights, external_data=True)


def by_specc_fixed(example: Example, path: Path) -> None:
    """Ours, of the sizes of the example, its weights beside it."""
    network = specc.load(example.spec, sizes=example.sizes)
    network.to_onnx(path, example.weights, external_data=True)


def by_torch(example: Example, path: Path, shapes: Any = None) -> None:
    """PyTorch's, of an example of that batch.

    shapes: what is open of each input, by axis.
    """
    import torch

    model = example.network.to_pytorch(example.weights).eval()
    tensors = tuple(map(torch.from_numpy, example.inputs("channels_first")))
    torch.onnx.export(model, tensors, path, dynamo=True, dynamic_shapes=shapes)


def by_torch_open(example: Example, path: Path) -> None:
    """PyTorch's, which leaves open what the spec does; of two, as it takes one for a constant."""
    from torch.export import Dim

    axes = example.open_axes("channels_first")
    shapes = tuple(dict.fromkeys(each, Dim.DYNAMIC) for each in axes)
    by_torch(replace(example, batch=2), path, shapes)


def by_keras(example: Example, path: Path) -> None:
    """Keras's, which leaves the batch open."""
    model, inputs = example.network.to_keras(example.weights), example.inputs("channels_last")
    model(inputs if len(inputs) > 1 else inputs[0])  # once, as its exporter wants it
    model.export(path, format="onnx", verbose=False)


EXPORTERS = {
    "specc": by_specc,
    "specc_beside": by_specc_beside,
    "specc_fixed": by_specc_fixed,
    "torch": by_torch,
    "torch_open": by_torch_open,
    "keras": by_keras,
}


def slim_nodes(path: Path, limit: float) -> int | str:
    """How many nodes onnxslim leaves of a file, or in a word how it fails."""
    slimmed = path.with_suffix(".slim.onnx")
    if not slimmed.exists():
        told = outcome([sys.executable, __file__, "--slim", str(path), str(slimmed)], limit)
        if not slimmed.exists():
            return told
    return nodes(slimmed)


def slim(path: Path, slimmed: Path) -> None:
    """Write what onnxslim makes of a file, if it is installed."""
    try:
        import onnxslim  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("none")
        return
    onnx.save(onnxslim.slim(onnx.load(path)), slimmed)
    print("done")


def nodes(path: Path) -> int:
    """How many nodes a file has that compute."""
    graph = onnx.load(path, load_external_data=False).graph
    return sum(node.op_type != "Constant" for node in inner_nodes(graph))


def inner_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph, and of those inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from inner_nodes(attribute.g)


def megabytes(path: Path) -> float:
    """The size of a file with what lies beside it."""
    return sum(each.stat().st_size for each in (path, beside(path)) if each.exists()) / 1e6


def beside(path: Path) -> Path:
    """Where the large tensors of a file are, if they are not in it."""
    return path.with_name(f"{path.name}.data")


def compared(
    example: Example, ours: Path, theirs: Path, exporter: str, options: argparse.Namespace
) -> tuple[list[float], float]:
    """The ratio of times of each pair of sessions, and the largest difference of outputs.

    In four pairs each is made first once where it runs first, and once where it runs second.
    """
    ratios, difference = list[float](), 0.0
    for turn in range(options.sessions):
        with tempfile.TemporaryDirectory(dir=ours.parent) as folder:
            runners: dict[Path, Runner] = {}
            for path in (ours, theirs) if turn % 2 else (theirs, ours):
                layout = LAYOUTS[exporter] if path is theirs else "channels_first"
                runners[path] = Runner.of(copied(path, Path(folder)), example.inputs(layout))
            difference = apart(runners[ours].outputs(), runners[theirs].outputs())
            order = (ours, theirs) if turn % 4 < 2 else (theirs, ours)
            taken = median_times([runners[path] for path in order], options.seconds)
            ratios.append(taken[order.index(ours)] / taken[order.index(theirs)])
            del runners
            gc.collect()
    return ratios, difference


def copied(path: Path, folder: Path) -> Path:
    """A copy of a file, with what lies beside it."""
    for each in (path, beside(path)):
        if each.exists():
            shutil.copyfile(each, folder / each.name)
    return folder / path.name


def median_times(runners: Sequence[Runner], seconds: float) -> list[float]:
    """The median time of each, of runs that take turns.

    Each run comes after one of another: what follows a run of its own finds more in the caches. The
    second run of a session is not timed, in which onnxruntime plans its memory.
    """
    slowest = max(runner.time() for runner in runners)
    times = 1 + int(ENOUGH_SECONDS / max(slowest, 1e-6))
    taken, end = list[list[float]](), time.perf_counter() + seconds
    while len(taken) < FEWEST_RUNS or time.perf_counter() < end:
        taken.append([runner.time(times) for runner in runners])
    return list(map(statistics.median, zip(*taken, strict=True)))


def mean_and_error(ratios: Sequence[float]) -> str:
    """The geometric mean of some ratios, and its standard error if there are several."""
    logarithms = [math.log(each) for each in ratios]
    mean = f"{math.exp(statistics.mean(logarithms)):.3f}"
    if len(ratios) < 2:
        return mean
    return f"{mean}±{statistics.stdev(logarithms) / math.sqrt(len(ratios)):.3f}"


def apart(ours: list[Any], theirs: list[Any]) -> float:
    """The largest difference; of images that lie otherwise, between their sorted numbers."""
    return max(
        float(abs(a - b).max() / max(abs(b).max(), 1e-30))
        for a, b in (
            (a, b) if a.shape == b.shape else (np.sort(a, axis=None), np.sort(b, axis=None))
            for a, b in zip(ours, theirs, strict=True)
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Runner:
    """A file in onnxruntime with inputs for it."""

    session: Any
    feeds: dict[str, Any]

    @classmethod
    def of(cls, path: Path, inputs: list[Any]) -> Runner:
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = InferenceSession(path, options, providers=["CPUExecutionProvider"])
        given = zip(session.get_inputs(), inputs, strict=True)
        return cls(session, {each.name: array for each, array in given})

    def outputs(self) -> list[Any]:
        return list(self.session.run(None, self.feeds))

    def time(self, times: int = 1) -> float:
        """The processor's seconds that so many runs take in this thread."""
        start = time.thread_time()
        for _ in range(times):
            self.outputs()
        return time.thread_time() - start


if __name__ == "__main__":
    main()
