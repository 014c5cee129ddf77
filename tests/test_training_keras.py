"""The Keras engine: what a step means, and that it can be interrupted after any one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_plans import TWO, Array, batches_of, plan_of

from specc.backend import load_training_backend
from specc.data.loading import Batch
from specc.diagnostics import SpecError
from specc.training.engine import Engine, Logs, Plan
from specc.training.objectives import log_names
from specc.training.optimizers import OPTIMIZERS
from specc.training.schedules import Schedule

DENSE = """
inputs: {x: "float32[N, 6]"}
layers:
  - Dense: {units: 8, activation: tanh, kernel_regularizer: {l2: 0.01}}
  - Dense: 3
"""
RANDOM = """
inputs: {image: "float32[N, 6, 6, 1]"}
layers:
  - RandomFlip: horizontal
  - Conv2D: {filters: 3, kernel_size: 3}
  - BatchNormalization
  - ReLU
  - Flatten
  - Dropout: 0.5
  - Dense: 3
"""
CLASSES = {"loss": {"sparse_categorical_crossentropy": {"from_logits": True}}, "batch_size": 8}
SCHEDULES: list[dict[str, dict[str, Any]]] = [
    {"exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}},
    {"inverse_time_decay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}},
    {"polynomial_decay": {"initial_learning_rate": 0.1, "decay_steps": 2, "unit": "epoch"}},
    {"cosine_decay": {"initial_learning_rate": 0.1}},
    {
        "cosine_decay": {
            "initial_learning_rate": 0.1,
            "warmup_target": 0.3,
            "warmup_steps": 1,
            "unit": "epoch",
        }
    },
    {"cosine_decay_restarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0}},
    {
        "piecewise_constant_decay": {
            "boundaries": (1, 2),
            "values": (0.3, 0.2, 0.1),
            "unit": "epoch",
        }
    },
    {"warm_up": {"steps": 5, "learning_rate": 0.1}},
    {
        "warm_up": {
            "steps": 1,
            "unit": "epoch",
            "learning_rate": {"cosine_decay": {"initial_learning_rate": 0.1}},
        }
    },
]

Planner = Callable[..., Plan]


class Stop(Exception):
    """The training is interrupted."""


@pytest.fixture
def plan(tmp_path: Path) -> Planner:
    return partial(plan_of, tmp_path)


@pytest.fixture
def two_steps_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specc.backends.keras.training.feeding.CALL_STEPS", 2)


def engine_of(plan: Plan) -> Engine:
    return load_training_backend("keras").engine(plan)


def ignore(step: int, read: Callable[[], Logs]) -> None:
    """An `after_step` that does nothing."""


def same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


# --- losses and metrics -------------------------------------------------------------------------


def test_loss_and_metrics_of_classes(plan: Planner) -> None:
    """Against scikit-learn, on logits and with a small last batch."""
    from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

    metrics = ("accuracy", {"top_k_accuracy": 2}, "precision", "recall", "f1_score", "auc")
    planned = plan(DENSE, CLASSES | {"metrics": metrics})
    engine, batches = engine_of(planned), batches_of(planned, 5, last=3)
    logs = engine.evaluate(batches)
    logits = np.concatenate([each["dense_1"] for each in engine.predict(batches)])
    labels = np.concatenate([each.targets["dense_1"] for each in batches])
    likely = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    chosen = likely.argmax(-1)
    penalty = 0.01 * np.square(planned.weights["dense.weight"]).sum()
    expected = {
        "loss": -np.log(likely[np.arange(len(labels)), labels]).mean() + penalty,
        "accuracy": accuracy_score(labels, chosen),
        "top_k_accuracy": (likely.argsort()[:, -2:] == labels[:, None]).any(-1).mean(),
        "precision": precision_score(labels, chosen, average="macro", zero_division=0),
        "recall": recall_score(labels, chosen, average="macro", zero_division=0),
        "f1_score": f1_score(labels, chosen, average="macro", zero_division=0),
    }
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert tuple(logs) == log_names(planned.objectives)


def test_losses_of_several_outputs_are_means_over_examples(plan: Planner) -> None:
    """A small last batch counts as much as its examples."""
    outputs = {
        "kind": {"loss": CLASSES["loss"], "metrics": ("accuracy",)},
        "age": {"loss": "mae", "loss_weight": 0.1, "metrics": ("mae", "rmse", "r2_score")},
    }
    planned = plan(TWO, {"outputs": outputs, "batch_size": 8})
    engine = engine_of(planned)
    logs = engine.evaluate(batches_of(planned, 3, last=1))
    assert tuple(logs) == log_names(planned.objectives)
    assert logs["age_loss"] == pytest.approx(logs["age_mae"], rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["kind_loss"] + 0.1 * logs["age_loss"], rel=1e-5)


def test_an_output_without_an_objective_is_predicted(plan: Planner) -> None:
    planned = plan(TWO, {"outputs": {"age": {"loss": "mse"}}, "batch_size": 8})
    engine, batches = engine_of(planned), batches_of(planned, 2, last=3)
    before = engine.weights()
    assert tuple(engine.train(iter(batches), ignore)) == ("loss",)
    shapes = [{name: each.shape for name, each in made.items()} for made in engine.predict(batches)]
    assert shapes == [{"kind": (8, 3), "age": (8, 1)}, {"kind": (3, 3), "age": (3, 1)}]
    after = engine.weights()
    moved = {key for key in before if not np.array_equal(before[key], after[key])}
    assert moved == {"age.weight", "age.bias"}


def test_weights_of_examples_are_in_the_loss_and_not_in_the_metrics(plan: Planner) -> None:
    weighted = plan(DENSE, CLASSES | {"metrics": ("accuracy",), "class_weight": (1.0, 2.0, 3.0)})
    batches = batches_of(weighted, 1)
    assert batches[0].weights is not None
    doubled = [batch._replace(weights=np.full(8, 2.0, np.float32)) for batch in batches]
    plain = [batch._replace(weights=None) for batch in batches]
    engine = engine_of(weighted)
    once, twice = engine.evaluate(plain), engine.evaluate(doubled)
    penalty = 0.01 * np.square(weighted.weights["dense.weight"]).sum()
    assert twice["loss"] - penalty == pytest.approx(2 * (once["loss"] - penalty), rel=1e-5)
    assert twice["accuracy"] == once["accuracy"]
    given = engine.evaluate(batches)["loss"]
    assert given != once["loss"]
    engine.train(iter(batches), ignore)


# --- steps --------------------------------------------------------------------------------------


def test_stacks_make_the_same_steps(plan: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of steps a call makes, and with a last batch that is smaller."""
    found: dict[int, tuple[list[int], Logs, dict[str, Array]]] = {}
    planned = plan(RANDOM, CLASSES | {"optimizer": "adam"})
    for stack in (1, 3):
        monkeypatch.setattr("specc.backends.keras.training.feeding.CALL_STEPS", stack)
        engine, steps = engine_of(planned), list[int]()
        batches = batches_of(planned, 7, last=3)
        for _ in range(2):
            logs = engine.train(iter(batches), lambda step, read, steps=steps: steps.append(step))
        found[stack] = (steps, logs, engine.weights())
        assert engine.state()["optimizer.0"] == 14
    assert found[1][0] == [1, 2, 3, 4, 5, 6, 7] * 2
    assert found[3][0] == [3, 6, 7] * 2
    assert found[1][1] == found[3][1]
    assert same(found[1][2], found[3][2])


