"""Keras's metrics from their declarations, of probabilities whatever the loss takes.

Precision, recall and F1 are counted here, alike for two classes and for many: Keras has no
averages over classes, and its F1 takes no pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from specc.training import metrics as declared

if TYPE_CHECKING:
    from specc.training.objectives import Objective

Look = Callable[["Objective", Any, Any], tuple[Any, Any]]


def metric(wanted: declared.Metric, objective: Objective) -> keras.metrics.Metric:
    """One metric of an output, under its name in the logs."""
    return _OfProbabilities(*_native(wanted, objective), objective, wanted.name)


def _native(wanted: declared.Metric, objective: Objective) -> tuple[keras.metrics.Metric, Look]:
    """Keras's metric, and how it looks at targets and outputs."""
    by_index = objective.labels == "int"
    match wanted:
        case declared.Accuracy() if objective.task == "binary":
            return keras.metrics.BinaryAccuracy(threshold=objective.loss.threshold), _probabilities
        case declared.Accuracy() if by_index:
            return keras.metrics.SparseCategoricalAccuracy(), _probabilities
        case declared.Accuracy():
            return keras.metrics.CategoricalAccuracy(), _probabilities
        case declared.TopKAccuracy() if by_index:
            return keras.metrics.SparseTopKCategoricalAccuracy(wanted.k), _probabilities
        case declared.TopKAccuracy():
            return keras.metrics.TopKCategoricalAccuracy(wanted.k), _probabilities
        case declared.AUC():
            columns = _columns(objective)
            several = {"multi_label": True, "num_labels": columns} if columns > 1 else {}
            return keras.metrics.AUC(curve=wanted.curve, **several), _rows
        case declared.Precision() | declared.Recall() | declared.F1Score():
            return _ClassScore(_SCORES[wanted.name], _columns(objective)), _decisions
        case _:
            return getattr(keras.metrics, type(wanted).__name__)(), _rows


class _OfProbabilities(keras.metrics.Metric):
    """A metric that sees probabilities where the network gives logits."""

    def __init__(
        self, metric: keras.metrics.Metric, look: Look, objective: Objective, name: str
    ) -> None:
        super().__init__(name=name)
        self.metric = metric
        self.look = look
        self.objective = objective

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.metric.update_state(*self.look(self.objective, y_true, y_pred), sample_weight)

    def result(self) -> Any:
        return self.metric.result()

    def reset_state(self) -> None:
        self.metric.reset_state()


class _ClassScore(keras.metrics.Metric):
    """The mean over the classes of a score of three counts: hits, predictions and examples.

    Takes rows of 0 and 1, a column for each class: targets and decisions.
    """

    def __init__(self, score: Callable[[Any, Any, Any], Any], classes: int) -> None:
        super().__init__()
        self.score = score
        self.hits = self.add_variable((classes,), "zeros", name="hits")
        self.predicted = self.add_variable((classes,), "zeros", name="predicted")
        self.actual = self.add_variable((classes,), "zeros", name="actual")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.hits.assign_add(ops.sum(y_true * y_pred, axis=0))
        self.predicted.assign_add(ops.sum(y_pred, axis=0))
        self.actual.assign_add(ops.sum(y_true, axis=0))

    def result(self) -> Any:
        return ops.mean(self.score(self.hits.value, self.predicted.value, self.actual.value))


_SCORES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "precision": lambda hits, predicted, actual: ops.divide_no_nan(hits, predicted),
    "recall": lambda hits, predicted, actual: ops.divide_no_nan(hits, actual),
    "f1_score": lambda hits, predicted, actual: ops.divide_no_nan(2 * hits, predicted + actual),
}


# --- how a metric looks at targets and outputs --------------------------------------------------


def _probabilities(objective: Objective, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets as they come."""
    y_pred = ops.cast(y_pred, "float32")
    if not objective.loss.from_logits:
        return y_true, y_pred
    return y_true, ops.sigmoid(y_pred) if objective.task == "binary" else ops.softmax(y_pred)


def _rows(objective: Objective, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and probabilities as matrices, one-hot where there are classes."""
    y_true, y_pred = _probabilities(objective, y_true, y_pred)
    columns = _columns(objective)
    if objective.labels == "int":
        y_true = ops.one_hot(y_true, columns)
    return ops.reshape(y_true, (-1, columns)), ops.reshape(y_pred, (-1, columns))


def _decisions(objective: Objective, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """The same with the chosen classes in place of the probabilities."""
    y_true, y_pred = _rows(objective, y_true, y_pred)
    if objective.task == "binary":
        return y_true, ops.cast(y_pred > objective.loss.threshold, "float32")
    chosen = ops.one_hot(ops.argmax(y_pred, axis=-1), _columns(objective))
    # A target that is no class, as `ignore_class` may be, has a row of zeros.
    return y_true, chosen * ops.sum(y_true, axis=-1, keepdims=True)


def _columns(objective: Objective) -> int:
    """Of two classes only the second is looked at, and many labels are looked at together."""
    return 1 if objective.task == "binary" else objective.type.shape[-1]
