"""Metrics as sums over batches, on the device, and what the sums come to at the end.

Sums are what several processes can add up and what a checkpoint can hold, and they cost few kernels
a step. Predictions and targets lie as in the spec, channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .losses import cosine

if TYPE_CHECKING:
    from specc.training import metrics as declarations
    from specc.training.engine import Logs
    from specc.training.objectives import Objective

THRESHOLDS = 200
"""Of the curves under which `auc` is the area: Keras's number."""

Reduce = Callable[[Tensor], Tensor]
"""Adds a tensor up over all processes."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one output.

    batch: takes predictions and targets of a batch, and gives the mean over it, a scalar, or sums.
    result: gives the metric from the mean over all examples, or from the sums over all batches.
    shape: of the sums; None for means.
    """

    batch: Callable[[Tensor, Tensor], Tensor]
    result: Callable[[Tensor], Tensor] = lambda mean: mean
    shape: tuple[int, ...] | None = None


class Tally:
    """The losses and metrics of an epoch so far.

    losses: their names in the logs: of the whole, then of each output if there are several.
    """

    def __init__(self, objectives: Mapping[str, Objective], device: torch.device) -> None:
        several = len(objectives) > 1
        self.losses = ["loss", *(f"{output}_loss" for output in objectives if several)]
        self._measures = {
            f"{output}_{metric.name}" if several else metric.name: (output, measure(metric, each))
            for output, each in objectives.items()
            for metric in each.metrics
        }
        self._device = device
        self._dtype = _widest(device)
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        shapes = {name: each.shape for name, (_, each) in self._measures.items()}
        means = [name for name, shape in shapes.items() if shape is None]
        self._means = [*self.losses, *means]
        self.examples = 0
        self.totals = self._zeros((len(self._means),))
        self.sums = {name: self._zeros(shape) for name, shape in shapes.items() if shape}

    @torch.no_grad()
    def add(
        self,
        losses: Sequence[Tensor],
        predictions: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        examples: int,
    ) -> None:
        """Take in a batch of so many examples; losses: in the order of their names, detached."""
        means = list(losses)
        for name, (output, each) in self._measures.items():
            value = each.batch(predictions[output], targets[output])
            if each.shape is None:
                means.append(value)
            else:
                self.sums[name] += value
        self.totals.add_(torch.stack(means), alpha=examples)
        self.examples += examples

    def logs(self, reduce: Reduce = lambda tensor: tensor) -> Logs:
        """The losses and metrics by name, of this process or of all; waits for the device."""
        count = torch.full((1,), self.examples, dtype=self._dtype, device=self._device)
        *totals, count = reduce(torch.cat([self.totals, count])).unbind()
        found = {name: total / count for name, total in zip(self._means, totals, strict=True)}
        found |= {name: reduce(each) for name, each in self.sums.items()}
        results = {name: found[name] for name in self.losses}
        results |= {name: each.result(found[name]) for name, (_, each) in self._measures.items()}
        return dict(zip(results, torch.stack(list(results.values())).tolist(), strict=True))

    def state(self) -> dict[str, Tensor]:
        """The sums so far, by name."""
        examples = torch.tensor(self.examples, device=self._device)
        return {"totals": self.totals, "examples": examples, **_named("sums/", self.sums)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state`."""
        self.examples = int(state["examples"])
        self.totals.copy_(state["totals"])
        for name, each in self.sums.items():
            each.copy_(state[f"sums/{name}"])

    def _zeros(self, shape: tuple[int, ...]) -> Tensor:
        return torch.zeros(shape, dtype=self._dtype, device=self._device)


def _widest(device: torch.device) -> torch.dtype:
    """The type that sums are kept in: Apple's devices have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


# --- the metrics --------------------------------------------------------------------------------


def measure(metric: declarations.Metric, objective: Objective) -> Measure:
    """What `metric` measures of an output with this objective."""
    columns = objective.type.shape[-1]
    match metric.name:
        case "accuracy":
            return Measure(partial(_accuracy, objective))
        case "top_k_accuracy":
            return Measure(partial(_top_k_accuracy, metric.k, objective))
        case "precision" | "recall" | "f1_score" as name:
            classes = objective.classes if objective.task == "multiclass" else 1
            counts = partial(_class_counts, objective, classes)
            return Measure(counts, RATES[name], (3, classes))
        case "auc":
            curves = objective.classes if objective.task == "multiclass" else 1
            area = AREAS[metric.curve]
            return Measure(
                partial(_curve_counts, objective, curves), area, (2, curves, THRESHOLDS + 1)
            )
        case "r2_score":
            return Measure(partial(_squares, objective), _r2_score, (4, columns))
        case "rmse":
            return Measure(partial(_mean, "mse", objective), torch.sqrt)
        case name:
            return Measure(partial(_mean, name, objective))


# --- means over examples ------------------------------------------------------------------------

MEANS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda y, t: (y - t).square().mean(),
    "mae": lambda y, t: (y - t).abs().mean(),
    "cosine_similarity": lambda y, t: cosine(y, t).mean(),
}


def _mean(name: str, objective: Objective, predictions: Tensor, targets: Tensor) -> Tensor:
    return MEANS[name](*_values(objective, predictions, targets))


def _values(objective: Objective, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the shape of the output: of classes the probabilities, and 0 and 1."""
    if objective.labels == "int":
        targets = targets.unsqueeze(-1) == torch.arange(
            predictions.shape[-1], device=targets.device
        )
    return _probabilities(objective, predictions), targets.to(predictions.dtype)


def _probabilities(objective: Objective, predictions: Tensor) -> Tensor:
    if not objective.loss.from_logits:
        return predictions
    return predictions.sigmoid() if objective.task == "binary" else predictions.softmax(-1)


def _accuracy(objective: Objective, predictions: Tensor, targets: Tensor) -> Tensor:
    return (_chosen(objective, predictions) == _right(objective, targets)).float().mean()


def _top_k_accuracy(k: int, objective: Objective, predictions: Tensor, targets: Tensor) -> Tensor:
    best = predictions.topk(k, dim=-1).indices
    return (best == _right(objective, targets).unsqueeze(-1)).any(-1).float().mean()


def _chosen(objective: Objective, predictions: Tensor) -> Tensor:
    """The class predicted: an index, or where the task is binary False and True, in any shape."""
    if objective.task == "multiclass":
        return predictions.argmax(-1)
    return predictions > (0.0 if objective.loss.from_logits else objective.loss.threshold)


def _right(objective: Objective, targets: Tensor) -> Tensor:
    """The class that the target names, in the form of `_chosen`."""
    match objective.labels:
        case "int":
            return targets
        case "one_hot":
            return targets.argmax(-1)
        case _:
            return targets > 0.5


# --- counts of classes --------------------------------------------------------------------------


def _class_counts(
    objective: Objective, classes: int, predictions: Tensor, targets: Tensor
) -> Tensor:
    """[3, classes]: how often each is right and predicted, is predicted, and is right.

    Of a binary task only the class 1 is counted, over all labels together.
    """
    chosen = _chosen(objective, predictions).flatten()
    right = _right(objective, targets).flatten()
    if objective.task == "binary":
        return torch.stack([(chosen & right).sum(), chosen.sum(), right.sum()]).unsqueeze(1)
    valid = (right >= 0) & (right < classes)  # others are of the loss's `ignore_class`
    weights, right = valid.float(), right.clamp(0, classes - 1)
    hits = _histogram(right, weights * (chosen == right), classes)
    counts = (_histogram(each, weights, classes) for each in (chosen, right))
    return torch.stack([hits, *counts])


def _histogram(indices: Tensor, weights: Tensor, length: int) -> Tensor:
    """The sum of `weights` at each index; unlike `torch.bincount` it never waits for the device."""
    return weights.new_zeros(length).index_add_(0, indices, weights)


def _quotient(numerator: Tensor, denominator: Tensor) -> Tensor:
    """0 where there is nothing to divide by, as in Keras."""
    return torch.where(denominator > 0, numerator / denominator, 0.0)


def _precision(counts: Tensor) -> Tensor:
    return _quotient(counts[0], counts[1]).mean()


def _recall(counts: Tensor) -> Tensor:
    return _quotient(counts[0], counts[2]).mean()


def _f1_score(counts: Tensor) -> Tensor:
    return _quotient(2 * counts[0], counts[1] + counts[2]).mean()


RATES = {"precision": _precision, "recall": _recall, "f1_score": _f1_score}


# --- areas under curves -------------------------------------------------------------------------


def _curve_counts(
    objective: Objective, curves: int, predictions: Tensor, targets: Tensor
) -> Tensor:
    """[2, curves, thresholds + 1]: negative and positive examples by their probability's place.

    Place k lies above k of Keras's thresholds: just below 0, k / 199, and just above 1.
    """
    p, truth = (each.reshape(-1, curves) for each in _values(objective, predictions, targets))
    inner = torch.arange(1, THRESHOLDS - 1, device=p.device, dtype=p.dtype) / (THRESHOLDS - 1)
    places = torch.bucketize(p.contiguous(), inner) + 1
    columns = torch.arange(curves, device=p.device)
    indices = ((truth > 0.5) * curves + columns) * (THRESHOLDS + 1) + places
    counts = _histogram(indices.flatten(), p.new_ones(p.numel()), 2 * curves * (THRESHOLDS + 1))
    return counts.reshape(2, curves, THRESHOLDS + 1)


def _above(counts: Tensor) -> tuple[Tensor, Tensor]:
    """False and true positives [curves, thresholds], of what lies above each threshold."""
    cumulated = counts.flip(-1).cumsum(-1).flip(-1)[..., 1:]
    return cumulated[0], cumulated[1]


def _area_under_roc(counts: Tensor) -> Tensor:
    false, true = _above(counts)
    alarms = _quotient(false, counts[0].sum(-1, keepdim=True))
    recall = _quotient(true, counts[1].sum(-1, keepdim=True))
    widths, heights = alarms[:, :-1] - alarms[:, 1:], (recall[:, :-1] + recall[:, 1:]) / 2
    return (widths * heights).sum(-1).mean()


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


# --- the coefficient of determination -----------------------------------------------------------


def _squares(objective: Objective, predictions: Tensor, targets: Tensor) -> Tensor:
    """[4, columns]: the number of targets, their sum and that of squares, and of squared errors."""
    wide = (each.to(_widest(each.device)) for each in _values(objective, predictions, targets))
    y, t = (each.reshape(-1, each.shape[-1]) for each in wide)
    return torch.stack([torch.ones_like(t), t, t.square(), (y - t).square()]).sum(1)


def _r2_score(sums: Tensor) -> Tensor:
    count, total, squares, errors = sums
    variance = squares - total.square() / count
    return torch.where(variance > 0, 1 - errors / variance, 0.0).mean()
