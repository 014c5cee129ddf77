"""What watches a run's logs: the best epoch, early stopping, a rate reduced on a plateau.

The rules are those of Keras's callbacks of these names, and hold for every backend. The state of
each is plain data, so that a resumed run goes on counting where it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from specc.training.document import EarlyStopping, ReduceLROnPlateau

Direction = Literal["min", "max"]


@dataclass(slots=True)
class Best:
    """The best value that a log has had.

    value: None before the first one. epoch: the one that gave it, from 1.
    """

    monitor: str
    direction: Direction
    min_delta: float = 0.0
    value: float | None = None
    epoch: int = 0

    def improves(self, logs: Mapping[str, float], epoch: int) -> bool:
        """Take in the logs of an epoch; whether they are better by more than `min_delta`."""
        value = logs[self.monitor]
        if math.isnan(value) or not self._better(value):
            return False
        self.value, self.epoch = value, epoch
        return True

    def _better(self, value: float) -> bool:
        if self.value is None:
            return True
        if self.direction == "min":
            return value < self.value - self.min_delta
        return value > self.value + self.min_delta


@dataclass(slots=True)
class Stopping:
    """Early stopping: `keras.callbacks.EarlyStopping`."""

    rule: EarlyStopping
    best: Best
    wait: int = 0

    def stops(self, logs: Mapping[str, float], epoch: int) -> bool:
        """Take in the logs of an epoch, from 1; whether it was the last."""
        if epoch <= self.rule.start_from_epoch:
            return False
        self.wait += 1
        if self.best.improves(logs, epoch):
            if self.rule.baseline is None or self._beats(self.rule.baseline):
                self.wait = 0
            return False
        return self.wait >= self.rule.patience and epoch > 1

    def _beats(self, baseline: float) -> bool:
        value = self.best.value
        return value is not None and (
            value < baseline if self.best.direction == "min" else value > baseline
        )


@dataclass(slots=True)
class Plateau:
    """A rate that falls when a log gets no better: `keras.callbacks.ReduceLROnPlateau`."""

    rule: ReduceLROnPlateau
    best: Best
    wait: int = 0
    cooldown: int = 0

    def reduced(self, logs: Mapping[str, float], epoch: int, rate: float) -> float | None:
        """The rate to go on with after an epoch; None to leave it as it is."""
        if self.cooldown:
            self.cooldown -= 1
            self.wait = 0
        if self.best.improves(logs, epoch):
            self.wait = 0
            return None
        if self.cooldown:
            return None
        self.wait += 1
        if self.wait < self.rule.patience or rate <= self.rule.min_lr:
            return None
        self.cooldown, self.wait = self.rule.cooldown, 0
        return max(rate * self.rule.factor, self.rule.min_lr)


Monitor = Best | Stopping | Plateau


def state_of(monitor: Monitor) -> dict[str, Any]:
    """What a monitor has counted, as JSON takes it."""
    counted = asdict(monitor)
    counted.pop("rule", None)
    return counted


def restore(monitor: Monitor, state: Mapping[str, Any]) -> None:
    """Let a monitor go on from `state`, which `state_of` gave."""
    for name, value in state.items():
        if name == "best":
            assert not isinstance(monitor, Best)
            restore(monitor.best, value)
        elif name not in ("monitor", "direction", "min_delta"):  # the spec's, as it is now
            setattr(monitor, name, value)