@pytest.mark.usefixtures("two_steps_a_call")
def test_after_step_reads_the_logs_so_far(plan: Planner) -> None:
    planned = plan(DENSE, CLASSES | {"metrics": ("accuracy",)})
    read_at: dict[int, Logs] = {}
    engine = engine_of(planned)
    logs = engine.train(
        iter(batches_of(planned, 5)), lambda step, read: read_at.update({step: read()})
    )
    assert list(read_at) == [2, 4, 5]
    assert read_at[5] == logs
    assert read_at[2]["loss"] != read_at[4]["loss"]


@pytest.mark.usefixtures("two_steps_a_call")
def test_interrupted_and_resumed_is_bit_for_bit_the_same(plan: Planner) -> None:
    """With dropout, augmentation, batch normalization and momentum, in the second epoch."""
    planned = plan(RANDOM, CLASSES | {"optimizer": "adam", "metrics": ("accuracy", "auc")})
    batches = batches_of(planned, 7, last=3)
    whole = engine_of(planned)
    expected = [whole.train(iter(batches), ignore) for _ in range(3)]

    first = engine_of(planned)
    assert first.train(iter(batches), ignore) == expected[0]
    with pytest.raises(Stop):
        first.train(iter(batches), stop_at(4))
    weights, state = first.weights(), first.state()
    del first

    second = engine_of(planned)
    second.evaluate(batches)
    second.restore(weights, state)
    assert second.train(iter(batches[4:]), ignore, done=4) == expected[1]
    assert second.train(iter(batches), ignore) == expected[2]
    assert same(second.weights(), whole.weights())
    assert same(second.state(), whole.state())


