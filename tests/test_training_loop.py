"""The loop around an engine, with an engine of a few lines that can be followed by hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.diagnostics import SpecError
from specc.training.checkpoint import Checkpoint, Progress, load_checkpoint, save_checkpoint
from specc.training.document import Train
from specc.training.interruption import Interrupted, interruptible
from specc.training.loop import Loop
from specc.training.monitors import Best, Monitors, Plateau, Stopping, restore, state_of

STEPS = 5


@dataclass(slots=True)
class Counting:
    """An engine whose weight remembers the order of all batches; its loss is their mean."""

    world: int = 1
    rank: int = 0
    precision: str = "float32"
    device: str = "cpu"
    learning_rate: float = 0.5
    weight: float = 0.0
    seen: list[float] = field(default_factory=list[float])

    def reduce_learning_rate(self, rate: float) -> None:
        self.learning_rate = rate

    def train(
        self, batches: Iterable[float], after_step: Any, *, done: int = 0
    ) -> dict[str, float]:
        if not done:
            self.seen = []
        for step, batch in enumerate(batches, done + 1):
            self.weight = (self.weight * 1.7 + batch) % 1009
            self.learning_rate /= 2
            self.seen.append(batch)
            after_step(step, self.logs)
        return self.logs()

    def logs(self) -> dict[str, float]:
        return {"loss": float(np.mean(self.seen))}

    def evaluate(self, batches: Iterable[float]) -> dict[str, float]:
        return {"loss": float(np.mean(list(batches)))}

    def predict(self, batches: Iterable[float]) -> Iterator[dict[str, Any]]:
        yield {}

    def weights(self) -> dict[str, Any]:
        return {"w.weight": np.array(self.weight)}

    def state(self) -> dict[str, Any]:
        return {"rate": np.array(self.learning_rate), "seen": np.array(self.seen)}

    def restore(self, weights: Any, state: Any) -> None:
        self.weight = float(weights["w.weight"])
        self.learning_rate = float(state["rate"])
        self.seen = state["seen"].tolist()

    def any(self, flag: bool) -> bool:
        return flag

    def first(self, fault: SpecError | None) -> SpecError | None:
        return fault

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Numbers:
    """Batches that are numbers; `broken` is the (epoch, step) that cannot be read."""

    steps: int = STEPS
    broken: tuple[int, int] | None = None
    nan: tuple[int, int] | None = None

    def epoch(self, number: int, start: int = 0) -> Iterator[float]:
        for step in range(start, self.steps):
            if (number, step) == self.broken:
                raise SpecError.of("file-unreadable", "cat.png is truncated")
            yield float("nan") if (number, step) == self.nan else 10.0 * number + step


@dataclass(slots=True)
class OnDisk:
    """A store that keeps the checkpoint only."""

    path: Path
    epochs: list[tuple[int, bool]] = field(default_factory=list[tuple[int, bool]])
    steps: list[int] = field(default_factory=list[int])

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self.steps.append(checkpoint.progress.step)
        save_checkpoint(self.path, checkpoint)

    def save_epoch(self, checkpoint: Checkpoint, best: Best, *, improved: bool) -> None:
        self.epochs.append((checkpoint.progress.epoch, improved))
        save_checkpoint(self.path, checkpoint)


@dataclass(slots=True)
class Watching:
    """An observer that may do something after a given number of steps."""

    act_after: int = 0
    act: Any = None
    count: int = 0

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        pass

    def stepped(self, step: int, logs: Any) -> None:
        self.count += 1
        if self.count == self.act_after:
            self.act()

    def epoch_ended(self, row: Any, best: bool) -> None:
        pass


def declared(**settings: Any) -> Train:
    return Train.model_validate({"optimizer": "sgd", "loss": "mse", "epochs": 3, **settings})


def make(tmp_path: Path, train: Train | None = None, **parts: Any) -> Loop:
    given: dict[str, Any] = {
        "engine": Counting(),
        "training": Numbers(),
        "validation": None,
        "monitors": Monitors(Best("loss", "min")),
        "store": OnDisk(tmp_path / "checkpoint.safetensors"),
        "observer": Watching(),
    }
    return Loop(train=train or declared(), **given | parts)


def whole_run(tmp_path: Path) -> Loop:
    loop = make(tmp_path)
    loop.run()
    return loop


def rows(loop: Loop) -> list[dict[str, float]]:
    """The history without its times."""
    return [{**row, "seconds": 0.0} for row in loop.progress.history]


def test_history_has_a_row_for_each_epoch(tmp_path: Path) -> None:
    loop = make(tmp_path, validation=Numbers(2))
    loop.run()
    assert [row["epoch"] for row in loop.progress.history] == [1, 2, 3]
    assert [row["loss"] for row in loop.progress.history] == [2.0, 12.0, 22.0]
    assert [row["val_loss"] for row in loop.progress.history] == [0.5, 0.5, 0.5]
    assert loop.store.epochs == [(1, True), (2, False), (3, False)]


@pytest.mark.parametrize("stop", range(1, 3 * STEPS))
def test_interrupted_run_ends_as_the_whole_one(tmp_path: Path, stop: int) -> None:
    """Stopped after any step, the last of an epoch too."""
    whole = whole_run(tmp_path)
    first = make(tmp_path)
    first.observer = Watching(stop, lambda: setattr(first.interruption, "asked", True))
    with pytest.raises(Interrupted):
        first.run()
    second = make(tmp_path)
    second.resume(load_checkpoint(first.store.path))
    second.run()
    assert second.engine.weight == whole.engine.weight
    assert rows(second) == rows(whole)
    assert [row["learning_rate"] for row in rows(whole)] == [0.5, 0.5 / 2**5, 0.5 / 2**10]


@pytest.mark.parametrize("validation", [None, Numbers(2)])
def test_run_that_is_interrupted_in_its_last_step_is_complete(
    tmp_path: Path, validation: Numbers | None
) -> None:
    loop = make(tmp_path, validation=validation)
    loop.observer = Watching(3 * STEPS, lambda: setattr(loop.interruption, "asked", True))
    loop.run()
    assert loop.progress.epoch == 3
    assert loop.store.steps == [STEPS], "nothing is lost if it is killed before the end"


def test_run_that_is_interrupted_in_its_last_validation_goes_on_there(tmp_path: Path) -> None:
    @dataclass(slots=True)
    class Asking(Numbers):
        loop: Any = None

        def epoch(self, number: int, start: int = 0) -> Iterator[float]:
            yield 0.0
            if self.loop.progress.epoch == 2:
                self.loop.interruption.asked = True
            yield 1.0

    loop = make(tmp_path, validation=Asking(2))
    loop.validation.loop = loop
    with pytest.raises(Interrupted):
        loop.run()
    resumed = make(tmp_path, validation=Numbers(2))
    resumed.resume(load_checkpoint(loop.store.path))
    assert (resumed.progress.epoch, resumed.progress.step) == (2, STEPS)
    resumed.run()
    whole = make(tmp_path, validation=Numbers(2))
    whole.run()
    assert rows(resumed) == rows(whole)


def test_signal_saves_and_ends_the_run(tmp_path: Path) -> None:
    with interruptible() as interruption:
        act = lambda: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731
        loop = make(tmp_path, observer=Watching(7, act), interruption=interruption)
        with pytest.raises(Interrupted):
            loop.run()
    progress = load_checkpoint(loop.store.path).progress
    assert (progress.epoch, progress.step) == (1, 2)


def test_second_signal_is_not_held_back() -> None:
    with interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_steps_before_a_broken_picture_are_kept(tmp_path: Path) -> None:
    whole = whole_run(tmp_path)
    loop = make(tmp_path, training=Numbers(broken=(1, 3)))
    with pytest.raises(SpecError, match=r"cat\.png"):
        loop.run()
    resumed = make(tmp_path)
    resumed.resume(load_checkpoint(loop.store.path))
    assert (resumed.progress.epoch, resumed.progress.step) == (1, 3)
    resumed.run()
    assert resumed.engine.weight == whole.engine.weight


def test_epoch_before_a_broken_validation_picture_is_kept(tmp_path: Path) -> None:
    loop = make(tmp_path, validation=Numbers(broken=(0, 1)))
    with pytest.raises(SpecError, match=r"cat\.png"):
        loop.run()
    resumed = make(tmp_path, validation=Numbers())
    resumed.resume(load_checkpoint(loop.store.path))
    assert (resumed.progress.epoch, resumed.progress.step) == (0, STEPS)
    resumed.run()
    assert [row["loss"] for row in resumed.progress.history] == [2.0, 12.0, 22.0]


def test_state_that_is_not_a_number_is_never_saved(tmp_path: Path) -> None:
    loop = make(tmp_path, declared(checkpoint={"save_freq": 1}), training=Numbers(nan=(1, 2)))
    with pytest.raises(SpecError, match=r"loss-not-finite.*became nan in epoch 2, by step 3"):
        loop.run()
    saved = load_checkpoint(loop.store.path)
    assert (saved.progress.epoch, saved.progress.step) == (1, 2)
    assert np.isfinite(saved.weights["w.weight"])


def test_checkpoints_within_an_epoch(tmp_path: Path) -> None:
    saved: list[tuple[int, int]] = []

    class Noting(OnDisk):
        def save_checkpoint(self, checkpoint: Checkpoint) -> None:
            saved.append((checkpoint.progress.epoch, checkpoint.progress.step))

    store = Noting(tmp_path / "checkpoint.safetensors")
    make(tmp_path, declared(checkpoint={"save_freq": 2}, epochs=2), store=store).run()
    assert saved == [(0, 2), (0, 4), (1, 2), (1, 4)]


def test_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    class Full(OnDisk):
        def save_epoch(self, checkpoint: Checkpoint, best: Best, *, improved: bool) -> None:
            if checkpoint.progress.epoch == 2:
                raise SpecError.of("unwritable", "the disk is full")
            save_checkpoint(self.path, checkpoint)

    loop = make(tmp_path, store=Full(tmp_path / "checkpoint.safetensors"))
    with pytest.raises(SpecError, match="disk is full"):
        loop.run()
    assert load_checkpoint(loop.store.path).progress.epoch == 1


def test_early_stopping_ends_the_run(tmp_path: Path) -> None:
    rule = declared(early_stopping={"monitor": "loss", "patience": 1}).early_stopping
    monitors = Monitors(Best("loss", "min"), Stopping(rule, Best("loss", "min")))
    loop = make(tmp_path, monitors=monitors)
    loop.run()
    assert loop.progress.epoch == 2
    assert loop.progress.stopped == "loss did not improve any more"


# --- checkpoints --------------------------------------------------------------------------------


def test_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    arrays = {
        "float": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "scalar": np.array(3, np.int64),
        "bytes": np.arange(5, dtype=np.uint8),
        "empty": np.zeros((0, 3), np.float64),
    }
    progress = Progress(2, 7, [{"epoch": 1, "loss": 0.1}], {"best": {"value": 1e-7}}, 3.5, "why")
    save_checkpoint(tmp_path / "c", Checkpoint(progress, {"a.weight": arrays["float"]}, arrays))
    found = load_checkpoint(tmp_path / "c")
    assert found.progress == progress
    assert found.weights.keys() == {"a.weight"}
    for name, array in arrays.items():
        assert found.state[name].dtype == array.dtype
        assert found.state[name].shape == array.shape
        assert np.array_equal(found.state[name], array)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"\x08\0\0\0\0\0\0\0{}      "])
def test_damaged_checkpoint_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "c").write_bytes(damage)
    with pytest.raises(SpecError, match="checkpoint-unreadable"):
        load_checkpoint(tmp_path / "c")


def test_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", Checkpoint(Progress(), {"w": np.ones(100)}, {}))
    whole = (tmp_path / "c").read_bytes()
    (tmp_path / "c").write_bytes(whole[:-8])
    with pytest.raises(SpecError, match="checkpoint-unreadable"):
        load_checkpoint(tmp_path / "c")


def test_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="file-not-found"):
        load_checkpoint(tmp_path / "c")


# --- what watches the logs: Keras's callbacks are the meaning -----------------------------------

VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.2005, 0.3, 0.5]), min_size=1, max_size=12)


class Model:
    """What Keras's callbacks ask of a model."""

    def __init__(self, rate: float) -> None:
        import keras

        self.optimizer = keras.optimizers.SGD(rate)
        self.stop_training = False


