"""How good predictions are, in numbers: `evaluate` for one output of a network.

scikit-learn does the maths. A number that the data do not define (the area under the curve of a
class without examples) is None, and a note says why; nothing here is ever NaN. All of it is plain
data that goes to JSON and back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from specc.diagnostics import SpecError
from specc.reports.regression import Regression, regression, six_digits
from specc.wording import count, listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.training.objectives import Objective

    Array = NDArray[Any]

CURVE_STEPS = 256
"""A curve keeps no more points than this; the area below it is of all of them."""

DRAWN_CLASSES = 10
"""With more classes than this, only the curves of the worst ones are kept."""

WORST_CLASSES = 5

MISTAKES = 16
"""The most confident mistakes that are kept."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is found.

    precision, recall, f1: 0 where nothing is predicted, or nothing is there to find.
    support: the examples of the class.
    auc: the area under its ROC curve, one class against the rest; None if all examples are of the
        class, or none is.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    auc: float | None


@dataclass(frozen=True, slots=True)
class Average:
    """The mean over the classes: each counts the same (macro), or by its support (weighted)."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A receiver operating characteristic: the rates at falling thresholds, from (0, 0) to (1, 1).

    kind: of one class, or the average over all.
    """

    name: str
    kind: Literal["micro", "macro", "class"]
    area: float
    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong prediction.

    index: of the example in its split. where: its file or row; empty if that is not known.
    confidence: the probability of the class that was predicted.
    """

    index: int
    true: str
    predicted: str
    confidence: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class Classification:
    """How well classes are told apart.

    accuracy: the share of right labels; of single labels where an example has several.
    confusion: rows are the true classes, columns the predicted ones; None for `multilabel`, where
        classes do not exclude each other.
    micro_auc, macro_auc: over all decisions at once; the mean over the classes that have one.
    roc: the curves worth drawing: micro, macro, and those of the classes, or of the worst ones.
    mistakes: the most confident first; none are kept where an example has several labels.
    notes: what a reader of the numbers must know.
    """

    task: Literal["binary", "multiclass", "multilabel"]
    examples: int
    accuracy: float
    classes: tuple[ClassScores, ...]
    macro: Average
    weighted: Average
    micro_auc: float | None
    macro_auc: float | None
    confusion: tuple[tuple[int, ...], ...] | None
    roc: tuple[Curve, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as data; what is not defined is null."""
        return asdict(self)


Evaluation = Classification | Regression


def evaluate(
    targets: Array, scores: Array, objective: Objective, class_names: Sequence[str] = ()
) -> Evaluation:
    """The evaluation of one output.

    targets: class indices [N]; 0 and 1 of the scores' shape for a binary task; values of the
        scores' shape for a regression. Further axes (pixels) may follow N: each place counts.
    scores: probabilities [N, C], or [N, 1] of class 1 for a binary task; values for a regression.
    class_names: by index; without them the classes are called by their indices.

    Raises `SpecError` (`output-not-finite`) for scores that are no numbers, (`data-mismatch`) for
    such targets of a regression, and (`undefined-score`) where the loss ignores every target.
    Source of the definitions: https://scikit-learn.org/stable/modules/model_evaluation.html
    """
    _require_finite(scores, objective.output)
    if objective.task == "regression":
        _require_finite_targets(targets, objective.output)
        return regression(targets, scores)
    names = _names(class_names, max(scores.shape[-1], 2))
    if objective.task == "multiclass":
        ignored: int | None = getattr(objective.loss, "ignore_class", None)
        return _exclusive("multiclass", targets, scores, names, ignored)
    if scores.shape[-1] > 1:
        return _multilabel(targets, scores, names)
    return _exclusive("binary", targets[..., 0], _both_classes(scores), names)


def finite(value: float | None) -> float | None:
    """`value`, or None where it is none that JSON has: NaN, infinite."""
    return value if value is not None and math.isfinite(value) else None


def _require_finite(scores: Array, output: str) -> None:
    if wrong := _not_finite(scores):
        raise SpecError.of(
            "output-not-finite",
            f"the output `{output}` is not a finite number for {wrong}",
            help="look at that example and at the weights: `specc evaluate RUN --weights best`",
        )


def _require_finite_targets(targets: Array, output: str) -> None:
    if wrong := _not_finite(targets):
        message = f"the target of `{output}` is not a finite number for {wrong}"
        raise SpecError.of("data-mismatch", message, help="fill it, or take the example out")


