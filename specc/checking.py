"""Checking a spec: every fault of all its files in one run, without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.diagnostics import Report, SpecError
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.elaborate import elaborate
from specc.passes.expect import check_expectations
from specc.passes.params import check_variants, resolve_params
from specc.passes.prune import prune
from specc.passes.sections import Sections
from specc.passes.sizes import Sizes
from specc.syntax.program import Program, load_program

if TYPE_CHECKING:
    from specc.data.dataset import Census
    from specc.data.document import Data
    from specc.data.examples import SplitName
    from specc.training.document import Train


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a spec came to.

    graph: None if there are errors.
    variants: the names of the file's variants.
    expectation_skipped: whether the file's `expect` was left out, since params were overridden.
    program: the spec as it was read; None if nothing could be made of it.
    train, data: the sections of these names, with what is laid over them; None if there are errors,
        or no such section.
    """

    report: Report
    graph: Graph | None
    variants: tuple[str, ...] = ()
    expectation_skipped: bool = False
    program: Program | None = None
    train: Train | None = None
    data: Data | None = None


def check_file(
    path: Path,
    *,
    variant: str | None = None,
    params: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    sizes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Checked:
    """Check the spec at `path`.

    params: values that override those of the file and of the variant. train, data: what is laid
        over the sections of these names, part by part.
    sizes: what stands for symbols of the inputs.
    name: what messages call the file; default: the path as given.
    """
    report = Report()
    with collection_paused():
        program = load_program(path, report, name=name)
        if program is None:
            return Checked(report, None)
        fixed = Sizes.of(sizes or {}, report)
        checked = _check(program, report, variant, params or {}, train, data, fixed)
        fixed.explain(report)
        return checked


def _check(
    program: Program,
    report: Report,
    variant: str | None,
    params: Mapping[str, Any],
    train: Mapping[str, Any] | None,
    data: Mapping[str, Any] | None,
    sizes: Sizes,
) -> Checked:
    """Check a program that was read; its faults of form are in `report` already."""
    document = program.document
    check_variants(program, report)
    values = resolve_params(program, variant, params, report)
    graph = elaborate(program, values, sizes, report)
    if graph is not None:
        graph, warnings = prune(graph)
        report.extend(warnings)
    expect = document.expect_of(variant)
    as_expected = True
    if graph is not None and expect is not None and not params:
        as_expected = check_expectations(graph, expect, report)
    sections = Sections(document, values, report)
    training, examples = sections.train(train), sections.data(data)
    if graph is not None and examples is not None:
        from specc.passes.feeding import check_data

        check_data(graph, examples, report)
    if graph is not None and training is not None and as_expected:
        from specc.passes.training import check_training

        check_training(graph, training, examples, report)
    skipped = expect is not None and bool(params)
    if report.failed:
        return Checked(report, None, tuple(document.variants), skipped, program)
    return Checked(
        report,
        graph,
        tuple(document.variants),
        skipped,
        program,
        training.value if training is not None else None,
        examples.value if examples is not None else None,
    )


def require_graph(checked: Checked) -> Graph:
    """The graph; raises `SpecError` with all faults if there are any."""
    if checked.graph is None:
        raise SpecError(checked.report)
    return checked.graph


def count_examples(checked: Checked, path: str) -> Mapping[SplitName, Census]:
    """Look at the headers of the data at `path`, as the spec would be trained on it, and count.

    Raises `SpecError`: all faults of the spec, `no-training` if it does not say which labels it
    takes, and what `specc.data.opening.open_data` and `specc.data.dataset.Dataset.check` raise.
    """
    from specc.data.opening import open_data, with_path
    from specc.data.rescaling import rescales
    from specc.training.objectives import objectives

    graph = require_graph(checked)
    if checked.train is None:
        message = f"the spec `{graph.name}` does not say what labels it is trained on"
        raise SpecError.of("no-training", message, help="add a section `train`")
    inputs = {name: value.type for name, value in graph.inputs.items()}
    data, found = with_path(checked.data, path), objectives(graph, checked.train)
    return open_data(data, inputs, found, rescales=rescales(graph)).check()
