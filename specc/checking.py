"""Checking a spec: every fault of all its files in one run, without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specc.diagnostics import Report, SpecError
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.elaborate import elaborate
from specc.passes.expect import check_expectations
from specc.passes.params import check_variants, resolve_params
from specc.passes.prune import prune
from specc.syntax.program import Program, load_program


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a spec came to.

    graph: None if there are errors.
    variants: the names of the file's variants.
    expectation_skipped: whether the file's `expect` was left out, since params were overridden.
    """

    report: Report
    graph: Graph | None
    variants: tuple[str, ...] = ()
    expectation_skipped: bool = False


def check_file(
    path: Path,
    *,
    variant: str | None = None,
    params: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Checked:
    """Check the spec at `path`.

    `name` is what messages call the file; default: the path as given.
    """
    report = Report()
    with collection_paused():
        program = load_program(path, report, name=name)
        if program is None:
            return Checked(report, None)
        return _check(program, report, variant, params or {})


def _check(
    program: Program, report: Report, variant: str | None, params: Mapping[str, Any]
) -> Checked:
    """Check a program that was read; its faults of form are in `report` already."""
    document = program.document
    check_variants(program, report)
    values = resolve_params(program, variant, params, report)
    graph = elaborate(program, values, report)
    if graph is not None:
        graph, warnings = prune(graph)
        report.extend(warnings)
    expect = document.expect_of(variant)
    if graph is not None and expect is not None and not params:
        check_expectations(graph, expect, report)
    return Checked(
        report,
        None if report.failed else graph,
        tuple(document.variants),
        expectation_skipped=expect is not None and bool(params),
    )


def require_graph(checked: Checked) -> Graph:
    """The graph; raises `SpecError` with all faults if there are any."""
    if checked.graph is None:
        raise SpecError(checked.report)
    return checked.graph
