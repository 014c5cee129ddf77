"""Commands that look at runs: evaluate, compare."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specc.files import require_writable
from specc.native_log import native_log
from specc.source import printable
from specc.wording import count

from .console import print_errors, print_table, working
from .options import AsJson

if TYPE_CHECKING:
    from specc.reports.evaluation import Evaluation
    from specc.reports.run_evaluation import RunEvaluation


class Split(StrEnum):
    """`--split`."""

    test = "test"
    validation = "validation"
    train = "train"


class WhichWeights(StrEnum):
    """`--weights` of a run."""

    best = "best"
    last = "last"


RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
DataPath = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="The examples; default: the data of the run."),
]
SplitName = Annotated[
    Split | None,
    typer.Option(help="Default: test if the data has it, else validation, else all of --data."),
]
BackendName = Annotated[
    str | None, typer.Option("--backend", metavar="NAME", help="Default: the one that trained.")
]
Weights = Annotated[
    WhichWeights | None, typer.Option(help="Default: the best, if the run kept any.")
]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Default: as in training.")]


def evaluate(
    run: RunPath,
    data: DataPath = None,
    split: SplitName = None,
    backend: BackendName = None,
    weights: Weights = None,
    batch_size: BatchSize = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run on a split of its data, or of other data of the same classes.

    Writes evaluation.json and pictures into the run's folder, and its report anew.
    """
    from specc.reports.run_evaluation import Request, evaluate_run
    from specc.training.run import open_run

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    request = Request(
        data,
        split.value if split else None,
        backend,
        weights.value if weights else None,
        batch_size,
    )
    opened = open_run(run)
    require_writable(opened.folder.evaluation)
    with working("Evaluating"), native_log():
        evaluation = evaluate_run(opened, request)
    if as_json:
        typer.echo(json.dumps(evaluation.as_json(), indent=2, allow_nan=False))
    else:
        _print_evaluation(evaluation)
    _tell_notes(evaluation)
    typer.echo(f"wrote {run}; look at {opened.folder.report}", err=True)


def _print_evaluation(evaluation: RunEvaluation) -> None:
    from specc.reports.tables import number

    typer.echo(
        f"{evaluation.examples}, {evaluation.weights} weights (epoch {evaluation.epoch}), "
        f"{evaluation.backend}"
    )
    print_table([(name, number(value)) for name, value in evaluation.metrics.items()])
    for output, each in evaluation.outputs.items():
        typer.echo("")
        if len(evaluation.outputs) > 1:
            typer.echo(f"{output}:")
        _print_output(each)


def _print_output(evaluation: Evaluation) -> None:
    from specc.reports.regression import Regression
    from specc.reports.tables import class_table, percent, regression_table

    examples = count(evaluation.examples, "example")
    if isinstance(evaluation, Regression):
        typer.echo(examples)
        print_table(regression_table(evaluation))
        return
    accuracy = percent(evaluation.accuracy)
    typer.echo(f"{examples}, accuracy {accuracy}")
    print_table([(printable(name), *cells) for name, *cells in class_table(evaluation)])


def _tell_notes(evaluation: RunEvaluation) -> None:
    """What a reader must know, as warnings on stderr."""
    from specc.diagnostics import Diagnostic, Report

    report = Report()
    report.extend(
        Diagnostic("undefined-score", note, severity="warning") for note in evaluation.notes()
    )
    if report.diagnostics:
        print_errors(report)


RunPaths = Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="The folders of runs.")]
Page = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The page to write.")]


def compare(runs: RunPaths, output: Page = Path("compare.html"), as_json: AsJson = False) -> None:
    """Put runs beside each other: a table, and a page with their curves over each other."""
    from specc.reports.comparison import compare as compare_runs
    from specc.reports.comparison import curves_beside
    from specc.training.run import open_run

    if len(runs) < 2:
        raise typer.BadParameter("expected two runs or more", param_hint="RUN")
    if output.suffix.lower() == ".png":
        raise typer.BadParameter("the curves go there: name the page .html", param_hint="--output")
    require_writable(output)
    require_writable(curves_beside(output))
    comparison = compare_runs([open_run(run) for run in runs])
    curves = comparison.write(output)
    if as_json:
        typer.echo(json.dumps(comparison.as_json(), indent=2, allow_nan=False))
    else:
        rows = [tuple(map(printable, row)) for row in comparison.table()]
        print_table(rows, left=3)
    typer.echo(f"wrote {output} and {curves}", err=True)