@given(
    VALUES,
    st.integers(1, 3),
    st.sampled_from([0.0, 0.001]),
    st.integers(0, 2),
    st.sampled_from([None, 0.25]),
    st.sampled_from(["min", "max"]),
)
def test_early_stopping_is_keras_s(
    values: list[float],
    patience: int,
    min_delta: float,
    start: int,
    baseline: float | None,
    mode: Any,
) -> None:
    import keras

    settings: dict[str, Any] = {
        "patience": patience,
        "min_delta": min_delta,
        "start_from_epoch": start,
        "baseline": baseline,
    }
    theirs = keras.callbacks.EarlyStopping("val_loss", mode=mode, **settings)
    model = Model(0.1)
    theirs.set_model(model)
    theirs.on_train_begin()
    rule = declared(early_stopping={"monitor": "val_loss", **settings}).early_stopping
    ours = Stopping(rule, Best("val_loss", mode, min_delta))
    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {"val_loss": value})
        again = Stopping(rule, Best("val_loss", mode, min_delta))
        restore(again, state_of(ours))  # as in a run that is resumed at each epoch
        ours = again
        assert ours.stops({"val_loss": value}, epoch + 1) == model.stop_training
        if model.stop_training:
            break


@given(VALUES, st.integers(1, 3), st.integers(0, 2), st.sampled_from([0.0, 0.01]))
def test_plateau_is_keras_s(
    values: list[float], patience: int, cooldown: int, least: float
) -> None:
    import keras

    settings: dict[str, Any] = {
        "patience": patience,
        "cooldown": cooldown,
        "min_lr": least,
        "factor": 0.25,
    }
    theirs = keras.callbacks.ReduceLROnPlateau("val_loss", mode="min", min_delta=1e-4, **settings)
    model = Model(0.1)
    theirs.set_model(model)
    theirs.on_train_begin()
    rule = declared(reduce_lr_on_plateau={"monitor": "val_loss", **settings}).reduce_lr_on_plateau
    ours, rate = Plateau(rule, Best("val_loss", "min", 1e-4)), 0.1
    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {"val_loss": value})
        reduced = ours.reduced({"val_loss": value}, epoch + 1, rate)
        rate = rate if reduced is None else reduced
        assert rate == pytest.approx(float(model.optimizer.learning_rate), rel=1e-6)
