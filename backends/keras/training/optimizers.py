"""Keras's optimizers from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from .schedules import rate

if TYPE_CHECKING:
    from specc.training.engine import Plan


def optimizer(plan: Plan) -> keras.optimizers.Optimizer:
    """The plan's optimizer, not built yet."""
    declared = plan.train.optimizer
    name, arguments = declared.keras_config()
    steps = plan.train.epochs * plan.steps_per_epoch
    arguments["learning_rate"] = rate(declared.learning_rate, plan.steps_per_epoch, steps)
    return getattr(keras.optimizers, name)(**arguments)