def _not_finite(values: Array) -> str:
    """For how many of the examples a value is not finite, in words; empty if all are."""
    import numpy as np

    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if finite.all():
        return ""
    first, wrong = int(np.argmin(finite)), int((~finite).sum())
    return f"{wrong:,} of {count(len(values), 'example')}; the first is example {first}"


def _both_classes(scores: Array) -> Array:
    """Probabilities [..., 2] from those of class 1, [..., 1]."""
    import numpy as np

    return np.concatenate([1 - scores, scores], axis=-1)


@dataclass(frozen=True, slots=True)
class _Decisions:
    """What is to be judged, flat: each place of each example is a row.

    rows: the place that each is from. truth: flags [N, C]. scores: probabilities [N, C].
    true, predicted: class indices [N]; where classes do not exclude each other, flags [N, C].
    """

    names: tuple[str, ...]
    rows: Array
    true: Array
    predicted: Array
    truth: Array
    scores: Array


def _exclusive(
    task: Literal["binary", "multiclass"],
    targets: Array,
    scores: Array,
    names: tuple[str, ...],
    ignored: int | None = None,
) -> Classification:
    """Of classes of which each example, or each place in it, has just one.

    ignored: a target that counts for nothing.
    """
    import numpy as np

    classes, places = len(names), targets.reshape(-1).astype(np.int64)
    rows = np.arange(len(places)) if ignored is None else np.flatnonzero(places != ignored)
    if not len(rows):
        message = f"every target is {ignored}, which the loss ignores: there is nothing to measure"
        raise SpecError.of("undefined-score", message)
    true, flat = places[rows], scores.reshape(-1, classes)[rows]
    truth = true[:, np.newaxis] == np.arange(classes)
    decisions = _Decisions(names, rows, true, flat.argmax(axis=1), truth, flat)
    confusion = _metrics().confusion_matrix(true, decisions.predicted, labels=range(classes))
    return _classification(
        task,
        len(targets),
        decisions,
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        mistakes=_mistakes(decisions) if targets.size == len(targets) else (),
    )


def _multilabel(targets: Array, scores: Array, names: tuple[str, ...]) -> Classification:
    """Of classes that an example may have together: each is a decision at 0.5."""
    import numpy as np

    truth, flat = targets.reshape(-1, len(names)) > 0.5, scores.reshape(-1, len(names))
    decisions = _Decisions(names, np.arange(len(truth)), truth, flat > 0.5, truth, flat)
    return _classification("multilabel", len(targets), decisions, confusion=None, mistakes=())


def _classification(
    task: Literal["binary", "multiclass", "multilabel"],
    examples: int,
    decisions: _Decisions,
    *,
    confusion: tuple[tuple[int, ...], ...] | None,
    mistakes: tuple[Mistake, ...],
) -> Classification:
    truth, scores = decisions.truth, decisions.scores
    curves = [_curve(name, "class", *each) for name, *each in _columns(decisions)]
    micro = _curve("micro average", "micro", truth.reshape(-1), scores.reshape(-1))
    macro = _macro_curve(curves)
    classes = _class_scores(decisions, curves)
    return Classification(
        task=task,
        examples=examples,
        accuracy=float((decisions.true == decisions.predicted).mean()),
        classes=classes,
        macro=_average(decisions, "macro"),
        weighted=_average(decisions, "weighted"),
        micro_auc=micro.area if micro else None,
        macro_auc=macro.area if macro else None,
        confusion=confusion,
        roc=_worth_drawing(micro, macro, curves, task),
        mistakes=mistakes,
        notes=tuple(_notes(classes)),
    )


def _columns(decisions: _Decisions) -> Iterator[tuple[str, Array, Array]]:
    return zip(decisions.names, decisions.truth.T, decisions.scores.T, strict=True)


def _names(class_names: Sequence[str], classes: int) -> tuple[str, ...]:
    return tuple(class_names) if len(class_names) == classes else tuple(map(str, range(classes)))


# --- precision, recall, F1 ------------------------------------------------------------------------


