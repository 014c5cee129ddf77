"""The command that writes an ONNX model: export."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specc.exporting import OPSETS
from specc.files import require_unread, require_writable
from specc.locating import locate

from .compiling import Output, tell
from .console import working
from .options import IoLayout, Seed, Settings, Sizes, Spec, Weights, open_network, weights_of

if TYPE_CHECKING:
    from specc.exporting import ExportOptions
    from specc.network import Network
    from specc.quantizing import Quantization

WithSoftmax = Annotated[
    bool, typer.Option("--softmax", help="Append a softmax to the network's one output.")
]

TopK = Annotated[
    int | None,
    typer.Option(
        "--top-k",
        min=1,
        help="Give so many of the best scores and their classes in place of the one output.",
    ),
]
ExternalData = Annotated[
    bool,
    typer.Option(
        "--external-data",
        help="Put large tensors into FILE.data beside the model; so it is done beyond 2 GiB.",
    ),
]

Opset = Annotated[
    int | None,
    typer.Option(
        "--opset",
        metavar="N",
        help=f"The version of ONNX's ops: {OPSETS[0]} to {OPSETS[-1]}; default: the oldest that has"
        " what the network needs.",
    ),
]

Functions = Annotated[
    bool,
    typer.Option("--functions", help="Keep blocks as functions: nodes that viewers can open."),
]


class Precision(StrEnum):
    """`--precision`: see `specc.exporting.Precision` and `specc.quantizing`."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"
    int8 = "int8"


InPrecision = Annotated[
    Precision,
    typer.Option(
        "--precision", help="What to compute and to store weights in; int8 is calibrated on data."
    ),
]

DataPath = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="Of int8: examples that calibrate and judge it; default: what the spec names.",
    ),
]
Examples = Annotated[
    int | None, typer.Option(min=1, help="Of int8: how many calibrate; default: 256.")
]

Check = Annotated[
    bool,
    typer.Option(
        "--check/--no-check", help="Hold the file against onnx and onnxruntime before it is kept."
    ),
]


def export(
    spec: Spec,
    output: Output,
    weights: Weights = None,
    seed: Seed = 0,
    settings: Settings = None,
    size: Sizes = None,
    io_layout: IoLayout = None,
    softmax: WithSoftmax = False,
    top_k: TopK = None,
    external_data: ExternalData = False,
    opset: Opset = None,
    functions: Functions = False,
    precision: InPrecision = Precision.float32,
    data: DataPath = None,
    examples: Examples = None,
    check: Check = True,
) -> None:
    """Write the network as an ONNX model, with the weights in it; those of a run are its best."""
    network, given = open_network(spec, settings, size), weights_of(spec, weights)
    read = {"spec": locate(spec).path, "weights": given}
    require_writable(output, **read)
    require_unread(Path(f"{output}.data"), **read)
    options: ExportOptions = {
        "io_layout": io_layout.value if io_layout else None,
        "softmax": softmax,
        "top_k": top_k,
        "opset": opset,
        "metadata": _metadata(spec, network, softmax, top_k),
        "check": check,
    }
    found: list[str] = []
    options["report"] = found.append
    if precision is Precision.int8:
        _require("only one file without functions has int8", functions, external_data)
        with working("Quantizing"):
            judged = network.quantize(
                output, given, seed=seed, data=data, examples=examples, **options
            )
        found += _judgement(judged)
    else:
        _require("only int8 is calibrated on data", data, examples)
        options |= {"external_data": external_data, "functions": functions}
        options |= {"precision": precision.value}
        with working("Exporting"):
            network.to_onnx(output, given, seed=seed, **options)
    for line in found:
        typer.echo(line, err=True)
    tell(output)


def _require(rule: str, *others: object) -> None:
    """Refuse options that do not go with the precision."""
    if any(others):
        raise typer.BadParameter(rule, param_hint="--precision")


def _judgement(found: Quantization) -> Iterator[str]:
    """What the examples say of a model in eight bits."""
    examples, split = found.calibrated
    yield f"calibrated on {examples:,} examples of the {split} split"
    examples, split = found.judged
    for each in found.judgements:
        before, after = (each.text(score) for score in (each.before, each.after))
        where = f"{each.output} on {examples:,} examples of the {split} split"
        yield f"{each.measure} of {where}: {before} in float32, {after} in int8"


def _metadata(spec: str, network: Network, softmax: bool, top_k: int | None) -> dict[str, str]:
    """What the model says of itself: class names, preprocessing, what its output is."""
    from specc.locating import run_folder
    from specc.training.metadata import run_card, spec_card

    if run_folder(spec) is None:
        return spec_card(network, softmax=softmax, top_k=top_k).metadata()
    from specc.training.run import open_run

    return run_card(open_run(spec), softmax=softmax, top_k=top_k).metadata()
