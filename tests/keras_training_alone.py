"""Trains a small network with Keras in a process of its own: run by `test_training_keras`.

Keras reads its backend once, from `KERAS_BACKEND`, and TensorFlow its devices. Takes a folder and a
number of devices; writes JSON: the losses of two epochs and an evaluation and, not on TensorFlow,
the largest difference that an interruption makes to the weights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
from training_plans import batches_of, plan_of

from specc.backend import load_training_backend
from specc.training.engine import Logs, Plan

NETWORK = """
inputs: {image: "float32[N, 6, 6, 1]"}
layers:
  - Conv2D: {filters: 3, kernel_size: 3, activation: relu}
  - Flatten
  - Dense: 3
"""
TRAIN = {
    "optimizer": {"adam": {"learning_rate": 0.01}},
    "loss": {"sparse_categorical_crossentropy": {"from_logits": True}},
    "batch_size": 8,
    "metrics": ("accuracy",),
}


class Stop(Exception):
    """The training is interrupted."""


def divided(devices: int) -> None:
    """Let TensorFlow take the CPU for so many devices."""
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration()] * devices
    tf.config.set_logical_device_configuration(cpu, parts)


def losses(plan: Plan) -> list[float]:
    engine = load_training_backend("keras").engine(plan)
    batches = batches_of(plan, 7)
    logs: list[Logs] = [engine.train(iter(batches), lambda step, read: None) for _ in range(2)]
    logs.append(engine.evaluate(batches_of(plan, 3, last=2, seed=1)))
    (predicted,) = engine.predict(batches[:1])
    assert next(iter(predicted.values())).shape == (8, 3)
    return [each["loss"] for each in logs]


def apart(plan: Plan) -> float:
    """By how much the weights differ after an interruption."""
    backend = load_training_backend("keras")
    batches = batches_of(plan, 7)
    whole, first, second = (backend.engine(plan) for _ in range(3))
    whole.train(iter(batches), lambda step, read: None)

    def stop(step: int, _: object) -> None:
        if step == 3:
            raise Stop

    try:
        first.train(iter(batches), stop)
    except Stop:
        second.restore(first.weights(), first.state())
    second.train(iter(batches[3:]), lambda step, read: None, done=3)
    expected, received = whole.weights(), second.weights()
    return max(float(np.abs(expected[key] - received[key]).max()) for key in expected)


if __name__ == "__main__":
    folder, devices = Path(sys.argv[1]), int(sys.argv[2])
    if devices > 1:
        divided(devices)
    plan = plan_of(folder, NETWORK, TRAIN, devices=devices)
    result = {"losses": losses(plan), "backend": keras.backend.backend()}
    if keras.backend.backend() != "tensorflow":
        result["apart"] = apart(plan)
    json.dump(result, sys.stdout)
