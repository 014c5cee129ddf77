"""Commands that show a network: graph draws it, view opens it in the browser."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specc.diagnostics import SpecError
from specc.files import require_writable
from specc.locating import locate, run_folder
from specc.source import printable

from .compiling import OptionalOutput, tell
from .options import Settings, Sizes, Spec, names_model, open_network

if TYPE_CHECKING:
    from specc.inference.model import ModelFile
    from specc.network import Network

    from .viewer import Viewer


class Format(StrEnum):
    """`--format`: see `specc.drawing.formats.Format`."""

    svg = "svg"
    mermaid = "mermaid"
    dot = "dot"


FormatName = Annotated[
    Format | None, typer.Option("--format", help="Default: by the ending of the file, else svg.")
]
Depth = Annotated[int, typer.Option(min=0, help="Levels of blocks to open.")]


def graph(
    spec: Spec,
    output: OptionalOutput = None,
    format: FormatName = None,
    depth: Depth = 0,
    settings: Settings = None,
    size: Sizes = None,
) -> None:
    """Draw the network as SVG, Mermaid (.mmd) or DOT: boxes, with shapes on what joins them.

    Blocks are closed unless --depth opens them; equal iterations of a loop are drawn once.
    """
    from specc.drawing.formats import ENDINGS, format_of

    if output is not None and format is None and format_of(output) is None:
        expected = f"expected a file ending in {', '.join(ENDINGS)}, or --format"
        raise typer.BadParameter(f"{expected}; received {output}", param_hint="--output")
    network = open_network(spec, settings, size)
    if output is not None:
        require_writable(output, spec=locate(spec).path)
    drawing = network.draw(output, format=format.value if format else None, depth=depth)
    if output is None:
        typer.echo(drawing.text, nl=False)
    else:
        tell(output)


Viewed = Annotated[
    str,
    typer.Argument(metavar="SPEC|RUN|MODEL.onnx", help="A spec, a run, or an ONNX model."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Serve only; open no browser.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Default: 8080, or another if that is taken; 0 is any."),
]
USUAL_PORT = 8080


def view(
    target: Viewed,
    no_browser: NoBrowser = False,
    port: Port = None,
    settings: Settings = None,
    size: Sizes = None,
) -> None:
    """Show the network's graph in the browser, with Netron; a spec needs no weights.

    Serves on this machine only, until Ctrl+C. The page loads nothing from elsewhere.
    """
    import webbrowser

    file = _viewable(target, settings, size)
    with _viewer(file, port) as viewer:
        typer.echo(f"{printable(file.name)} at {viewer.url} until Ctrl+C")
        sys.stdout.flush()
        if not no_browser:
            webbrowser.open(viewer.url)
        try:
            viewer.serve_forever()
        except KeyboardInterrupt:
            typer.echo("", err=True)  # the terminal shows ^C in this line


def _viewer(file: ModelFile, port: int | None) -> Viewer:
    from .viewer import Viewer

    model, beside = _contents(file)
    try:
        return Viewer(file.name, model, USUAL_PORT if port is None else port, beside)
    except OSError as error:
        if port is None:
            return Viewer(file.name, model, 0, beside)
        reason = error.strerror or str(error)
        raise typer.BadParameter(f"{port} cannot be used: {reason}", param_hint="--port") from None


def _viewable(target: str, settings: list[str] | None, sizes: list[str] | None) -> ModelFile:
    """The model to show, under what the viewer calls it."""
    from specc.inference.model import ModelFile, exported_model

    if names_model(target, settings, sizes):
        return ModelFile(Path(target).name, Path(target))
    network, run = open_network(target, settings, sizes), run_folder(target)
    name = f"{network.name}.onnx"
    if run is not None and (run.best.is_file() or run.last.is_file()):
        return exported_model(name, network, run.weights)
    return ModelFile(name, _without_weights(network))


def _without_weights(network: Network) -> bytes:
    from specc.backend import load_backend

    data = load_backend("onnx").compile(network.graph, None, None)
    assert isinstance(data, bytes)
    return data


def _contents(file: ModelFile) -> tuple[bytes, Mapping[str, Path]]:
    """The contents of an ONNX file, and the files with its tensors.

    Raises `SpecError` for what is no ONNX file.
    """
    if isinstance(file.contents, bytes):
        return file.contents, {}
    import onnx

    from specc.inference.model import read_file

    from .viewer import external_files

    path = file.contents
    data = read_file(path)
    try:
        model = onnx.load_from_string(data)
    except Exception as error:  # protobuf has an exception of its own for each implementation
        raise _no_model(path) from error
    if not model.ir_version or not model.graph.node:
        raise _no_model(path)
    return data, external_files(model, path.parent)


def _no_model(path: Path) -> SpecError:
    message = f"{printable(str(path))} is no ONNX model, or not the whole of one"
    help = "`specc export SPEC -o FILE` makes one; a file cut short must be copied again"
    return SpecError.of("model-unreadable", message, help=help)
