"""Learning rates that change from step to step: Keras's schedules, and a warm-up before any rate.

A spec writes `{cosine_decay: {initial_learning_rate: 0.1}}` where a learning rate stands. `at` is
what a schedule means, in plain Python, so that all backends take the same rate at every step.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from specc.named import ByName, Named
from specc.vocabulary import SCHEDULE_ARGUMENT_WORDS, SCHEDULE_WORDS

Unit = Literal["step", "epoch"]

_INITIAL = "The rate at step 0."
_DECAY_STEPS = "The length of the decay."
_UNIT = "What the lengths count: steps, which are batches, or epochs."


class Schedule(Named):
    """A learning rate as a function of the step."""

    argument_words = SCHEDULE_ARGUMENT_WORDS

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        """The rate of `step`, counted from 0.

        steps: how many the whole training has; a length that is left out ends there.
        """
        raise NotImplementedError


class _Counting(Schedule):
    """A schedule with lengths, which count steps or epochs."""

    unit: Unit = Field(default="step", description=_UNIT)

    def _steps(self, length: int, steps_per_epoch: int) -> int:
        """`length` in steps."""
        return length * steps_per_epoch if self.unit == "epoch" else length


class ExponentialDecay(_Counting):
    """initial_learning_rate · decay_rate^(step / decay_steps)."""

    name = "exponential_decay"

    initial_learning_rate: float = Field(ge=0, description=_INITIAL)
    decay_steps: int = Field(gt=0, description="The length in which `decay_rate` is applied once.")
    decay_rate: float = Field(ge=0, description="The factor.")
    staircase: bool = Field(default=False, description="Whether the exponent is rounded down.")

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        exponent = step / self._steps(self.decay_steps, steps_per_epoch)
        if self.staircase:
            exponent = math.floor(exponent)
        return self.initial_learning_rate * _power(self.decay_rate, exponent)


class InverseTimeDecay(_Counting):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps)."""

    name = "inverse_time_decay"

    initial_learning_rate: float = Field(ge=0, description=_INITIAL)
    decay_steps: int = Field(gt=0, description="The length in which `decay_rate` is added once.")
    decay_rate: float = Field(ge=0, description="What the divisor grows by.")
    staircase: bool = Field(default=False, description="Whether the quotient is rounded down.")

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        periods = step / self._steps(self.decay_steps, steps_per_epoch)
        if self.staircase:
            periods = math.floor(periods)
        return self.initial_learning_rate / (1 + self.decay_rate * periods)


class PolynomialDecay(_Counting):
    """From initial_learning_rate to end_learning_rate as (1 - step / decay_steps)^power."""

    name = "polynomial_decay"

    initial_learning_rate: float = Field(ge=0, description=_INITIAL)
    decay_steps: int = Field(gt=0, description=_DECAY_STEPS)
    end_learning_rate: float = Field(default=0.0001, ge=0, description="The rate at its end.")
    power: float = Field(default=1.0, gt=0, description="The exponent; 1 is a straight line.")
    cycle: bool = Field(
        default=False,
        description="Whether, past its end, the decay is stretched to the next multiple of "
        "`decay_steps`; else the rate stays.",
    )

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        decay_steps = self._steps(self.decay_steps, steps_per_epoch)
        if self.cycle:
            decay_steps *= max(1, math.ceil(step / decay_steps))
        left = 1 - min(step, decay_steps) / decay_steps
        drop = self.initial_learning_rate - self.end_learning_rate
        return drop * left**self.power + self.end_learning_rate


class CosineDecay(_Counting):
    """Half a cosine from initial_learning_rate to alpha times it (Loshchilov and Hutter, 2017).

    With `warmup_target` the rate first goes in a straight line from `initial_learning_rate` to that
    target, for `warmup_steps`, and decays from there.
    """

    name = "cosine_decay"

    initial_learning_rate: float = Field(ge=0, description=_INITIAL)
    decay_steps: int | None = Field(
        default=None, gt=0, description=f"{_DECAY_STEPS} Left out: to the end of the training."
    )
    alpha: float = Field(default=0.0, ge=0, le=1, description="The part of the rate that is left.")
    warmup_target: float | None = Field(default=None, ge=0, description="The rate after warm-up.")
    warmup_steps: int = Field(default=0, ge=0, description="The length of the warm-up.")

    @model_validator(mode="after")
    def _warms_up_to_something(self) -> Self:
        if self.warmup_steps and self.warmup_target is None:
            raise ValueError(
                f"expected warmup_target beside warmup_steps, received {self.warmup_steps} alone"
            )
        return self

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        start, peak = self.initial_learning_rate, self.warmup_target
        warmup = self._steps(self.warmup_steps, steps_per_epoch)
        if peak is not None and step < warmup:
            return start + (peak - start) * step / warmup
        decay_steps = steps - warmup
        if self.decay_steps is not None:
            decay_steps = self._steps(self.decay_steps, steps_per_epoch)
        done = min(1.0, (step - warmup) / max(1, decay_steps))
        return (start if peak is None else peak) * _cosine(done, 1.0, self.alpha)


