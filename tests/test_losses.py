"""Every loss has Keras's value and gradient in PyTorch, with its defaults and each of its options.

The cases follow from the declarations. Targets are those the data would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from specc.backends.pytorch.training.losses import make_loss
from specc.training.losses import LOSSES, Loss

Array = np.ndarray[Any, Any]

SHAPES = [(6, 5), (3, 4, 2, 5)]
"""Of the outputs: for whole examples, and for each place of a picture."""

OPTIONS: dict[str, Any] = {
    "from_logits": True,
    "label_smoothing": 0.2,
    "apply_class_balancing": True,
    "alpha": 0.6,
    "gamma": 1.5,
    "ignore_class": 2,
    "delta": 0.3,
}


def cases() -> Iterator[Any]:
    for member in LOSSES:
        fields = [name for name in member.model_fields if name in OPTIONS]
        assert len(fields) == len(member.model_fields), f"{member.name}: an option has no value"
        chosen = [{}, *({name: OPTIONS[name]} for name in fields)]
        chosen += [{name: OPTIONS[name] for name in fields}] if len(fields) > 1 else []
        for options in chosen:
            name = "-".join([member.name, *options])
            yield pytest.param(member.model_validate(options), id=name)


def predictions(loss: Loss, shape: tuple[int, ...]) -> Array:
    """What a network would give for it, with some of it beyond what Keras clips."""
    values = np.random.default_rng(0).normal(0, 2, shape).astype(np.float32)
    values.flat[0], values.flat[-1] = -30, 30
    if loss.from_logits or loss.gives == "scores":
        return values
    if loss.gives == "values":
        return np.abs(values) + 0.1
    if loss.labels == "binary":
        return 1 / (1 + np.exp(-values))
    powers = np.exp(values)
    return powers / powers.sum(-1, keepdims=True) * 0.9  # sums to 0.9: it is normalized again


def targets(loss: Loss, shape: tuple[int, ...]) -> Array:
    generator = np.random.default_rng(1)
    match loss.labels:
        case "int":
            return generator.integers(0, shape[-1], shape[:-1]).astype(np.int32)
        case "one_hot":
            return np.eye(shape[-1], dtype=np.float32)[generator.integers(0, 5, shape[:-1])]
        case "binary":
            return generator.integers(0, 2, shape).astype(np.float32)
        case "values":
            return np.abs(generator.normal(0, 2, shape)).astype(np.float32)


def in_pytorch(loss: Loss, y: Array, t: Array, weights: Array | None) -> tuple[float, Array]:
    leaf = torch.from_numpy(y).requires_grad_()
    given = None if weights is None else torch.from_numpy(weights)
    value = make_loss(loss)(leaf, torch.from_numpy(t), given)
    value.backward()
    assert leaf.grad is not None
    return value.item(), leaf.grad.numpy()


def in_keras(loss: Loss, y: Array, t: Array, weights: Array | None) -> tuple[float, Array]:
    import keras
    import tensorflow as tf

    name, options = loss.keras_config()
    function = getattr(keras.losses, name)(**options)
    if weights is not None:  # of examples; Keras wants one for each value
        weights = np.broadcast_to(weights.reshape(-1, *[1] * (y.ndim - 2)), y.shape[:-1])
    leaf = tf.Variable(y)
    with tf.GradientTape() as tape:
        value = function(t, leaf, sample_weight=weights)
    return float(value), tape.gradient(value, leaf).numpy()


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("loss", list(cases()))
def test_value_and_gradient_are_those_of_keras(
    loss: Loss, shape: tuple[int, ...], weighted: bool
) -> None:
    y, t = predictions(loss, shape), targets(loss, shape)
    weights = np.linspace(0.5, 2, shape[0], dtype=np.float32) if weighted else None
    ours, theirs = (run(loss, y, t, weights) for run in (in_pytorch, in_keras))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    assert np.abs(theirs[1]).max() > 0
    scale = np.abs(theirs[1]).max()
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5, atol=1e-6 * scale)
