"""`--plugin`: layers of the user's own, named on the command line and never in a spec."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Annotated, Any

import typer

from specc.diagnostics import SpecError
from specc.source import printable


def load_plugin(name: str) -> None:
    """Import a file, if `name` ends in `.py`, else a module; its layers are known from then on.

    Raises `SpecError` (`plugin-failed`) with whatever the plugin raised.
    """
    try:
        if name.endswith(".py"):
            _import_file(Path(name))
        else:
            import_module(name)
    except Exception as error:  # anything may go wrong in code that is not ours
        raise _failed(name, error) from error


def _import_file(path: Path) -> None:
    """Import a file under its own name, with the modules beside it in reach."""
    path = path.resolve(strict=True)
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    sys.path.append(str(path.parent))
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)


def _failed(name: str, error: Exception) -> SpecError:
    frames = traceback.extract_tb(error.__traceback__)
    place = next((f" (line {each.lineno})" for each in frames[::-1] if _is_of(each, name)), "")
    message = f"the plugin {printable(name)} cannot be imported{place}: "
    message += printable(f"{type(error).__name__}: {error}", 300)
    is_absent = isinstance(error, FileNotFoundError | ModuleNotFoundError)
    help = "give the path of a Python file, or the name of an installed module" if is_absent else ""
    return SpecError.of("plugin-failed", message, help=help)


def _is_of(frame: traceback.FrameSummary, name: str) -> bool:
    return Path(frame.filename).name == Path(name).name


Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="FILE|MODULE", help="Python code with layers of your own."),
]


def with_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """The command with one more option, `--plugin`, whose plugins are imported before it runs."""

    @wraps(command)
    def run(*, plugins: list[str] | None, **options: Any) -> None:
        for name in plugins or ():
            load_plugin(name)
        command(**options)

    given = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        "plugins", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Plugins
    )
    signature = given.replace(parameters=[*given.parameters.values(), option])
    run.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    return run
