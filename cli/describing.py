"""What a network is, and what the language has: summary, expand, layers, explain, schema."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from specc.codes import CODES
from specc.names import did_you_mean

from .console import import_keras, print_table
from .options import AsJson, Settings, Sizes, Spec, open_network

Depth = Annotated[
    int | None,
    typer.Option(min=0, help="Levels of blocks and loops to open; default: all."),
]


def summary(
    spec: Spec,
    depth: Depth = None,
    settings: Settings = None,
    size: Sizes = None,
    as_json: AsJson = False,
) -> None:
    """Print the layers, their output shapes and parameters, and the totals."""
    from specc.summary import COLUMNS, summarize

    table = summarize(open_network(spec, settings, size).graph, depth)
    if as_json:
        _print_json(table.as_json())
        return
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else COLUMNS
    typer.echo(table.text(columns))


def expand(spec: Spec, settings: Settings = None, size: Sizes = None) -> None:
    """Print the network with every block, loop and expression worked out."""
    typer.echo(str(open_network(spec, settings, size).graph), nl=False)


Code = Annotated[
    str | None,
    typer.Argument(metavar="CODE", help="A code such as shape-mismatch; default: list all."),
]


def explain(code: Code = None, as_json: AsJson = False) -> None:
    """Say what an error code means."""
    if code is None:
        titles = [(name, text.partition("\n")[0]) for name, text in sorted(CODES.items())]
        if as_json:
            _print_json({"codes": [{"code": name, "title": title} for name, title in titles]})
        else:
            print_table(titles, left=2)
        return
    if code not in CODES:
        hint = did_you_mean(code, CODES) or "`specc explain` lists the codes"
        raise typer.BadParameter(f"there is no code {code!r}; {hint}", param_hint="CODE")
    text = CODES[code].strip()
    if as_json:
        _print_json({"code": code, "title": text.partition("\n")[0], "text": text})
    else:
        typer.echo(f"{code}: {text}")


LayerName = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A layer such as Conv2D; default: list all.")
]


WithCoverage = Annotated[
    bool, typer.Option("--coverage", help="Hold them against every class of keras.layers.")
]


def layers(name: LayerName = None, coverage: WithCoverage = False, as_json: AsJson = False) -> None:
    """List the layers, or tell all about one."""
    from specc.describing import layer_json, layer_page, layer_table, layers_json

    if coverage:
        _print_coverage(as_json)
    elif as_json:
        _print_json(layers_json() if name is None else layer_json(name))
    elif name is not None:
        typer.echo(layer_page(name))
    else:
        _print_layers(layer_table())


def _print_layers(table: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    for family, members in table.items():
        typer.echo(family)
        print_table([(f"  {layer}", title) for layer, title in members], left=2)


def _print_coverage(as_json: bool) -> None:
    import_keras()
    from specc.coverage import beyond_keras, coverage_table, keras_coverage, left_out

    found = keras_coverage()
    if as_json:
        reasons = [{"parameter": name, "reason": reason} for name, reason in left_out()]
        classes = [asdict(each) for each in found]
        _print_json({"classes": classes, "left_out": reasons, "beyond_keras": beyond_keras()})
        return
    for family, rows in coverage_table(found).items():
        typer.echo(family)
        print_table([(f"  {names}", word, note) for names, word, note in rows], left=3)
    typer.echo("parameters left out")
    print_table([(f"  {name}", reason) for name, reason in left_out()], left=2)
    more = beyond_keras()
    typer.echo(f"beyond Keras\n  {', '.join(more)}")
    supported = sum(each.supported for each in found)
    typer.echo(f"\n{supported} of {len(found)} classes of keras.layers, {len(more)} layers more")


def schema() -> None:
    """Print the JSON Schema of the language, for editors."""
    from specc.schema import json_schema

    _print_json(json_schema())


def _print_json(data: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
