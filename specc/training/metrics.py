"""What is measured beside the loss: metrics by their Keras names.

A spec writes `accuracy` or `{top_k_accuracy: 5}`. Where classes are learnt, metrics are of their
probabilities, whatever the loss takes: logits go through the sigmoid or the softmax first. A binary
output says yes above a probability of 0.5, or a hinge's score of 0; of several classes the most
probable one is taken, and precision, recall, F1 and AUC are plain averages over the classes, in
which a class with no example and no prediction counts 0.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from specc.named import ByName, Named
from specc.training.losses import Task
from specc.vocabulary import METRIC_WORDS

Direction = Literal["min", "max"]

_CLASSES: frozenset[Task] = frozenset({"binary", "multiclass"})
_ANY: frozenset[Task] = frozenset({"binary", "multiclass", "regression"})


class Metric(Named):
    """A number that says how good the network is; `name` is also its key in logs.

    tasks: what is learnt where it says something.
    direction: whether less or more is better.
    """

    tasks: ClassVar[frozenset[Task]]
    direction: ClassVar[Direction] = "max"


class Accuracy(Metric):
    """The part of the examples whose class is right."""

    name = "accuracy"
    aliases = ("acc",)
    tasks = _CLASSES


class TopKAccuracy(Metric):
    """The part of the examples whose class is among the `k` most probable ones.

    Keras has it as `TopKCategoricalAccuracy` and `SparseTopKCategoricalAccuracy`.
    """

    name = "top_k_accuracy"
    aliases = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy")
    primary = "k"
    tasks = frozenset({"multiclass"})

    k: int = Field(default=5, ge=1, description="How many classes are looked at.")


class Precision(Metric):
    """The part of the examples taken for a class that are of it."""

    name = "precision"
    tasks = _CLASSES


class Recall(Metric):
    """The part of the examples of a class that are taken for it."""

    name = "recall"
    tasks = _CLASSES


class F1Score(Metric):
    """2 · precision · recall / (precision + recall)."""

    name = "f1_score"
    aliases = ("f1",)
    tasks = _CLASSES


class AUC(Metric):
    """The area under a curve, from 200 thresholds as in Keras.

    With several classes, that of each against the rest, averaged.
    """

    name = "auc"
    primary = "curve"
    tasks = _CLASSES

    curve: Literal["ROC", "PR"] = Field(
        default="ROC", description="Recall over the rate of false alarms, or precision over recall."
    )


class MeanSquaredError(Metric):
    """The mean of (y - t)²."""

    name = "mse"
    aliases = ("mean_squared_error", "MSE")
    tasks = _ANY
    direction = "min"


class MeanAbsoluteError(Metric):
    """The mean of |y - t|."""

    name = "mae"
    aliases = ("mean_absolute_error", "MAE")
    tasks = _ANY
    direction = "min"


class RootMeanSquaredError(Metric):
    """The root of the mean of (y - t)²."""

    name = "rmse"
    aliases = ("root_mean_squared_error", "RMSE")
    tasks = _ANY
    direction = "min"


class R2Score(Metric):
    """1 less the squared error over the targets' variance, averaged over the last axis."""

    name = "r2_score"
    aliases = ("r2",)
    tasks = _ANY


class CosineSimilarity(Metric):
    """The mean cosine of the angle between y and t, as vectors along the last axis."""

    name = "cosine_similarity"
    tasks = _ANY


METRICS: tuple[type[Metric], ...] = (
    Accuracy,
    TopKAccuracy,
    Precision,
    Recall,
    F1Score,
    AUC,
    MeanSquaredError,
    MeanAbsoluteError,
    RootMeanSquaredError,
    R2Score,
    CosineSimilarity,
)

MetricField = Annotated[Metric, ByName("metric", METRICS, METRIC_WORDS)]
"""The type of a metric in `train`."""
