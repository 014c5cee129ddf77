"""Learning rates as Keras's own schedules; `specc.training.schedules` says what they mean.

Keras takes the number of a restart from a logarithm in float32: with `t_mul` other than 1, its
`CosineDecayRestarts` may be a step late there.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from specc.training import schedules

Rate = float | keras.optimizers.schedules.LearningRateSchedule

_LENGTHS = ("decay_steps", "first_decay_steps", "warmup_steps")


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A straight line from 0 to the first rate of `target`, which begins when it is over."""

    def __init__(self, steps: int, target: Rate) -> None:
        super().__init__()
        self.steps = steps
        self.target = target

    def __call__(self, step: Any) -> Any:
        after = ops.maximum(step - self.steps, 0)
        target = self.target(after) if callable(self.target) else self.target
        return target * ops.minimum(1.0, ops.cast(step, "float32") / self.steps)

    def get_config(self) -> dict[str, Any]:
        return {"steps": self.steps, "target": self.target}


def rate(declared: float | schedules.Schedule, steps_per_epoch: int, steps: int) -> Rate:
    """What a Keras optimizer takes as its learning rate.

    steps: how many the whole training has; a length that is left out ends there.
    """
    if not isinstance(declared, schedules.Schedule):
        return float(declared)
    name, arguments = declared.keras_config()
    unit = steps_per_epoch if arguments.pop("unit", "step") == "epoch" else 1
    if isinstance(declared, schedules.WarmUp):
        length = declared.steps * unit
        rest = max(1, steps - length)
        return WarmUp(length, rate(declared.learning_rate, steps_per_epoch, rest))
    for key in arguments.keys() & _LENGTHS:
        arguments[key] *= unit
    if isinstance(declared, schedules.PiecewiseConstantDecay):
        arguments["boundaries"] = list(declared.last_steps(steps_per_epoch))
    if isinstance(declared, schedules.CosineDecay) and declared.decay_steps is None:
        arguments["decay_steps"] = max(1, steps - declared.warmup_steps * unit)
    return getattr(keras.optimizers.schedules, name)(**arguments)
