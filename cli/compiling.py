"""Commands that write what a spec is compiled to: build, init."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from specc.files import require_writable, write_atomically
from specc.locating import locate

from .console import working
from .options import IoLayout, Seed, Settings, Sizes, Spec, open_network


def _require_file(output: Path) -> Path:
    if output == _STDOUT:
        raise typer.BadParameter("this goes to a file, not to stdout")
    return output


def _none_for_stdout(output: Path | None) -> Path | None:
    return None if output == _STDOUT else output


_STDOUT = Path("-")

Output = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE", help="The file to write.", callback=_require_file
    ),
]
OptionalOutput = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The file to write; default, and -: stdout.",
        callback=_none_for_stdout,
    ),
]
BackendName = Annotated[
    str,
    typer.Option("--backend", metavar="NAME", help="pytorch, keras, or another that is installed."),
]


def build(
    spec: Spec,
    backend: BackendName,
    output: OptionalOutput = None,
    settings: Settings = None,
    size: Sizes = None,
    io_layout: IoLayout = None,
) -> None:
    """Write the network as source that needs no specc to run."""
    from specc.backend import load_backend

    graph = open_network(spec, settings, size).graph
    if output is not None:
        require_writable(output, spec=locate(spec).path)
    artifact = load_backend(backend).compile(graph, None, io_layout.value if io_layout else None)
    data = artifact.encode() if isinstance(artifact, str) else artifact
    if output is not None:
        write_atomically(output, data)
        tell(output)
    elif isinstance(artifact, bytes) and sys.stdout.isatty():
        raise typer.BadParameter(f"{backend} writes a file: name it with -o", param_hint="--output")
    else:
        typer.echo(data, nl=False)


def init(
    spec: Spec, output: Output, seed: Seed = 0, settings: Settings = None, size: Sizes = None
) -> None:
    """Write the weights that training starts from, as safetensors."""
    from specc.weights import save_weights

    network = open_network(spec, settings, size)
    require_writable(output, spec=locate(spec).path)
    with working("Drawing weights"):
        save_weights(output, network.initial_weights(seed))
    tell(output)


def tell(path: Path) -> None:
    """Say that a file is there."""
    typer.echo(f"wrote {path} ({path.stat().st_size:,} bytes)", err=True)
