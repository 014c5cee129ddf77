"""The whole zoo, a row a network: checking, the length of the sources, and exporting.

    python benchmarks/bench_zoo.py [--only NAME...] [--runs N] [--exporters [torch] [keras]]
                                   [--limit SECONDS] [--clock processor|wall]

Times are of the processor, so that what else the machine does counts for little. With
`--clock wall` exports are timed on the wall: ours waits until the disk has the file, theirs do not.
first: the first check of a process, which imports the layers that the network has.
again: the median of later checks of the same file in that process, and its ratio to PyYAML's C
    loader reading the same text.
PyTorch, Keras: lines of the emitted source.
export: an ONNX file of the checked network with its weights. bytes: that file's bytes, written
    alone, which no exporter can be faster than. Beside them the export by
    `torch.onnx.export(dynamo=True)` and by Keras's `model.export(format="onnx")`, which on
    TensorFlow needs tf2onnx, and their ratios to ours. One that fails is named by its exception,
    or by the signal that ended it. Each exports once before it is timed: the first export imports
    what it needs, and has the kernel find memory. Of what is quick it is the median of up to five,
    each to where no file is: to free the pages of an old one takes as long as to write them.
    All three are there with `--exporters`: for the whole zoo they take two hours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from timing import outcome, seconds
from yaml import CSafeLoader, load

import specc
from specc.locating import locate
from specc.verification import example_sizes, random_inputs
from specc.zoo import names

THEIRS = ("torch", "keras")
MOST_EXPORTS, ENOUGH_SECONDS = 5, 10.0
CLOCKS = {"processor": time.process_time, "wall": time.perf_counter}

NETWORKS = (*names(), "efficientnet@b7")
COLUMNS = (
    f"{'network':22}{'layers':>7}{'first ms':>10}{'again ms':>10}{'/ YAML':>8}"
    f"{'PyTorch':>9}{'Keras':>7}{'export s':>10}{'bytes s':>9}{'torch s':>20}{'keras s':>20}"
)

CHECKS = """
import sys, time
from pathlib import Path
from specc.checking import check_file

for _ in range(int(sys.argv[3])):
    start = time.process_time()
    checked = check_file(Path(sys.argv[1]), variant=sys.argv[2] or None)
    print(time.process_time() - start)
    assert checked.graph is not None
"""


def main() -> None:
    """Print the table, each row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=NETWORKS)
    parser.add_argument("--runs", type=int, default=5, help="processes that check a network")
    parser.add_argument("--exporters", nargs="*", choices=THEIRS, help="time ours and theirs")
    parser.add_argument("--limit", type=float, default=600, help="seconds that an exporter has")
    parser.add_argument("--clock", choices=CLOCKS, default="processor", help="that times exports")
    parser.add_argument("--export", choices=EXPORTERS, help="run this one alone, print its time")
    options = parser.parse_args()
    if options.export:
        clock = CLOCKS[options.clock]
        print(*(export(spec, options.export, clock) for spec in options.only))
        return
    print(COLUMNS, flush=True)
    for spec in options.only:
        print(checking(spec, options.runs), end="", flush=True)
        if options.exporters is not None:
            theirs = options.exporters or THEIRS
            print(exporting(spec, theirs, options.limit, options.clock), end="", flush=True)
        print(flush=True)


def checking(spec: str, runs: int) -> str:
    """The columns that need no framework."""
    network = specc.load(spec)
    location = locate(spec)
    text = location.path.read_text("utf-8")
    first, again, reading = [], [], []
    for _ in range(runs):
        times = checks(location.path, location.variant)
        first.append(times[0])
        again += times[1:]
        reading += [seconds(lambda: load(text, CSafeLoader), time.process_time) for _ in times]
    once, later = statistics.median(first) * 1e3, statistics.median(again) * 1e3
    ratio = later / (statistics.median(reading) * 1e3)
    lines = [len(network.source(backend).splitlines()) for backend in ("pytorch", "keras")]
    return (
        f"{spec:22}{len(network.graph.nodes):7}{once:10.1f}{later:10.1f}{ratio:8.2f}"
        f"{lines[0]:9}{lines[1]:7}"
    )


def checks(path: Path, variant: str | None, times: int = 6) -> list[float]:
    """The seconds of each check of a spec in a process of its own."""
    command = [sys.executable, "-c", CHECKS, str(path), variant or "", str(times)]
    # An installed program has its bytecode beside it, whatever this environment says.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def exporting(spec: str, theirs: Sequence[str], limit: float, clock: str) -> str:
    """The columns of ours and of the frameworks' exporters, each in a process of its own."""
    ours = export_alone(spec, "specc", limit, clock)
    if isinstance(ours, str):
        return f"  {ours}"
    alone = export_alone(spec, "bytes", limit, clock)
    found = {exporter: export_alone(spec, exporter, limit, clock) for exporter in theirs}
    cells = (
        each if isinstance(each, str) else f"{each:.1f} ({each / ours:.1f}x)"
        for each in (found.get(exporter, "") for exporter in THEIRS)
    )
    shown = alone if isinstance(alone, str) else f"{alone:.3f}"
    return f"{ours:10.3f}{shown:>9}" + "".join(f"  {cell:>18}" for cell in cells)


def export_alone(spec: str, exporter: str, limit: float, clock: str) -> float | str:
    """The seconds that an export takes, or in a word how it fails: it may run out of memory."""
    command = [sys.executable, __file__, "--export", exporter, "--only", spec, "--clock", clock]
    told = outcome(command, limit)
    return float(told) if told[0].isdigit() else told


def export(spec: str, exporter: str, clock: Callable[[], float]) -> str:
    """The seconds that an export takes, or the class of the exception that ends it."""
    warnings.filterwarnings("ignore")
    make = EXPORTERS[exporter]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            run, times = make(specc.load(spec), path), list[float]()
            run()
            while len(times) < MOST_EXPORTS and sum(times) < ENOUGH_SECONDS:
                for written in Path(folder).iterdir():
                    written.unlink()
                times.append(seconds(run, clock))
            return str(statistics.median(times))
        except Exception as error:  # an exporter may raise anything: that is a finding
            return type(error).__name__


def by_specc(network: specc.Network, path: Path) -> Callable[[], object]:
    """Ours; as below, the call that is timed."""
    weights = network.initial_weights()
    return lambda: network.to_onnx(path, weights)


def by_writing(network: specc.Network, path: Path) -> Callable[[], object]:
    """Our file, which is made before, written as any bytes are."""
    contents = network.to_onnx()
    return lambda: path.write_bytes(contents)


def by_torch(network: specc.Network, path: Path) -> Callable[[], object]:
    """PyTorch's exporter of a module that is made before."""
    import torch

    model = network.to_pytorch(io_layout="channels_last").eval()
    tensors = tuple(map(torch.from_numpy, examples(network)))
    return lambda: torch.onnx.export(model, tensors, path, dynamo=True)


def by_keras(network: specc.Network, path: Path) -> Callable[[], object]:
    """Keras's exporter of a model that is made before, and called once, as Keras wants it."""
    model, inputs = network.to_keras(io_layout="channels_last"), examples(network)
    model(inputs if len(inputs) > 1 else inputs[0])
    return lambda: model.export(path, format="onnx", verbose=False)


def examples(network: specc.Network) -> list[Any]:
    """An array for each input: a batch of one."""
    return list(random_inputs(network.graph, example_sizes(network.graph, batch=1)).values())


EXPORTERS = {"specc": by_specc, "bytes": by_writing, "torch": by_torch, "keras": by_keras}


if __name__ == "__main__":
    main()
