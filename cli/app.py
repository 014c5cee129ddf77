"""The `specc` command: its subcommands, and what becomes of their errors.

Exit status: 0, 1 for faults of a spec, a file or a model, 2 for a wrong command line, 130 after
Ctrl+C. No fault of the user's ends in a traceback. The modules imported here need no framework:
`specc check` pays only for what it uses.
"""

from __future__ import annotations

import errno
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from specc.diagnostics import SpecError
from specc.packages import missing_package
from specc.source import printable

from .benchmarking import bench
from .checking import check
from .compiling import build, init
from .console import print_errors
from .describing import expand, explain, layers, schema, summary
from .evaluating import compare, evaluate
from .exporting import export
from .plugins import with_plugins
from .predicting import predict
from .training import train
from .verifying import verify
from .viewing import graph, view


class Commands(TyperGroup):
    """The group of all commands: says what the user can mend, and exits with 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SpecError as error:
            print_errors(error.report)
        except ModuleNotFoundError as error:
            print_errors(missing_package(error).report)
        except OSError as error:
            print_errors(_refused(error).report)
        raise typer.Exit(1)


def _refused(error: OSError) -> SpecError:
    """What the system refused of a file, such as one in a folder closed to the user, or of stdout.

    Raises the error again if it is another, among them that nobody reads stdout any more.
    """
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        return SpecError.of("file-unreadable", f"{printable(str(error.filename))}: {reason}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SpecError.of("unwritable", f"cannot write the output: {reason}")
    raise error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"specc {version('specc')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """One spec of a neural network: checked statically, compiled to PyTorch, Keras and ONNX."""


for command in (
    check,
    summary,
    expand,
    build,
    init,
    export,
    verify,
    train,
    evaluate,
    compare,
    predict,
    bench,
    graph,
    view,
    layers,
    explain,
    schema,
):
    app.command()(with_plugins(command))


def main() -> None:
    """Run the command line; what the terminal's encoding lacks is printed escaped.

    What Pillow warns of, such as notes of a camera that are cut short, is no fault of a picture.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="specc")