def _class_scores(decisions: _Decisions, curves: Sequence[Curve | None]) -> tuple[ClassScores, ...]:
    return tuple(
        ClassScores(
            name, float(precision), float(recall), float(f1), int(support), curve and curve.area
        )
        for name, curve, precision, recall, f1, support in zip(
            decisions.names, curves, *_precision_recall_f1_support(decisions, None), strict=True
        )
    )


def _average(decisions: _Decisions, kind: Literal["macro", "weighted"]) -> Average:
    precision, recall, f1, _ = _precision_recall_f1_support(decisions, kind)
    return Average(float(precision), float(recall), float(f1))


def _precision_recall_f1_support(
    decisions: _Decisions, average: str | None
) -> tuple[Any, Any, Any, Any]:
    """One number for each class, or the averages (of which the support is None)."""
    return _metrics().precision_recall_fscore_support(
        decisions.true,
        decisions.predicted,
        labels=range(len(decisions.names)),
        average=average,
        zero_division=0,
    )


# --- ROC ------------------------------------------------------------------------------------------


def _curve(name: str, kind: Literal["micro", "class"], truth: Array, scores: Array) -> Curve | None:
    """The curve of yes-or-no decisions; None if the answer is the same for all of them."""
    if truth.all() or not truth.any():
        return None
    metrics = _metrics()
    false, true, _ = metrics.roc_curve(truth, scores)
    return Curve(name, kind, float(metrics.auc(false, true)), *_thinned(false, true))


def _thinned(false: Array, true: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """At most `CURVE_STEPS` + 1 of the points, spread evenly along the curve, ends included."""
    import numpy as np

    length = false + true  # both only grow, from 0 to 1
    kept = np.unique(np.searchsorted(length, np.linspace(0, 2, CURVE_STEPS + 1)))
    kept = kept[kept < len(length)]
    return six_digits(false[kept]), six_digits(true[kept])


def _macro_curve(curves: Iterable[Curve | None]) -> Curve | None:
    """The mean of the classes' curves, for those that have one."""
    import numpy as np

    known = [curve for curve in curves if curve is not None]
    if not known:
        return None
    grid = np.linspace(0, 1, CURVE_STEPS + 1)
    heights = [
        np.interp(grid, curve.false_positive_rate, curve.true_positive_rate) for curve in known
    ]
    true = np.concatenate([[0.0], np.mean(heights, axis=0)])
    area = sum(curve.area for curve in known) / len(known)
    return Curve(
        "macro average", "macro", area, six_digits(np.concatenate([[0.0], grid])), six_digits(true)
    )


def _worth_drawing(
    micro: Curve | None, macro: Curve | None, curves: Iterable[Curve | None], task: str
) -> tuple[Curve, ...]:
    known = [curve for curve in curves if curve is not None]
    if len(known) == 2 and task != "multilabel":
        return (known[1],)  # the other class's is its mirror image, the averages say no more
    if len(known) > DRAWN_CLASSES:
        known = sorted(known, key=lambda curve: curve.area)[:WORST_CLASSES]
    return tuple(curve for curve in (micro, macro, *known) if curve is not None)


# --- what was missed ------------------------------------------------------------------------------


def _mistakes(decisions: _Decisions) -> tuple[Mistake, ...]:
    import numpy as np

    names = decisions.names
    wrong = np.flatnonzero(decisions.true != decisions.predicted)
    true: list[int] = decisions.true[wrong].tolist()
    predicted: list[int] = decisions.predicted[wrong].tolist()
    confidence = decisions.scores[wrong, predicted]
    # A stable sort: of equals the first example comes first, whatever the machine.
    order: list[int] = np.argsort(-confidence, kind="stable")[:MISTAKES].tolist()
    return tuple(
        Mistake(
            int(decisions.rows[wrong[i]]), names[true[i]], names[predicted[i]], float(confidence[i])
        )
        for i in order
    )


def _notes(classes: Sequence[ClassScores]) -> Iterator[str]:
    absent = [each.name for each in classes if each.support == 0]
    undefined = [each.name for each in classes if each.auc is None]
    if absent:
        yield (
            f"{listing('there is no example of', absent)}: the recall of such a class counts as 0 "
            "in the macro averages"
        )
    if undefined:
        yield (
            f"{listing('there is no AUC of', undefined)}: that takes examples of the class and of "
            "others; the macro AUC leaves such classes out"
        )


def _metrics() -> Any:
    """`sklearn.metrics`, which has no types."""
    from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

    return metrics
