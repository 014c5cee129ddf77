"""What watches a run's logs: the best epoch, early stopping, a rate reduced on a plateau.

The rules are those of Keras's callbacks of these names, and hold for every backend. The state of
each is plain data, so that a resumed run goes on counting where it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from specc.training.document import Checkpoint, EarlyStopping, ReduceLROnPlateau, Train
from specc.training.metrics import Direction

Rule = Checkpoint | EarlyStopping | ReduceLROnPlateau


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


@dataclass(slots=True)
class Monitors:
    """All that watches one run; None for what its spec does not ask for."""

    best: Best
    stopping: Stopping | None = None
    plateau: Plateau | None = None

    @classmethod
    def of(cls, train: Train, directions: Mapping[str, Direction], *, validates: bool) -> Monitors:
        """What `train` asks for.

        directions: whether less or more of each log is better, without `val_`.
        validates: whether there is validation; without it the same of the training is watched.
        """

        def best(rule: Rule, min_delta: float = 0.0) -> Best:
            name = rule.monitor.removeprefix("val_")
            direction = directions[name] if rule.mode == "auto" else rule.mode
            return Best(rule.monitor if validates else name, direction, min_delta)

        stopping, plateau = train.early_stopping, train.reduce_lr_on_plateau
        return cls(
            best(train.checkpoint),
            stopping and Stopping(stopping, best(stopping, stopping.min_delta)),
            plateau and Plateau(plateau, best(plateau, plateau.min_delta)),
        )

    def state(self) -> dict[str, dict[str, Any]]:
        """What they have counted, as JSON takes it."""
        return {name: state_of(each) for name, each in self._present().items()}

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on from `state`; one that it does not know begins anew."""
        for name, monitor in self._present().items():
            if name in state:
                restore(monitor, state[name])

    def _present(self) -> dict[str, Monitor]:
        known = {"best": self.best, "early_stopping": self.stopping, "plateau": self.plateau}
        return {name: monitor for name, monitor in known.items() if monitor is not None}


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