class CosineDecayRestarts(_Counting):
    """Half cosines one after another, each `t_mul` times as long and `m_mul` times as high.

    "SGDR: Stochastic Gradient Descent with Warm Restarts" (Loshchilov and Hutter, 2017).
    """

    name = "cosine_decay_restarts"

    initial_learning_rate: float = Field(ge=0, description=_INITIAL)
    first_decay_steps: int = Field(gt=0, description="The length of the first period.")
    t_mul: float = Field(default=2.0, ge=1, description="How much longer each period is.")
    m_mul: float = Field(default=1.0, ge=0, description="How much higher each period starts.")
    alpha: float = Field(default=0.0, ge=0, le=1, description="The part of it that is always left.")

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        done = step / self._steps(self.first_decay_steps, steps_per_epoch)
        restarts, done = self._period(done)
        height = _power(self.m_mul, restarts)
        return self.initial_learning_rate * _cosine(done, height, self.alpha)

    def _period(self, done: float) -> tuple[int, float]:
        """How many periods are over, and the part of this one that is.

        done: the step in units of the first period. Keras takes the number from a logarithm, which
        rounds: exact, a period ends where it should.
        """
        if self.t_mul == 1:
            return math.floor(done), done % 1
        restarts, length = 0, 1.0
        while done >= length:
            restarts, done, length = restarts + 1, done - length, length * self.t_mul
        return restarts, done / length


class PiecewiseConstantDecay(_Counting):
    """values[0] up to and with step boundaries[0], and so on; the last value from there on.

    Where the boundaries count epochs, values[0] holds for boundaries[0] epochs.
    """

    name = "piecewise_constant_decay"

    boundaries: tuple[int, ...] = Field(
        min_length=1, description="Where each value but the last ends; strictly increasing."
    )
    values: tuple[float, ...] = Field(description="The rates: one more than the boundaries.")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"expected {len(self.boundaries) + 1} values, one more than the boundaries, "
                f"received {len(self.values)}"
            )
        if any(low >= high for low, high in pairwise((-1, *self.boundaries))):
            raise ValueError(
                "expected boundaries from 0 up, strictly increasing, "
                f"received {list(self.boundaries)}"
            )
        if min(self.values) < 0:
            raise ValueError(f"expected values of at least 0, received {min(self.values)}")
        return self

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        return self.values[sum(step > last for last in self.last_steps(steps_per_epoch))]

    def last_steps(self, steps_per_epoch: int) -> tuple[int, ...]:
        """The last step of each value but the last: Keras's boundaries."""
        if self.unit == "step":
            return self.boundaries
        return tuple(epochs * steps_per_epoch - 1 for epochs in self.boundaries)


DECAYS: tuple[type[Schedule], ...] = (
    ExponentialDecay,
    PolynomialDecay,
    InverseTimeDecay,
    CosineDecay,
    CosineDecayRestarts,
    PiecewiseConstantDecay,
)
"""Keras's schedules."""


def rate_at(rate: float | Schedule, step: int, steps_per_epoch: int, steps: int) -> float:
    """The learning rate of `step`, be it constant or not: see `Schedule.at`."""
    return rate.at(step, steps_per_epoch, steps) if isinstance(rate, Schedule) else rate


def _cosine(done: float, height: float, alpha: float) -> float:
    """The factor of a cosine decay of which the part `done` is over."""
    return (1 - alpha) * 0.5 * height * (1 + math.cos(math.pi * done)) + alpha


def _power(base: float, exponent: float) -> float:
    """base^exponent; infinite where it is too large for a float, as in Keras."""
    try:
        return base**exponent
    except OverflowError:
        return math.inf


def _rate(value: float | Schedule) -> float | Schedule:
    if not isinstance(value, Schedule) and not 0 <= value < math.inf:
        raise ValueError(f"expected a learning rate of at least 0, received {value:g}")
    return value


_DecayField = Annotated[
    float | Schedule,
    ByName("schedule", DECAYS, SCHEDULE_WORDS, or_number=True),
    AfterValidator(_rate),
]


class WarmUp(_Counting):
    """A straight line from 0 to `learning_rate`, reached after `steps`, and that rate from there.

    Keras has no such schedule. Where the rate is a schedule itself, the line goes to its first
    rate, and it begins with its step 0 when the warm-up is over: lengths that it leaves out end
    with the training.
    """

    name = "warm_up"

    steps: int = Field(gt=0, description="The length of the warm-up.")
    learning_rate: _DecayField = Field(description="The rate after it: a number or a schedule.")

    def at(self, step: int, steps_per_epoch: int, steps: int) -> float:
        warmup = self._steps(self.steps, steps_per_epoch)
        rest = max(1, steps - warmup)
        target = rate_at(self.learning_rate, max(0, step - warmup), steps_per_epoch, rest)
        return target * min(1.0, step / warmup)


SCHEDULES: tuple[type[Schedule], ...] = (*DECAYS, WarmUp)

RateField = Annotated[
    float | Schedule,
    ByName("schedule", SCHEDULES, SCHEDULE_WORDS, or_number=True),
    AfterValidator(_rate),
]
"""The type of a learning rate: a number, or a schedule by name."""
