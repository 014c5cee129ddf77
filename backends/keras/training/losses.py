"""Keras's losses from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from specc.training.objectives import Objective

MEAN_LOSS = "mean_loss"
"""The name of `mean_loss`, after that of the output."""


def loss(objective: Objective, reduction: str = "sum_over_batch_size") -> keras.losses.Loss:
    """The loss of one output: of a batch, the mean over all its elements."""
    name, arguments = objective.loss.keras_config()
    return getattr(keras.losses, name)(**arguments, reduction=reduction)


def mean_loss(objective: Objective) -> keras.metrics.Metric:
    """The loss of one output of several over an epoch.

    Keras's own, in the logs beside it, is the mean over batches of any size: a small last batch
    would count as much as the others.
    """
    return keras.metrics.MeanMetricWrapper(loss(objective, "none"), name=MEAN_LOSS)
