"""`specc check`: every fault of every file named, in the format asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from specc.checking import Checked, check_file
from specc.diagnostics import Report, SpecError
from specc.locating import Location, locate
from specc.wording import count

from .console import wants_color
from .options import Settings, parse_settings


class Format(StrEnum):
    """`--format`: see `specc.cli.render.Format`."""

    text = "text"
    concise = "concise"
    json = "json"
    github = "github"
    sarif = "sarif"


Specs = Annotated[
    list[str],
    typer.Argument(metavar="SPEC...", help="Files, file.yaml@variant, or names in the zoo."),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How faults are written.")]
AllVariants = Annotated[bool, typer.Option("--all-variants", help="Check every variant too.")]


def check(
    specs: Specs,
    output_format: OutputFormat = Format.text,
    all_variants: AllVariants = False,
    settings: Settings = None,
) -> None:
    """Find every fault of the specs, without a framework.

    Exits with 1 if there is an error, with 2 if the command itself is wrong.
    """
    params = parse_settings(settings)
    report = Report()
    for spec in specs:
        for name, checked in _checks(spec, params, all_variants):
            report.merge(checked.report)
            if output_format is Format.text and checked.graph is not None:
                typer.echo(_verdict(name, checked))
    _print_faults(report, output_format)
    if report.failed:
        raise typer.Exit(1)


def _checks(
    spec: str, params: Mapping[str, Any], all_variants: bool
) -> Iterator[tuple[Location | str, Checked]]:
    """What is to be checked under the name of `spec`, and what came of it."""
    try:
        location = locate(spec)
    except SpecError as error:
        yield spec, Checked(error.report, None)
        return
    checked = check_file(location.path, variant=location.variant, params=params)
    yield location, checked
    if not all_variants:
        return
    for variant in checked.variants:
        if variant != location.variant:
            other = Location(location.spec, location.path, variant)
            yield other, check_file(other.path, variant=variant, params=params)


def _print_faults(report: Report, output_format: Format) -> None:
    if output_format is Format.text and not report.diagnostics:
        return
    from .render import render  # a spec that is right does without

    color = wants_color(sys.stdout)
    if text := render(report, output_format.value, color=color, root=Path.cwd()):
        typer.echo(text)


def _verdict(name: Location | str, checked: Checked) -> str:
    """One line for a spec without errors."""
    graph = checked.graph
    assert graph is not None
    parts = [
        f"{name}: ok",
        count(len(graph.nodes), "layer"),
        count(graph.parameters, "parameter"),
    ]
    if checked.expectation_skipped:
        parts.append("`expect` skipped, since --set changes the network")
    return ", ".join(parts)
