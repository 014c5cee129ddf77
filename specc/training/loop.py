"""The loop around an engine: epochs, validation, the best weights, early stopping, saving.

It is the same for every backend, since it knows nothing of frameworks: an engine makes steps. After
each epoch everything is on disk; a run that is killed at any moment goes on from its last
checkpoint, and on a deterministic device ends with the weights it would have had.

Several processes run the same loop and wait for one another in every step. So whatever one of them
meets on its own, be it a signal, a picture that cannot be read or a full disk, all of them agree on
before the next step: they leave after the same one, it is saved, and the first process says why.
Only a fault in the middle of a step, such as a device without memory, is beyond that: the engines
of the others then notice that a process is gone, and the last checkpoint stands.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from specc.diagnostics import SpecError
from specc.training.checkpoint import Checkpoint, Progress
from specc.training.engine import Engine, Logs
from specc.training.interruption import Interrupted, Interruption
from specc.training.monitors import Best, Monitors
from specc.training.processes import agreed

if TYPE_CHECKING:
    from specc.data.loading import Batch, Loader
    from specc.training.document import Train
    from specc.training.folder import Row

READ_SECONDS = 0.1
"""The logs are read at most so often within an epoch: reading may wait for the device."""


class Observer(Protocol):
    """Who is told of a run as it goes on."""

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        """epoch: from 1. done: steps of it that an earlier process made, of `steps`."""
        ...

    def stepped(self, step: int, logs: Logs | None) -> None:
        """step: from 1. logs: None where they were not read."""
        ...

    def epoch_ended(self, row: Row, best: bool) -> None:
        """row: the line of the history. best: whether the epoch is the best so far."""
        ...


class Unwatched:
    """An observer for runs that nobody follows."""

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None: ...

    def stepped(self, step: int, logs: Logs | None) -> None: ...

    def epoch_ended(self, row: Row, best: bool) -> None: ...


class Store(Protocol):
    """Where a run is kept. Every method writes whole files, and raises `SpecError` if it cannot."""

    def save_checkpoint(self, checkpoint: Checkpoint) -> None: ...

    def save_epoch(self, checkpoint: Checkpoint, best: Best, *, improved: bool) -> None:
        """The end of an epoch: history, last weights, and the best ones if these are."""
        ...


@dataclass(slots=True)
class Loop:
    """A run under way.

    validation: None if the data has no such part.
    store: None in the processes of a distributed run that write nothing.
    """

    engine: Engine
    train: Train
    training: Loader
    validation: Loader | None
    monitors: Monitors
    store: Store | None
    observer: Observer
    interruption: Interruption = field(default_factory=Interruption)
    progress: Progress = field(default_factory=Progress)
    _fault: SpecError | None = None
    _ended: bool = False
    _saved: int = 0
    _started: float = 0.0
    _read: float = 0.0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Stand where `checkpoint` was taken."""
        self.progress = checkpoint.progress
        self.engine.restore(checkpoint.weights, checkpoint.state)
        self.monitors.restore(self.progress.monitors)

    def run(self) -> None:
        """Train to the last epoch, or until early stopping.

        Raises `Interrupted` once all is saved, and `SpecError`: for data that cannot be read (the
        steps before it are saved), for a loss that is no number and for a disk that takes nothing
        more (the last checkpoint stands). Of several processes the first one raises the fault of
        any, the others `Interrupted`.
        """
        while self.progress.epoch < self.train.epochs and not self.progress.stopped:
            if self.engine.any(self.interruption.asked):
                raise Interrupted
            self._epoch()

    def _epoch(self) -> None:
        done, epoch = self.progress.step, self.progress.epoch
        self._saved = done
        self.observer.epoch_started(epoch + 1, self.train.epochs, done, self.training.steps)
        self._started = time.monotonic() - self.progress.seconds
        if not done:
            self.progress.learning_rate = self.engine.learning_rate
        batches = self._batches(self.training.epoch(epoch, start=done))
        logs = self.engine.train(batches, self._after_step, done=done)
        if self.progress.step:
            self._require_finite(logs)
        self._leave_if_ended()
        self._heed()
        self._end_epoch(logs | self._validated())

    def _batches(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches, until a process cannot read one or is asked to stop.

        An engine then stands after a whole step, whatever it prefetches, and in all processes after
        the same one.
        """
        while True:
            batch = self._next(batches)
            asked = self.interruption.asked and batch is not None
            self._ended = self.engine.any(self._fault is not None or asked)
            if self._ended or batch is None:
                return
            yield batch

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        try:
            return next(batches, None)
        except SpecError as error:
            self._fault = error
            return None

    def _leave_if_ended(self) -> None:
        """Save and leave, if the batches ended before their time."""
        if not self._ended:
            return
        self._save()
        with agreed(self.engine):
            if self._fault is not None:
                raise self._fault
        raise Interrupted

    def _heed(self) -> None:
        """Save and leave, if the run was asked to end in the last step of the epoch.

        In its last epoch it ends by itself, and no step is left to resume for: it is only saved.
        """
        if not self.engine.any(self.interruption.asked):
            return
        self._save()
        if self.progress.epoch + 1 < self.train.epochs:
            raise Interrupted
        self.interruption.asked = False

    def _validated(self) -> Logs:
        if self.validation is None:
            return {}
        logs = self.engine.evaluate(self._batches(self.validation.epoch(0)))
        self._leave_if_ended()
        return {f"val_{name}": value for name, value in logs.items()}

    def _end_epoch(self, logs: Logs) -> None:
        self.progress.epoch += 1
        self.progress.step = 0
        epoch, rate = self.progress.epoch, self.progress.learning_rate
        seconds = round(time.monotonic() - self._started, 3)
        row = {"epoch": epoch, "learning_rate": rate, "seconds": seconds, **logs}
        self.progress.history.append(row)
        self.progress.seconds = 0.0
        best, stopping = self.monitors.best, self.monitors.stopping
        improved = best.improves(logs, epoch)
        if stopping is not None and stopping.stops(logs, epoch):
            self.progress.stopped = f"{stopping.best.monitor} did not improve any more"
        self._follow_plateau(logs, epoch)
        checkpoint = self._checkpoint()
        with agreed(self.engine):
            if self.store is not None:
                self.store.save_epoch(checkpoint, best, improved=improved)
        self.observer.epoch_ended(row, improved)

    def _follow_plateau(self, logs: Logs, epoch: int) -> None:
        plateau = self.monitors.plateau
        if plateau is None:
            return
        rate = plateau.reduced(logs, epoch, self.engine.learning_rate)
        if rate is not None:
            self.engine.reduce_learning_rate(rate)

    # --- within an epoch ------------------------------------------------------------------------

    def _after_step(self, step: int, read: Callable[[], Logs]) -> None:
        self.progress.step = step
        logs = self._fresh(read)
        self.observer.stepped(step, logs)
        # Several processes agree before the next step; one need not wait for what is prefetched.
        asked = self.interruption.asked and self.engine.world == 1 and step < self.training.steps
        if asked or self._due(step):
            self._require_finite(read())
            self._save()
        if asked:
            raise Interrupted

    def _fresh(self, read: Callable[[], Logs]) -> Logs | None:
        """The logs, unless they were read just now. A loss that is no number ends the batches."""
        now = time.monotonic()
        if now - self._read < READ_SECONDS:
            return None
        self._read = now
        logs = read()
        self._fault = self._fault or self._not_finite(logs)
        return logs

    def _due(self, step: int) -> bool:
        """Whether `checkpoint: {save_freq: …}` asks for one after this step.

        An engine may count several steps at once, so the multiples of the frequency may be passed.
        """
        frequency = self.train.checkpoint.save_freq
        if frequency == "epoch" or step == self.training.steps:
            return False
        return step // frequency > self._saved // frequency

    # --- saving ---------------------------------------------------------------------------------

    def _save(self) -> None:
        self._saved = self.progress.step
        self.progress.seconds = time.monotonic() - self._started
        checkpoint = self._checkpoint()
        with agreed(self.engine):
            if self.store is not None:
                self.store.save_checkpoint(checkpoint)

    def _checkpoint(self) -> Checkpoint:
        """Made in every process: gathering weights and state may take all of them."""
        self.progress.monitors = self.monitors.state()
        return Checkpoint(self.progress, self.engine.weights(), self.engine.state())

    def _require_finite(self, logs: Logs) -> None:
        """Raise `SpecError` (`loss-not-finite`) before anything of such a state is saved."""
        with agreed(self.engine):
            fault = self._not_finite(logs)
            if fault is not None:
                raise fault

    def _not_finite(self, logs: Logs) -> SpecError | None:
        if math.isfinite(logs["loss"]):
            return None
        epoch, step = self.progress.epoch + 1, self.progress.step
        return SpecError.of(
            "loss-not-finite",
            f"the loss became {logs['loss']} in epoch {epoch}, by step {step:,}, "
            f"at a learning rate of {self.engine.learning_rate:g}",
            help="lower the learning rate, clip gradients (`global_clipnorm: 1.0`), or look for "
            "values in the data that are not numbers; the last checkpoint was made before it",
        )
