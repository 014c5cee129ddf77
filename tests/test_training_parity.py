"""Training goes the same way in PyTorch and in Keras, and what was trained in one runs in all.

The training loops are an ordinary user's: plain PyTorch, and `train_on_batch` of a compiled model.
After ten steps losses were measured to differ by 4e-6 and weights by 8e-7.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import TOLERANCE, Array, Case, assert_agree, unbiased
from sklearn.datasets import load_digits

import specc
import specc.zoo
from specc import Network

STEPS = 10
BATCH = 32
RATE = 0.05

PLAIN = """\
specc: 1
name: plain
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Rescaling: "${1 / 16}"
  - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
  - MaxPooling2D
  - Flatten
  - Dense: {units: 16, activation: tanh}
  - Dense: 10
"""

REGULARIZED = """\
specc: 1
name: regularized
inputs: {image: "float32[N, 8, 8, 1]"}
blocks:
  unit:
    params: {filters: int}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 3, kernel_regularizer: {l2: 0.01}}
      - BatchNormalization: {gamma_regularizer: {l1: 0.001}, momentum: 0.5}
      - ReLU
layers:
  - Rescaling: "${1 / 16}"
  - unit: {filters: 4}
  - unit: {filters: 6}
  - Flatten
  - Dense: {units: 10, kernel_regularizer: {l1_l2: {l1: 0.001, l2: 0.002}}, bias_regularizer: l2}
  - Dense: 10
    name: head
  - reuse: head
"""


def digits_cnn() -> str:
    """The network of the demonstration, without the one layer that is random in training."""
    text = specc.zoo.path("digits_cnn").read_text("utf-8")
    assert text.count("  - Dropout: 0.25\n") == 1
    return text.replace("  - Dropout: 0.25\n", "").split("\nexpect:")[0]


SPECS = {"plain": PLAIN, "digits_cnn": digits_cnn(), "regularized": REGULARIZED}
every_network = pytest.mark.parametrize("name", SPECS)


@pytest.fixture
def net(name: str, tmp_path: Path) -> Network:
    path = tmp_path / f"{name}.yaml"
    path.write_text(SPECS[name], "utf-8")
    return specc.load(path)


def batches() -> Iterator[tuple[Array, Array]]:
    """Real digits `[N, 8, 8, 1]` with values from 0 to 16, and their labels."""
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.float32).reshape(-1, 8, 8, 1)
    for start in range(0, STEPS * BATCH, BATCH):
        yield images[start : start + BATCH], labels[start : start + BATCH]


def train_in_pytorch(model: Any) -> list[float]:
    """The loss at each step, with the penalties on the weights."""
    import torch
    from torch.nn.functional import cross_entropy

    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    model.train()
    losses = []
    for images, labels in batches():
        optimizer.zero_grad()
        x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        loss = cross_entropy(model(x), torch.from_numpy(labels))
        if hasattr(model, "regularization_loss"):
            loss = loss + model.regularization_loss()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_in_keras(model: Any) -> list[float]:
    """The loss at each step, to which Keras adds the penalties."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss, jit_compile=False)
    losses = []
    for images, labels in batches():
        model.reset_metrics()  # which would give the mean of all losses so far
        losses.append(float(model.train_on_batch(images, labels)))
    return losses


def in_pytorch(model: Any, images: Array) -> Array:
    import torch

    model.eval()
    with torch.inference_mode():
        return model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()


def in_keras(model: Any, images: Array) -> Array:
    return np.asarray(model(images, training=False))


def in_onnxruntime(file: bytes, images: Array) -> Array:
    from onnxruntime import InferenceSession

    session = InferenceSession(file, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"image": images.transpose(0, 3, 1, 2).copy()})
    return logits


TRAIN = {"pytorch": train_in_pytorch, "keras": train_in_keras}
RUN = {"pytorch": in_pytorch, "keras": in_keras}


def held(net: Network, model: Any, path: Path) -> dict[str, Array]:
    """The weights of a model, through the file that `save_weights` writes."""
    from specc.weights import load_weights

    net.save_weights(model, path)
    return load_weights(path, net.graph.weights)


@every_network
def test_losses_and_weights_agree(net: Network, tmp_path: Path) -> None:
    pytorch, keras = net.to_pytorch(seed=3), net.to_keras(seed=3)
    losses = train_in_pytorch(pytorch), train_in_keras(keras)
    np.testing.assert_allclose(*losses, rtol=TOLERANCE, atol=TOLERANCE)
    assert losses[0][-1] < losses[0][0], "nothing was learnt"

    case = Case(net.graph, net.initial_weights(seed=3), {"N": BATCH})
    ours = held(net, pytorch, tmp_path / "pytorch.safetensors")
    theirs = unbiased(case, held(net, keras, tmp_path / "keras.safetensors"), STEPS)
    assert_agree(ours, theirs, "weights after training")


@every_network
def test_the_penalties_are_the_same(net: Network) -> None:
    pytorch, keras = net.to_pytorch(seed=4), net.to_keras(seed=4)
    theirs = float(sum(keras.losses))
    ours = pytorch.regularization_loss().item() if theirs else 0.0
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert (theirs > 0) == (net.name == "regularized")
    assert hasattr(pytorch, "regularization_loss") == (theirs > 0)


@every_network
@pytest.mark.parametrize("origin", ["pytorch", "keras"])
def test_what_was_trained_in_one_runs_in_all(net: Network, origin: str, tmp_path: Path) -> None:
    model: Any = net.to_pytorch(seed=5) if origin == "pytorch" else net.to_keras(seed=5)
    train, run = TRAIN[origin], RUN[origin]
    train(model)
    net.save_weights(model, path := tmp_path / "trained.safetensors")
    images, _ = next(batches())
    expected = run(model, images)
    received = {
        "pytorch": in_pytorch(net.to_pytorch(path), images),
        "keras": in_keras(net.to_keras(path), images),
        "onnx": in_onnxruntime(net.to_onnx(weights=path), images),
    }
    assert_agree(received, dict.fromkeys(received, expected), f"trained in {origin}")


@every_network
def test_weight_files_need_no_specc_in_pytorch(net: Network, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    images, _ = next(batches())
    train_in_pytorch(trained := net.to_pytorch(seed=6))
    save_file(trained.state_dict(), path := tmp_path / "state.safetensors")
    expected = in_pytorch(trained, images)
    received = in_keras(net.to_keras(path), images)
    assert_agree({"keras": received}, {"keras": expected}, "from a state_dict")

    net.save_weights(net.to_keras(path), back := tmp_path / "back.safetensors")
    (fresh := net.to_pytorch(seed=7)).load_state_dict(load_file(back))
    np.testing.assert_array_equal(in_pytorch(fresh, images), expected)
