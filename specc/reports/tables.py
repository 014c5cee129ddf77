"""Numbers and tables of reports as text, the same on a terminal and on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specc.reports.evaluation import Average, Classification, ClassScores
    from specc.reports.regression import Errors, Regression

UNDEFINED = "–"

Table = list[tuple[str, ...]]
"""Rows of cells, the header first."""


def number(value: float | None) -> str:
    """A value of a log: four digits after the point, or four digits in all of a very small one."""
    if value is None:
        return UNDEFINED
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.3e}"


def percent(share: float) -> str:
    """`99.40 %`."""
    return f"{100 * share:.2f} %"


def duration(seconds: float) -> str:
    """`12.3 s`, `4 min 07 s`, `2 h 15 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def class_table(evaluation: Classification) -> Table:
    """Precision, recall, F1, support and AUC of each class, and their averages."""
    support = f"{sum(each.support for each in evaluation.classes):,}"
    micro = number(evaluation.micro_auc)
    return [
        ("class", "precision", "recall", "F1", "support", "AUC"),
        *(
            (each.name, *_scores(each), f"{each.support:,}", number(each.auc))
            for each in evaluation.classes
        ),
        ("macro average", *_scores(evaluation.macro), support, number(evaluation.macro_auc)),
        ("weighted average", *_scores(evaluation.weighted), support, ""),
        ("micro average", "", "", "", support, micro),
    ]


def _scores(of: ClassScores | Average) -> tuple[str, str, str]:
    return number(of.precision), number(of.recall), number(of.f1)


def regression_table(evaluation: Regression) -> Table:
    """The errors of each number of a regression's output, and of all together."""
    return [
        ("value", "mse", "rmse", "mae", "r2"),
        *(_errors(str(index), each) for index, each in enumerate(evaluation.numbers)),
        _errors("all", evaluation.errors),
    ]


def _errors(name: str, errors: Errors) -> tuple[str, ...]:
    return (name, *map(number, (errors.mse, errors.rmse, errors.mae, errors.r2)))
