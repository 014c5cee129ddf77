"""Metrics of torchmetrics, with Keras's meanings where theirs differ.

All their states are sums, which several processes can add up and a checkpoint can hold. Predictions
and targets lie as in the spec, channels last.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanMetric, MeanSquaredError, Metric, R2Score
from torchmetrics.classification import (
    MulticlassAccuracy,
    MultilabelF1Score,
    MultilabelPrecision,
    MultilabelRecall,
)

from .losses import cosine
from .snapshot import below, named

if TYPE_CHECKING:
    from specc.training import metrics as declarations
    from specc.training.engine import Logs
    from specc.training.objectives import Objective

THRESHOLDS = 200
"""Of the curves under which `auc` is the area: Keras's number."""

LOCAL = {"sync_on_compute": False, "compute_with_cache": False}
"""Options of a metric that asks other processes only when it is told to."""

Look = Callable[["Objective", Tensor, Tensor], tuple[Tensor, ...]]
"""What a metric is updated with, from the predictions and targets of a batch."""


class Tally:
    """The losses and metrics of an epoch so far, by their names in the logs."""

    def __init__(self, objectives: Mapping[str, Objective], device: torch.device) -> None:
        several = len(objectives) > 1
        losses = ["loss", *(f"{output}_loss" for output in objectives if several)]
        self._losses = {name: _mean() for name in losses}
        self._metrics: dict[str, Metric] = {**self._losses}
        self._looks: list[tuple[Metric, Look, str, Objective]] = []
        for output, objective in objectives.items():
            for each in objective.metrics:
                metric, look = make_metric(each, objective)
                self._metrics[f"{output}_{each.name}" if several else each.name] = metric
                self._looks.append((metric, look, output, objective))
        for metric in self._metrics.values():
            metric.to(device).set_dtype(_widest(device))

    def reset(self) -> None:
        """Begin anew."""
        for metric in self._metrics.values():
            metric.reset()

    @torch.no_grad()
    def add(
        self,
        losses: Sequence[Tensor],
        predictions: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        examples: int,
    ) -> None:
        """Take in a batch of so many examples; losses: of the whole, then of several outputs."""
        for metric, loss in zip(self._losses.values(), losses, strict=True):
            metric.update(loss.expand(examples))
        for metric, look, output, objective in self._looks:
            metric.update(*look(objective, predictions[output], targets[output]))

    def logs(self, *, whole: bool = False) -> Logs:
        """The losses and metrics by name; waits for the device.

        whole: of all processes, of which each must ask; else of this one.
        """
        with warnings.catch_warnings():
            # A process may have had no examples yet, or go on where the last of them were seen.
            warnings.filterwarnings("ignore", "The ``compute`` method", UserWarning)
            results = [_result(metric, whole) for metric in self._metrics.values()]
        return dict(zip(self._metrics, torch.stack(results).tolist(), strict=True))

    def state(self) -> dict[str, Tensor]:
        """The sums so far, by name."""
        states = (named(f"{name}/", each.metric_state) for name, each in self._metrics.items())
        return {key: tensor for state in states for key, tensor in state.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state`."""
        for name, metric in self._metrics.items():
            metric.reset()
            own = below(state, f"{name}/")
            metric.merge_state({key: each.to(metric.device) for key, each in own.items()})


def _result(metric: Metric, whole: bool) -> Tensor:
    with metric.sync_context(should_sync=whole):
        return metric.compute()


def _mean() -> MeanMetric:
    """Of values without weights: it takes none where it neither looks for NaNs nor drops them."""
    return MeanMetric(nan_strategy="disable", **LOCAL)


def _widest(device: torch.device) -> torch.dtype:
    """The type that sums are kept in: Apple's devices have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


# --- the metrics --------------------------------------------------------------------------------


def make_metric(declared: declarations.Metric, objective: Objective) -> tuple[Metric, Look]:
    """The metric of an output with this objective, and what it looks at."""
    # Many labels of yes and no are counted together.
    columns = objective.classes if objective.task == "multiclass" else 1
    match declared.name:
        case "accuracy":
            micro: Any = {"average": "micro", "validate_args": False}
            return MulticlassAccuracy(objective.classes or 2, **micro, **LOCAL), _choices
        case "top_k_accuracy":
            return _mean(), partial(_hits, declared.k)
        case "precision" | "recall" | "f1_score" as name:
            return RATES[name](columns, validate_args=False, **LOCAL), _decisions
        case "auc":
            return Area(AREAS[declared.curve], columns), _rows
        case "mse" | "rmse" as name:
            return MeanSquaredError(squared=name == "mse", **LOCAL), _rows
        case "mae":
            return MeanAbsoluteError(**LOCAL), _rows
        case "cosine_similarity":
            return _mean(), _cosines
        case _:
            return Determination(**LOCAL), _rows


RATES: dict[str, Any] = {
    "precision": MultilabelPrecision,
    "recall": MultilabelRecall,
    "f1_score": MultilabelF1Score,
}
"""Of columns of yes and no: their averages count each class, those of `Multiclass…` only some."""


class Determination(R2Score):
    """R² of any number of targets; a column that does not vary counts 0."""

    def update(self, preds: Tensor, target: Tensor) -> None:
        super().update(preds.to(self.dtype), target.to(self.dtype))

    def compute(self) -> Tensor:
        variance = self.sum_squared_error - self.sum_error.square() / self.total
        return torch.where(variance > 0, 1 - self.residual / variance, 0.0).mean()


class Area(Metric):
    """Keras's area under a curve, averaged over the columns of probabilities and of 0 and 1."""

    full_state_update = False

    def __init__(self, area: Callable[[Tensor], Tensor], columns: int) -> None:
        super().__init__(**LOCAL)
        self.area, self.columns = area, columns
        self.add_state("counts", torch.zeros(2, columns, THRESHOLDS + 1), dist_reduce_fx="sum")

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        rows = (each.reshape(-1, self.columns) for each in (predictions, targets))
        self.counts += _curve_counts(*rows)

    def compute(self) -> Tensor:
        return self.area(self.counts)


# --- what they look at --------------------------------------------------------------------------


def _choices(objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The class predicted and the right one: indices, or of a binary task False and True."""
    if objective.task == "binary":
        threshold = 0.0 if objective.loss.from_logits else objective.loss.threshold
        return predictions > threshold, targets > 0.5
    return predictions.argmax(-1), _indices(objective, targets)


def _hits(k: int, objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor]:
    """Whether the right class is among the `k` most probable ones."""
    best = predictions.topk(k, dim=-1).indices
    return ((best == _indices(objective, targets).unsqueeze(-1)).any(-1).float(),)


def _decisions(objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Yes and no: a column for each class; predicted and right."""
    chosen, right = _choices(objective, predictions, targets)
    if objective.task == "binary":
        return chosen.reshape(-1, 1), right.reshape(-1, 1)
    chosen, right = (_columns(each.flatten(), objective.classes) for each in (chosen, right))
    # A target that is no class, as `ignore_class` may be, has a row of no.
    return chosen & right.any(-1, keepdim=True), right


def _rows(objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """[rows, last axis], of classes the probabilities, and 0 and 1."""
    if objective.labels == "int":
        targets = _columns(targets, predictions.shape[-1])
    if objective.loss.from_logits:
        binary = objective.task == "binary"
        predictions = predictions.sigmoid() if binary else predictions.softmax(-1)
    y, t = (each.reshape(-1, each.shape[-1]).contiguous() for each in (predictions, targets))
    return y, t.to(y.dtype)


def _cosines(objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor]:
    return (cosine(*_rows(objective, predictions, targets)),)


def _indices(objective: Objective, targets: Tensor) -> Tensor:
    return targets if objective.labels == "int" else targets.argmax(-1)


def _columns(indices: Tensor, classes: int) -> Tensor:
    """Whether each is the class of the column; of no class, none."""
    return indices.unsqueeze(-1) == torch.arange(classes, device=indices.device)


# --- areas under curves -------------------------------------------------------------------------


def _curve_counts(p: Tensor, truth: Tensor) -> Tensor:
    """[2, columns, thresholds + 1]: negative and positive examples by their probability's place.

    Place k lies above k of Keras's thresholds: just below 0, k / 199, and just above 1.
    """
    curves = p.shape[-1]
    inner = torch.arange(1, THRESHOLDS - 1, device=p.device, dtype=p.dtype) / (THRESHOLDS - 1)
    places = torch.bucketize(p, inner) + 1
    columns = torch.arange(curves, device=p.device)
    indices = ((truth > 0.5) * curves + columns) * (THRESHOLDS + 1) + places
    # Unlike `torch.bincount` this never waits for the device.
    counts = p.new_zeros(2 * curves * (THRESHOLDS + 1))
    counts.index_add_(0, indices.flatten(), torch.ones_like(p).flatten())
    return counts.reshape(2, curves, THRESHOLDS + 1)


def _quotient(numerator: Tensor, denominator: Tensor) -> Tensor:
    """0 where there is nothing to divide by, as in Keras."""
    return torch.where(denominator > 0, numerator / denominator, 0.0)


def _above(counts: Tensor) -> tuple[Tensor, Tensor]:
    """False and true positives [curves, thresholds], of what lies above each threshold."""
    cumulated = counts.flip(-1).cumsum(-1).flip(-1)[..., 1:]
    return cumulated[0], cumulated[1]


def _area_under_roc(counts: Tensor) -> Tensor:
    false, true = _above(counts)
    alarms = _quotient(false, counts[0].sum(-1, keepdim=True))
    recall = _quotient(true, counts[1].sum(-1, keepdim=True))
    return torch.trapezoid(recall.flip(-1), alarms.flip(-1)).mean()


def _area_under_pr(counts: Tensor) -> Tensor:
    """With Keras's interpolation (Davis and Goadrich, 2006) between thresholds."""
    false, true = _above(counts)
    predicted = true + false
    gained, added = true[:, :-1] - true[:, 1:], predicted[:, :-1] - predicted[:, 1:]
    slope = _quotient(gained, added)
    intercept = true[:, 1:] - slope * predicted[:, 1:]
    both = (predicted[:, :-1] > 0) & (predicted[:, 1:] > 0)
    ratio = torch.where(both, predicted[:, :-1] / predicted[:, 1:], 1.0)
    areas = slope * (gained + intercept * ratio.log())
    return _quotient(areas, counts[1].sum(-1, keepdim=True)).sum(-1).mean()


AREAS = {"ROC": _area_under_roc, "PR": _area_under_pr}
