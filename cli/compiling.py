"""Commands that write what a spec is compiled to: build, init, export."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specc.exporting import OPSET, OPSETS

from .console import working
from .options import IoLayout, Seed, Settings, Spec, Weights, open_network, weights_of

if TYPE_CHECKING:
    from specc.network import Network

Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")]
OptionalOutput = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="The file to write; default: stdout."),
]
BackendName = Annotated[
    str,
    typer.Option("--backend", metavar="NAME", help="pytorch, keras, or another that is installed."),
]
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
        help=f"The version of ONNX's ops: {OPSETS[0]} to {OPSETS[-1]}; default: {OPSET}.",
    ),
]

Functions = Annotated[
    bool,
    typer.Option("--functions", help="Keep blocks as functions: nodes that viewers can open."),
]


class Precision(StrEnum):
    """`--precision`: see `specc.exporting.Precision`."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


InPrecision = Annotated[
    Precision,
    typer.Option("--precision", help="What to compute and to store weights in."),
]

Check = Annotated[
    bool,
    typer.Option(
        "--check/--no-check", help="Hold the file against onnx and onnxruntime before it is kept."
    ),
]


def build(
    spec: Spec,
    backend: BackendName,
    output: OptionalOutput = None,
    settings: Settings = None,
    io_layout: IoLayout = None,
) -> None:
    """Write the network as source that needs no specc to run."""
    from specc.backend import load_backend
    from specc.files import write_atomically

    graph = open_network(spec, settings).graph
    artifact = load_backend(backend).compile(graph, None, io_layout.value if io_layout else None)
    data = artifact.encode() if isinstance(artifact, str) else artifact
    if output is not None:
        write_atomically(output, data)
        _tell(output)
    elif isinstance(artifact, bytes) and sys.stdout.isatty():
        raise typer.BadParameter(f"{backend} writes a file: name it with -o", param_hint="--output")
    else:
        typer.echo(data, nl=False)


def init(spec: Spec, output: Output, seed: Seed = 0, settings: Settings = None) -> None:
    """Write the weights that training starts from, as safetensors."""
    from specc.weights import save_weights

    network = open_network(spec, settings)
    with working("Drawing weights"):
        save_weights(output, network.initial_weights(seed))
    _tell(output)


def export(
    spec: Spec,
    output: Output,
    weights: Weights = None,
    seed: Seed = 0,
    settings: Settings = None,
    io_layout: IoLayout = None,
    softmax: WithSoftmax = False,
    top_k: TopK = None,
    external_data: ExternalData = False,
    opset: Opset = None,
    functions: Functions = False,
    precision: InPrecision = Precision.float32,
    check: Check = True,
) -> None:
    """Write the network as an ONNX model, with the weights in it; those of a run are its best."""
    network = open_network(spec, settings)
    found: list[str] = []
    with working("Exporting"):
        network.to_onnx(
            output,
            weights_of(spec, weights),
            seed=seed,
            io_layout=io_layout.value if io_layout else None,
            softmax=softmax,
            top_k=top_k,
            external_data=external_data,
            opset=opset,
            functions=functions,
            precision=precision.value,
            check=check,
            report=found.append,
            metadata=_metadata(spec, network, softmax, top_k),
        )
    for line in found:
        typer.echo(line, err=True)
    _tell(output)


def _metadata(spec: str, network: Network, softmax: bool, top_k: int | None) -> dict[str, str]:
    """What the model says of itself: class names, preprocessing, what its output is."""
    from specc.locating import run_folder
    from specc.training.metadata import run_card, spec_card

    if run_folder(spec) is None:
        return spec_card(network, softmax=softmax, top_k=top_k).metadata()
    from specc.training.run import open_run

    return run_card(open_run(spec), softmax=softmax, top_k=top_k).metadata()


def _tell(path: Path) -> None:
    typer.echo(f"wrote {path} ({path.stat().st_size:,} bytes)", err=True)
