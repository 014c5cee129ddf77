"""`specc check`: every fault of every file named, in the format asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from specc.checking import Checked, check_file, count_examples
from specc.diagnostics import Report, SpecError
from specc.locating import Location, locate
from specc.wording import count

from .console import wants_color
from .options import Overrides, Settings, Sizes, parse_overrides


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
DataPath = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="Look at this data too, as if to train on it."),
]
AllVariants = Annotated[bool, typer.Option("--all-variants", help="Check every variant too.")]


def check(
    specs: Specs,
    output_format: OutputFormat = Format.text,
    all_variants: AllVariants = False,
    data: DataPath = None,
    settings: Settings = None,
    size: Sizes = None,
) -> None:
    """Find every fault of the specs, without a framework.

    Exits with 1 if there is an error, with 2 if the command itself is wrong.
    """
    overrides = parse_overrides(settings, size)
    report = Report()
    skipped: list[str] = []
    for spec in specs:
        for name, checked in _checks(spec, overrides, all_variants):
            report.merge(checked.report)
            if checked.expectation_skipped:
                skipped.append(str(name))
            if checked.graph is None:
                continue
            told = _verdict(name, checked)
            if data is not None:
                told += _examples(checked, data, report)
            if output_format is Format.text:
                typer.echo(told)
    _print_faults(report, output_format, skipped)
    if report.failed:
        raise typer.Exit(1)


def _checks(
    spec: str, overrides: Overrides, all_variants: bool
) -> Iterator[tuple[Location | str, Checked]]:
    """What is to be checked under the name of `spec`, and what came of it."""
    try:
        location = locate(spec)
    except SpecError as error:
        yield spec, Checked(error.report, None)
        return
    checked = check_file(location.path, variant=location.variant, **overrides)
    yield location, checked
    if not all_variants:
        return
    for variant in checked.variants:
        if variant != location.variant:
            other = Location(location.spec, location.path, variant)
            yield other, check_file(other.path, variant=variant, **overrides)


def _print_faults(report: Report, output_format: Format, skipped: list[str]) -> None:
    if output_format is Format.text and not report.diagnostics:
        return
    from .render import render  # a spec that is right does without

    color = wants_color(sys.stdout)
    root = Path.cwd()
    if text := render(report, output_format.value, color=color, root=root, expect_skipped=skipped):
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


def _examples(checked: Checked, data: Path, report: Report) -> str:
    """One more line for data without faults; those it has go to `report`."""
    try:
        found = count_examples(checked, str(data))
    except SpecError as error:
        report.merge(error.report)
        return ""
    parts = [f"{census.examples:,} {_SPLITS[name]}" for name, census in found.items()]
    parts[0] += " examples"
    classes = max(len(census.by_class) for census in found.values())
    if classes:
        parts.append(f"{classes:,} classes")
    return f"\n  data: {', '.join(parts)}"


_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