def stop_at(wanted: int) -> Callable[[int, Callable[[], Logs]], None]:
    def after_step(step: int, _: Callable[[], Logs]) -> None:
        if step == wanted:
            raise Stop

    return after_step


def test_batches_that_fail_end_the_epoch_after_whole_steps(plan: Planner) -> None:
    planned = plan(DENSE, CLASSES | {"optimizer": "adam"})
    fault = SpecError.of("invalid-input", "3.png is no picture")

    def broken() -> Iterator[Batch]:
        yield from batches_of(planned, 3)
        raise fault

    engine = engine_of(planned)
    steps: list[int] = []
    with pytest.raises(SpecError) as caught:
        engine.train(broken(), lambda step, read: steps.append(step))
    assert caught.value is fault
    assert steps[-1] == engine.state()["optimizer.0"] == 3
    with pytest.raises(SpecError) as caught:
        engine.evaluate(broken())
    assert caught.value is fault


def test_validation_leaves_the_metrics_of_the_epoch(plan: Planner) -> None:
    """A run that is interrupted in its validation is resumed with them."""
    engine = engine_of(plan(DENSE, CLASSES))
    batches = batches_of(engine._plan, 4)
    logs = engine.train(iter(batches), ignore)
    before = engine.state()
    assert engine.evaluate(batches) != logs
    assert same(engine.state(), before)
    assert engine.train(iter([]), ignore, done=4) == logs


def test_an_epoch_of_nothing_changes_nothing(plan: Planner) -> None:
    engine = engine_of(plan(DENSE, CLASSES))
    before = engine.weights()
    engine.train(iter([]), ignore)
    assert same(engine.weights(), before)


# --- learning rates and optimizers --------------------------------------------------------------


@pytest.mark.parametrize("written", SCHEDULES, ids=lambda written: next(iter(written)))
def test_schedules_mean_what_is_declared(plan: Planner, written: dict[str, Any]) -> None:
    from keras import ops

    from specc.backends.keras.training.schedules import rate

    sgd = {"sgd": {"learning_rate": written}}
    declared = plan(DENSE, CLASSES | {"optimizer": sgd}).train.optimizer.learning_rate
    assert isinstance(declared, Schedule)
    made = rate(declared, steps_per_epoch=4, steps=12)
    assert callable(made)
    received = [float(ops.convert_to_numpy(made(ops.convert_to_tensor(n)))) for n in range(16)]
    assert received == pytest.approx([declared.at(n, 4, 12) for n in range(16)], rel=1e-5, abs=1e-8)


def test_the_rate_of_a_schedule_is_that_of_the_next_step(plan: Planner) -> None:
    warm_up = {"warm_up": {"steps": 1, "unit": "epoch", "learning_rate": 0.5}}
    planned = plan(DENSE, CLASSES | {"optimizer": {"sgd": {"learning_rate": warm_up}}})
    engine = engine_of(planned)
    assert engine.learning_rate == 0
    engine.train(iter(batches_of(planned, 7)), ignore)
    assert engine.learning_rate == 0.5


def test_a_reduced_rate_is_part_of_the_state(plan: Planner) -> None:
    planned = plan(DENSE, CLASSES | {"optimizer": "adam"})
    one, other = engine_of(planned), engine_of(planned)
    assert one.learning_rate == 0.001
    one.reduce_learning_rate(0.0002)
    other.restore(one.weights(), one.state())
    assert other.learning_rate == 0.0002


