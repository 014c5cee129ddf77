"""Every metric of the PyTorch engine against scikit-learn, and areas against Keras's thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from specc.backends.pytorch.training.metrics import Tally
from specc.tensor import TensorType
from specc.training.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from specc.training.metrics import METRICS, Metric
from specc.training.objectives import Objective

Array = np.ndarray[Any, Any]

EXAMPLES = 60
CPU = torch.device("cpu")


def objective(loss: Loss, columns: int, *metrics: Metric) -> Objective:
    classes = columns if loss.task == "multiclass" else 2 if loss.task == "binary" else None
    type = TensorType(shape=(EXAMPLES, columns), dtype="float32")
    return Objective("y", type, loss, 1.0, metrics, loss.task, loss.labels, classes)


def every(task: str) -> list[Metric]:
    return [metric() for metric in METRICS if task in metric.tasks]


def logs(given: Objective, predictions: Array, targets: Array) -> dict[str, float]:
    """After three batches of different sizes."""
    tally = Tally({"y": given}, CPU)
    for part in (slice(0, 20), slice(20, 53), slice(53, None)):
        y, t = torch.from_numpy(predictions[part]), torch.from_numpy(targets[part])
        tally.add([torch.tensor(0.5)], {"y": y}, {"y": t}, len(y))
    found = tally.logs()
    assert found.pop("loss") == 0.5
    return found


def softmax(x: Array) -> Array:
    powers = np.exp(x)
    return powers / powers.sum(-1, keepdims=True)


def of_values(y: Array, t: Array) -> dict[str, float]:
    lengths = np.linalg.norm(y, axis=-1) * np.linalg.norm(t, axis=-1)
    # A target of zeros has no direction: 0.
    cosines = (y * t).sum(-1) / np.maximum(lengths, 1e-7)
    return {
        "mse": sk.mean_squared_error(t, y),
        "mae": sk.mean_absolute_error(t, y),
        "rmse": np.sqrt(sk.mean_squared_error(t, y)),
        "r2_score": sk.r2_score(t[:, t.std(0) > 0], y[:, t.std(0) > 0]),
        "cosine_similarity": cosines.mean(),
    }


def area(p: Array, t: Array, curve: str, **options: Any) -> float:
    import keras

    metric = keras.metrics.AUC(curve=curve, **options)
    metric.update_state(t, p)
    return float(metric.result())


@pytest.mark.parametrize("form", ["int", "one_hot", "logits"])
def test_of_classes(form: str) -> None:
    """Of seven classes the last has no example and is never predicted."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(EXAMPLES, 7)).astype(np.float32)
    x[:, 6] = -9
    labels = generator.integers(0, 6, EXAMPLES).astype(np.int32)
    x[np.arange(EXAMPLES), labels] += 1
    hot = np.eye(7, dtype=np.float32)[labels]
    p = softmax(x)
    loss: Loss = {
        "int": SparseCategoricalCrossentropy(),
        "one_hot": CategoricalCrossentropy(),
        "logits": SparseCategoricalCrossentropy(from_logits=True),
    }[form]
    given = objective(loss, 7, *every("multiclass"))
    found = logs(given, x if form == "logits" else p, hot if form == "one_hot" else labels)
    chosen, known = p.argmax(-1), {"labels": range(7), "average": "macro", "zero_division": 0}
    expected = {
        "accuracy": sk.accuracy_score(labels, chosen),
        "top_k_accuracy": sk.top_k_accuracy_score(labels, p, k=5, labels=range(7)),
        "precision": sk.precision_score(labels, chosen, **known),
        "recall": sk.recall_score(labels, chosen, **known),
        "f1_score": sk.f1_score(labels, chosen, **known),
        "auc": np.mean([area(p[:, k], hot[:, k], "ROC") for k in range(7)]),
        **of_values(p, hot),
    }
    expected["r2_score"] *= 6 / 7  # a target that never varies counts 0
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("columns", [1, 3])
def test_of_yes_and_no(columns: int, from_logits: bool) -> None:
    generator = np.random.default_rng(1)
    t = generator.integers(0, 2, (EXAMPLES, columns)).astype(np.float32)
    x = (generator.normal(size=t.shape) + t - 0.5).astype(np.float32)
    p = 1 / (1 + np.exp(-x))
    given = objective(BinaryCrossentropy(from_logits=from_logits), columns, *every("binary"))
    found = logs(given, x if from_logits else p, t)
    flat, chosen = t.ravel(), p.ravel() > 0.5
    expected = {
        "accuracy": sk.accuracy_score(flat, chosen),
        "precision": sk.precision_score(flat, chosen),
        "recall": sk.recall_score(flat, chosen),
        "f1_score": sk.f1_score(flat, chosen),
        "auc": area(p.ravel(), flat, "ROC"),
        **of_values(p, t),
    }
    assert found == pytest.approx(expected, rel=1e-5)
    assert found["auc"] == pytest.approx(sk.roc_auc_score(flat, p.ravel()), abs=0.01)


@pytest.mark.parametrize("rarely", [0.5, 0.05, 0.0])
@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_areas_are_those_of_keras(curve: str, rarely: float) -> None:
    """Even where examples of a class are few or missing, and at the ends of the scale."""
    from specc.training.metrics import AUC

    generator = np.random.default_rng(2)
    t = (generator.random((EXAMPLES, 1)) < rarely).astype(np.float32)
    p = np.clip(generator.normal(0.4 + 0.2 * t, 0.4), 0, 1).astype(np.float32)
    found = logs(objective(BinaryCrossentropy(), 1, AUC(curve=curve)), p, t)
    assert found["auc"] == pytest.approx(area(p, t, curve), abs=1e-5)


def test_of_values() -> None:
    generator = np.random.default_rng(3)
    t = generator.normal(1000, 2, (EXAMPLES, 4)).astype(np.float32)
    y = (t + generator.normal(0, 1, t.shape)).astype(np.float32)
    found = logs(objective(MeanSquaredError(), 4, *every("regression")), y, t)
    assert found == pytest.approx(of_values(y, t), rel=1e-4)


def test_predictions_may_lie_in_any_order_in_memory() -> None:
    """As those of one picture do, that a convolution gives channels first."""
    y, t = np.random.default_rng(4).normal(size=(2, EXAMPLES, 4)).astype(np.float32)
    given = objective(MeanSquaredError(), 4, *every("regression"))
    assert logs(given, np.asfortranarray(y), t) == logs(given, y, t)


def test_a_loss_that_is_no_number_stays_one() -> None:
    tally = Tally({"y": objective(MeanSquaredError(), 1)}, CPU)
    values = torch.zeros(2, 1)
    for loss in (1.0, np.nan):
        tally.add([torch.tensor(loss)], {"y": values}, {"y": values}, 2)
    assert np.isnan(tally.logs()["loss"])
