"""Keras's losses for PyTorch, and the mean that training minimizes.

A loss is a function of predictions and targets that lie as in the spec, channels last; it gives one
value for each example, or each place of it: the last axis is reduced. Probabilities are held 1e-7
away from 0 and 1 as in Keras; logits go through PyTorch's stable forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from specc.training import losses as declarations

EPSILON = 1e-7
"""`keras.config.epsilon()`."""

Values = Callable[..., Tensor]

LOSSES: dict[str, Values] = {}
"""By name: a function of the declaration, predictions [N, …, C] and targets that gives [N, …]."""


def make_loss(
    declared: declarations.Loss,
) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """The function of predictions, targets and weights [N] (or None) that gives the loss, a scalar.

    As in Keras it is the sum of weighted values over the number of values, not of weights; targets
    of `ignore_class` are no values.
    """
    values = partial(LOSSES[declared.name], declared)
    ignored = getattr(declared, "ignore_class", None)
    # The loss that most networks are trained with has a kernel that gives the mean at once.
    at_once = declared.name == "sparse_categorical_crossentropy" and ignored is None

    def loss(predictions: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        if at_once and weights is None:
            return values(predictions, targets, reduction="mean")
        found = values(predictions, targets)
        if weights is not None:
            found = found * weights.reshape(-1, *[1] * (found.ndim - 1))
        if ignored is None:
            return found.mean()
        return found.sum() / (targets != ignored).sum().clamp(min=1)

    return loss


def _loss(*names: str) -> Callable[[Values], Values]:
    def register(values: Values) -> Values:
        LOSSES.update(dict.fromkeys(names, values))
        return values

    return register


# --- of probabilities or logits -----------------------------------------------------------------


@_loss("binary_crossentropy")
def _binary_crossentropy(
    declared: declarations.BinaryCrossentropy, predictions: Tensor, targets: Tensor
) -> Tensor:
    targets = _towards(0.5, targets, declared.label_smoothing)
    return _binary_entropies(declared, predictions, targets).mean(-1)


@_loss("binary_focal_crossentropy")
def _binary_focal_crossentropy(
    declared: declarations.BinaryFocalCrossentropy, predictions: Tensor, targets: Tensor
) -> Tensor:
    targets = _towards(0.5, targets, declared.label_smoothing)
    p = predictions.sigmoid() if declared.from_logits else predictions
    missed = 1 - (targets * p + (1 - targets) * (1 - p))
    values = missed.pow(declared.gamma) * _binary_entropies(declared, predictions, targets)
    if declared.apply_class_balancing:
        values = values * (targets * declared.alpha + (1 - targets) * (1 - declared.alpha))
    return values.mean(-1)


@_loss("categorical_crossentropy")
def _categorical_crossentropy(
    declared: declarations.CategoricalCrossentropy, predictions: Tensor, targets: Tensor
) -> Tensor:
    targets = _towards(1 / targets.shape[-1], targets, declared.label_smoothing)
    if declared.from_logits:
        return -(targets * predictions.log_softmax(-1)).sum(-1)
    return -(targets * _normalized(predictions).log()).sum(-1)


@_loss("categorical_focal_crossentropy")
def _categorical_focal_crossentropy(
    declared: declarations.CategoricalFocalCrossentropy, predictions: Tensor, targets: Tensor
) -> Tensor:
    targets = _towards(1 / targets.shape[-1], targets, declared.label_smoothing)
    p = _normalized(predictions.softmax(-1) if declared.from_logits else predictions)
    return -(declared.alpha * (1 - p).pow(declared.gamma) * targets * p.log()).sum(-1)


@_loss("sparse_categorical_crossentropy")
def _sparse_categorical_crossentropy(
    declared: declarations.SparseCategoricalCrossentropy,
    predictions: Tensor,
    targets: Tensor,
    reduction: str = "none",
) -> Tensor:
    # Keras takes clipped probabilities for the exponents of logits: it normalizes them again.
    logits = predictions if declared.from_logits else _clipped(predictions).log()
    ignored = -100 if declared.ignore_class is None else declared.ignore_class
    return functional.cross_entropy(
        logits.movedim(-1, 1), targets.long(), ignore_index=ignored, reduction=reduction
    )


@_loss("kl_divergence")
def _kl_divergence(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    targets, predictions = (each.clamp(EPSILON, 1) for each in (targets, predictions))
    return (targets * (targets / predictions).log()).sum(-1)


def _towards(middle: float, targets: Tensor, smoothing: float) -> Tensor:
    return targets * (1 - smoothing) + smoothing * middle if smoothing else targets


def _clipped(p: Tensor) -> Tensor:
    return p.clamp(EPSILON, 1 - EPSILON)


def _normalized(p: Tensor) -> Tensor:
    """Probabilities that sum to 1 over the classes, held away from 0 and 1."""
    return _clipped(p / p.sum(-1, keepdim=True))


def _binary_entropies(
    declared: declarations.BinaryCrossentropy, predictions: Tensor, targets: Tensor
) -> Tensor:
    if declared.from_logits:
        return functional.binary_cross_entropy_with_logits(predictions, targets, reduction="none")
    p = _clipped(predictions)
    return -(targets * p.log() + (1 - targets) * (1 - p).log())


# --- of values ----------------------------------------------------------------------------------


@_loss("mean_squared_error")
def _mean_squared_error(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions - targets).square().mean(-1)


@_loss("mean_absolute_error")
def _mean_absolute_error(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions - targets).abs().mean(-1)


@_loss("mean_absolute_percentage_error")
def _mean_absolute_percentage_error(
    declared: object, predictions: Tensor, targets: Tensor
) -> Tensor:
    return 100 * ((targets - predictions) / targets.abs().clamp(min=EPSILON)).abs().mean(-1)


@_loss("mean_squared_logarithmic_error")
def _mean_squared_logarithmic_error(
    declared: object, predictions: Tensor, targets: Tensor
) -> Tensor:
    first, second = (each.clamp(min=EPSILON).log1p() for each in (predictions, targets))
    return (first - second).square().mean(-1)


@_loss("huber")
def _huber(declared: declarations.Huber, predictions: Tensor, targets: Tensor) -> Tensor:
    return functional.huber_loss(predictions, targets, reduction="none", delta=declared.delta).mean(
        -1
    )


@_loss("log_cosh")
def _log_cosh(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    error = predictions - targets
    return (error + functional.softplus(-2 * error) - math.log(2)).mean(-1)


@_loss("poisson")
def _poisson(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return (predictions - targets * (predictions + EPSILON).log()).mean(-1)


@_loss("cosine_similarity")
def _cosine_similarity(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return -cosine(predictions, targets)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between vectors along the last axis; 0 for a vector of zeros."""
    a, b = (functional.normalize(each, dim=-1, eps=EPSILON) for each in (a, b))
    return (a * b).sum(-1)


# --- of scores on either side of 0 --------------------------------------------------------------


@_loss("hinge")
def _hinge(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return functional.relu(1 - (2 * targets - 1) * predictions).mean(-1)


@_loss("squared_hinge")
def _squared_hinge(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    return functional.relu(1 - (2 * targets - 1) * predictions).square().mean(-1)


@_loss("categorical_hinge")
def _categorical_hinge(declared: object, predictions: Tensor, targets: Tensor) -> Tensor:
    right = (targets * predictions).sum(-1)
    wrong = ((1 - targets) * predictions).amax(-1)
    return functional.relu(wrong - right + 1)