@pytest.mark.parametrize("declared", OPTIMIZERS)
def test_optimizers_have_all_their_arguments(plan: Planner, declared: Any) -> None:
    from specc.backends.keras.training.optimizers import optimizer

    arguments = {
        name: 0.125
        for name, field in declared.model_fields.items()
        if field.annotation is float and name not in ("learning_rate_power", "beta_2_decay")
    }
    planned = plan(DENSE, CLASSES | {"optimizer": {declared.name: arguments}})
    config = optimizer(planned).get_config()
    expected = planned.train.optimizer.model_dump()
    assert {name: config[name] for name in expected} == pytest.approx(expected)


# --- precision, compilation, devices ------------------------------------------------------------


def test_mixed_precision_is_inside(plan: Planner) -> None:
    import keras

    planned = plan(DENSE, CLASSES | {"precision": "bfloat16"})
    full, mixed = engine_of(plan(DENSE, CLASSES)), engine_of(planned)
    assert (full.precision, mixed.precision) == ("float32", "bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    batches = batches_of(planned, 2)
    expected, received = (next(iter(each.predict(batches)))["dense_1"] for each in (full, mixed))
    assert received.dtype == np.float32
    assert not np.array_equal(received, expected)
    assert received == pytest.approx(expected, abs=0.02)
    mixed.train(iter(batches), ignore)
    assert {array.dtype for array in mixed.weights().values()} == {np.dtype("float32")}


def test_a_compiled_step_is_the_same_step(plan: Planner) -> None:
    plans = [plan(DENSE, CLASSES | {"compile": choice}) for choice in (False, True)]
    batches = batches_of(plans[0], 3, last=5)
    plain, compiled = (engine_of(each).train(iter(batches), ignore) for each in plans)
    assert compiled == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize(
    ("train", "options"),
    [
        ({}, {"accelerator": "gpu"}),
        ({}, {"devices": 64}),
        ({}, {"strategy": "fsdp"}),
        ({"precision": "float16"}, {"accelerator": "cpu"}),
    ],
)
def test_what_the_machine_lacks_is_said(
    plan: Planner, train: dict[str, str], options: dict[str, Any]
) -> None:
    with pytest.raises(SpecError) as caught:
        engine_of(plan(DENSE, CLASSES | train, **options))
    assert [each.code for each in caught.value.report.diagnostics] == ["device-unavailable"]


@pytest.mark.parametrize(("backend", "devices"), [("tensorflow", 2), ("torch", 1)])
def test_several_devices_and_other_frameworks_make_the_same_steps(
    tmp_path: Path, backend: str, devices: int
) -> None:
    """Keras on PyTorch can be interrupted just as well."""
    import keras_training_alone as script

    found = alone(tmp_path, backend, devices)
    assert found["backend"] == backend
    one = script.losses(plan_of(tmp_path, script.NETWORK, script.TRAIN))
    assert found["losses"] == pytest.approx(one, rel=1e-5)
    assert found.get("apart", 0.0) == 0.0


def alone(folder: Path, backend: str, devices: int) -> dict[str, Any]:
    script = Path(__file__).with_name("keras_training_alone.py")
    done = subprocess.run(
        [sys.executable, script, folder, str(devices)],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["auto", "float32", "float16"])
def test_a_step_on_a_gpu(plan: Planner, precision: str) -> None:
    """Compiled, which is the default there; auto is bfloat16 where the GPU has it."""
    planned = plan(RANDOM, CLASSES | {"precision": precision, "optimizer": "adam"})
    engine = engine_of(planned)
    assert engine.device != "cpu"
    assert engine.precision in {"auto": ("bfloat16", "float32")}.get(precision, (precision,))
    batches = batches_of(planned, 4, last=5)
    logs = engine.train(iter(batches), ignore)
    assert np.isfinite(logs["loss"])
    assert {array.dtype for array in engine.weights().values()} == {np.dtype("float32")}
    other = engine_of(planned)
    other.restore(engine.weights(), engine.state())
    assert other.evaluate(batches) == pytest.approx(engine.evaluate(batches), rel=1e-3)
