"""The two engines, from the same first weights and batches: the same losses, metrics and weights.

The one difference that is meant: PyTorch's running variance is n / (n - 1) times that of a batch of
n values, Keras's that of the batch (see docs/keras-pytorch-onnx.md).
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_plans import TWO, Array, batches_of, plan_of

from specc.backend import load_training_backend
from specc.training.engine import Engine, Plan

CNN = """
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, kernel_regularizer: {l2: 0.001}}
  - ReLU
  - MaxPooling2D
  - Conv2D: {filters: 6, kernel_size: 3, strides: 2, padding: same, activation: relu}
  - Flatten
  - Dense: 5
"""
CONSTRAINED = """
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, kernel_constraint: {max_norm: {axis: [0, 1, 2]}}}
  - ReLU
  - Flatten
  - Dense: {units: 5, kernel_constraint: {unit_norm: {axis: 1}}, bias_constraint: non_neg}
"""
NORMALIZED = """
inputs: {image: "float32[N, 6, 6, 2]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, use_bias: false}
  - BatchNormalization: {momentum: 0.9}
  - ReLU
  - Flatten
  - Dense: 5
"""
PIXELS = """
inputs: {image: "float32[N, 4, 4, 1]"}
layers:
  - Conv2D: {filters: 3, kernel_size: 3, padding: same}
"""
DENSE = """
inputs: {{x: "float32[N, 6]"}}
layers:
  - Dense: {{units: {units}, activation: {activation}}}
"""
LOGITS = {"sparse_categorical_crossentropy": {"from_logits": True}}
OF_CLASSES = ("accuracy", "precision", "recall", "f1_score", "auc")
OF_VALUES = ("mse", "mae", "rmse", "r2_score", "cosine_similarity")
WARM_UP = {
    "warm_up": {
        "steps": 20,
        "learning_rate": {"cosine_decay": {"initial_learning_rate": 0.01}},
    }
}
OPTIMIZERS: list[Any] = [
    "adam",
    {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
    {"adamw": {"learning_rate": WARM_UP, "weight_decay": 0.01, "global_clipnorm": 1.0}},
]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> partial[Plan]:
    """Makes plans. Keras comes back after every step, so that each one's loss can be read."""
    monkeypatch.setattr("specc.backends.keras.training.feeding.CALL_STEPS", 1)
    return partial(plan_of, tmp_path)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def engines(plan: Plan) -> list[Engine]:
    return [load_training_backend(name).engine(plan) for name in ("pytorch", "keras")]


def step_losses(engine: Engine, plan: Plan, steps: int) -> Array:
    """The loss of each step, from the means over the steps so far that the logs give."""
    sums = [0.0]
    engine.train(
        iter(batches_of(plan, steps)),
        lambda step, read: sums.append(step * read()["loss"]),
    )
    return np.array([after - before for before, after in pairwise(sums)])


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adam", "sgd", "adamw"])
def test_losses_of_200_steps(plan: partial[Plan], optimizer: Any) -> None:
    train = {"optimizer": optimizer, "loss": LOGITS, "batch_size": 16, "epochs": 1}
    planned = plan(CNN, train, steps_per_epoch=200)
    pytorch, keras = engines(planned)
    expected, received = (step_losses(engine, planned, 200) for engine in (pytorch, keras))
    assert len(received) == 200
    np.testing.assert_allclose(received, expected, atol=1e-4, rtol=1e-4)
    weights = pytorch.weights()
    for key, array in keras.weights().items():
        np.testing.assert_allclose(array, weights[key], atol=1e-5, err_msg=key)
    assert keras.learning_rate == pytest.approx(pytorch.learning_rate, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adam", "sgd", "adamw"])
def test_weights_are_kept_to_constraints(plan: partial[Plan], optimizer: Any) -> None:
    train = {"optimizer": optimizer, "loss": LOGITS, "batch_size": 16, "epochs": 1}
    planned = plan(CONSTRAINED, train, steps_per_epoch=20)
    pytorch, keras = engines(planned)
    expected, received = (step_losses(engine, planned, 20) for engine in (pytorch, keras))
    np.testing.assert_allclose(received, expected, atol=1e-5, rtol=1e-5)
    weights = pytorch.weights()
    for key, array in keras.weights().items():
        np.testing.assert_allclose(array, weights[key], atol=1e-5, err_msg=key)
    norms = np.linalg.norm(weights["dense.weight"], axis=0)
    np.testing.assert_allclose(norms, 1, rtol=1e-5)
    assert weights["dense.bias"].min() == 0


def test_batch_normalization_differs_by_its_factor(plan: partial[Plan]) -> None:
    """And by nothing else: with PyTorch's weights, Keras evaluates as PyTorch does."""
    momentum, steps, size = 0.9, 20, 8
    planned = plan(NORMALIZED, {"optimizer": "adam", "loss": LOGITS, "batch_size": size})
    pytorch, keras = engines(planned)
    expected, received = (step_losses(engine, planned, steps) for engine in (pytorch, keras))
    np.testing.assert_allclose(received, expected, atol=1e-4)

    theirs, ours = pytorch.weights(), keras.weights()
    (variance,) = (key for key in ours if key.endswith("running_var"))
    first = momentum**steps  # what is left of the initial 1
    values = size * 4 * 4
    factor = values / (values - 1)
    np.testing.assert_allclose(
        theirs[variance] - first, factor * (ours[variance] - first), rtol=1e-4
    )
    for key in ours.keys() - {variance}:
        np.testing.assert_allclose(ours[key], theirs[key], atol=1e-4, err_msg=key)

    keras.restore(theirs, keras.state())
    batches = batches_of(planned, 3, last=5, seed=1)
    assert keras.evaluate(batches) == pytest.approx(pytorch.evaluate(batches), rel=1e-5)


@pytest.mark.parametrize(
    ("layers", "loss", "metrics"),
    [
        (CNN, LOGITS, (*OF_CLASSES, {"top_k_accuracy": 2})),
        (
            DENSE.format(units=3, activation="softmax"),
            {"categorical_crossentropy": {"label_smoothing": 0.1}},
            (*OF_CLASSES[:-1], {"auc": "PR"}, {"top_k_accuracy": 2}),
        ),
        (
            DENSE.format(units=1, activation="linear"),
            {"binary_crossentropy": {"from_logits": True}},
            OF_CLASSES,
        ),
        (
            DENSE.format(units=4, activation="sigmoid"),
            "binary_focal_crossentropy",
            (*OF_CLASSES[:-1], {"auc": "PR"}),
        ),
        (PIXELS, LOGITS, OF_CLASSES),
        (DENSE.format(units=2, activation="tanh"), "huber", OF_VALUES),
    ],
    ids=["classes", "probabilities", "binary", "labels", "pixels", "values"],
)
def test_losses_and_metrics(
    plan: partial[Plan], layers: str, loss: Any, metrics: tuple[Any, ...]
) -> None:
    """Of an epoch in training and of an evaluation, with a small last batch."""
    planned = plan(layers, {"loss": loss, "metrics": metrics, "batch_size": 8})
    assert_same_logs(planned)


def test_several_outputs(plan: partial[Plan]) -> None:
    outputs = {
        "kind": {"loss": LOGITS, "metrics": ("accuracy",)},
        "age": {"loss": "mae", "loss_weight": 0.1, "metrics": ("mse",)},
    }
    assert_same_logs(plan(TWO, {"outputs": outputs, "batch_size": 8}))


def test_class_weights(plan: partial[Plan]) -> None:
    train = {"loss": LOGITS, "metrics": ("accuracy",), "batch_size": 8}
    weighted = plan(CNN, train | {"class_weight": (1.0, 2.0, 3.0, 4.0, 5.0)})
    assert batches_of(weighted, 1)[0].weights is not None
    assert_same_logs(weighted)


def assert_same_logs(plan: Plan) -> None:
    pytorch, keras = engines(plan)
    training, other = batches_of(plan, 4, last=3), batches_of(plan, 3, last=5, seed=1)
    for logs in (
        [engine.train(iter(training), lambda step, read: None) for engine in (pytorch, keras)],
        [engine.evaluate(iter(other)) for engine in (pytorch, keras)],
    ):
        expected, received = logs
        assert list(received) == list(expected)
        assert received == pytest.approx(expected, rel=1e-4, abs=1e-5)
    outputs = [list(engine.predict(other)) for engine in (pytorch, keras)]
    for expected, received in zip(*outputs, strict=True):
        assert received.keys() == expected.keys()
        for name, array in received.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-4, atol=1e-5, err_msg=name)
