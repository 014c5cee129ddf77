"""The command that measures how fast a model is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specc.files import require_writable
from specc.wording import count

from .console import print_table, working
from .options import AsJson, Settings, Sizes, names_model, open_network, parse_sizes, weights_of
from .predicting import Provider

if TYPE_CHECKING:
    from specc.inference.benchmark import Benchmark
    from specc.inference.model import ModelFile

Target = Annotated[
    str,
    typer.Argument(metavar="MODEL.onnx|SPEC", help="An ONNX model, or a spec, which is exported."),
]
Batches = Annotated[
    str | None, typer.Option("--batch", metavar="N,…", help="Batch sizes; default: 1,8,32.")
]
ThreadCounts = Annotated[
    str | None,
    typer.Option("--threads", metavar="N,…", help="Default: one, and one for each processor."),
]
Seconds = Annotated[
    float, typer.Option(min=0.001, help="How long each combination is measured.", show_default=True)
]
Runs = Annotated[
    int | None, typer.Option(min=1, help="How often each combination runs, in place of --seconds.")
]


def _require_png(output: Path | None) -> Path | None:
    if output is not None and output.suffix.lower() != ".png":
        raise typer.BadParameter(f"expected a file ending in .png; received {output}")
    return output


Picture = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE.png",
        help="Draw the figures as a PNG.",
        callback=_require_png,
    ),
]


def bench(
    target: Target,
    batch: Batches = None,
    threads: ThreadCounts = None,
    seconds: Seconds = 2.0,
    runs: Runs = None,
    size: Sizes = None,
    provider: Provider = "cpu",
    output: Picture = None,
    as_json: AsJson = False,
    settings: Settings = None,
) -> None:
    """Measure a model in onnxruntime: latency and throughput over batch sizes and threads.

    The inputs are random, of the model's own types. Pictures are 224 high and wide, texts 128 long,
    where the model leaves that open, unless --size says otherwise.
    """
    from specc.inference.benchmark import Effort, benchmark

    batches, thread_counts = _numbers("--batch", batch), _numbers("--threads", threads)
    sizes = parse_sizes(size)
    if output is not None:
        require_writable(output, model=Path(target))
    file = _model_file(target, settings)
    with working("Measuring"):
        result = benchmark(
            file,
            batches=batches,
            threads=thread_counts,
            effort=Effort(seconds, runs),
            provider=provider,
            sizes=sizes,
        )
    if as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
    else:
        _print(result)
    if output is not None:
        _draw(result, output)


def _numbers(option: str, text: str | None) -> list[int] | None:
    """The numbers of `1,8,32`. Raises `typer.BadParameter`."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,6}(\s*,\s*[1-9]\d{0,6})*", text):
        raise typer.BadParameter(f"expected such as 1,8,32, received {text!r}", param_hint=option)
    return list(map(int, text.split(",")))


def _model_file(target: str, settings: list[str] | None) -> ModelFile:
    from specc.inference.model import exported_model, locate_model

    if names_model(target, settings):
        return locate_model(target)
    network = open_network(target, settings)
    with working("Exporting"):
        return exported_model(network.name, network, weights_of(target, None))


def _print(result: Benchmark) -> None:
    sizes = "".join(f", {name}={size}" for name, size in result.sizes.items())
    inputs = ", ".join(f"{name}: {type}" for name, type in result.inputs.items())
    typer.echo(f"{result.model}: {inputs}{sizes}")
    processors = count(result.processors, "processor")
    typer.echo(f"onnxruntime {result.onnxruntime}, provider {result.provider}, {processors}\n")
    rows = [
        (
            str(each.threads),
            str(each.batch),
            f"{each.runs:,}",
            *(f"{latency:.3f}" for latency in (each.p50, each.p90, each.p99)),
            f"{each.throughput:,.1f}",
        )
        for each in result.measurements
    ]
    print_table([_HEADER, *rows], left=0)


_HEADER = ("threads", "batch", "runs", "p50 ms", "p90 ms", "p99 ms", "examples/s")


def _draw(result: Benchmark, output: Path) -> None:
    from specc.files import write_atomically
    from specc.reports.plots import latencies

    write_atomically(output, latencies(result))
    typer.echo(f"wrote {output}", err=True)
