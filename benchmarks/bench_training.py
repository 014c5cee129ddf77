"""Samples a second through `specc train`'s engine and loader, against the tutorials' own training.

Theirs are the loops and calls that the networks come from: a `DataLoader` and a plain PyTorch loop
for DenseNet-121, `model.compile` and `model.fit` on arrays in memory for the Keras networks. Ours
reads the same pictures as bytes and scales them on the way, as `specc train` does. Same batch, same
optimizer, same device. Name networks to time only those: `bench_training.py signs monkeypox`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from timing import interleaved

import specc
from specc.backend import load_training_backend
from specc.data.loading import Loader
from specc.data.opening import open_data, with_path
from specc.data.rescaling import rescales
from specc.training.engine import Plan
from specc.training.objectives import objectives


@dataclass(frozen=True, slots=True)
class Case:
    """A network, and how many batches of it are timed at once."""

    spec: str
    backend: str
    batches: int
    runs: int = 9


CASES = (
    Case("densenet@four_classes", "pytorch", 3),
    Case("densenet_keras", "keras", 3),
    Case("happy_house", "keras", 30),
    Case("signs", "keras", 60),
    Case("cifar100_cnn", "keras", 12),
    Case("monkeypox", "keras", 2),
    Case("flowers", "keras", 4),
    Case("fashion_mlp", "keras", 300),
)


def main(wanted: list[str]) -> None:
    """Print a ratio for each network."""
    for case in CASES:
        if not wanted or case.spec.partition("@")[0] in wanted:
            measure(case)


def measure(case: Case) -> None:
    """Print the ratio of one network."""
    network = specc.load(case.spec)
    images, labels = examples(network, case)
    theirs = by_hand(network, case, images, labels)
    with TemporaryDirectory() as folder:
        path = Path(folder, "data.npz")
        np.savez(path, x_train=images, y_train=labels)
        ours = through_specc(network, case, path)
        our_time, their_time = interleaved(ours, theirs, runs=case.runs, warm_up=2)
    count = len(images)
    print(
        f"samples a second, specc / by hand, {case.spec} on {case.backend}: "
        f"{their_time / our_time:.2f} ({count / our_time:,.0f} / {count / their_time:,.0f}), "
        "target >= 1.0",
        flush=True,
    )


def examples(network: specc.Network, case: Case) -> tuple[Any, Any]:
    """Random pictures as bytes, channels last, and labels."""
    generator = np.random.default_rng(0)
    (image,) = network.inputs.values()
    (output,) = network.outputs.values()
    count = case.batches * network.train.batch_size
    classes = max(output.shape[-1], 2)
    pictures = generator.integers(0, 256, (count, *image.shape[1:]), np.uint8)
    return pictures, generator.integers(0, classes, count)


def through_specc(network: specc.Network, case: Case, path: Path) -> Callable[[], object]:
    """An epoch, as `specc train` makes it."""
    found = objectives(network.graph, network.train)
    data = with_path(None, str(path))
    dataset = open_data(data, network.inputs, found, rescales=rescales(network.graph))
    loader = Loader(dataset.train, network.train.batch_size, shuffle=True)
    plan = Plan(network.graph, network.train, found, network.initial_weights(), loader.steps)
    engine = load_training_backend(case.backend).engine(plan)
    return lambda: engine.train(loader.epoch(0), lambda _step, _read: None)


def by_hand(network: specc.Network, case: Case, images: Any, labels: Any) -> Callable[[], object]:
    """An epoch, as the network's tutorial makes it."""
    pixels = images.astype(np.float32)
    if not rescales(network.graph):
        pixels /= 255
    made = loop_in_pytorch if case.backend == "pytorch" else fit_in_keras
    return made(network, pixels, labels)


def loop_in_pytorch(network: specc.Network, pixels: Any, labels: Any) -> Callable[[], object]:
    """DenseNet-121 as its tutorial trains it."""
    import torch
    from bench_train_step import DenseNet
    from torch.utils.data import DataLoader, TensorDataset

    model = DenseNet(classes=4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    criterion = torch.nn.CrossEntropyLoss()
    channels_first = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    dataset = TensorDataset(channels_first, torch.from_numpy(labels))
    batches = DataLoader(dataset, network.train.batch_size, shuffle=True)

    def epoch() -> float:
        model.train()
        running, right = 0.0, 0
        for inputs, targets in batches:
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(inputs)
            right += int((outputs.argmax(1) == targets).sum())
        return running

    return epoch


def fit_in_keras(network: specc.Network, pixels: Any, labels: Any) -> Callable[[], object]:
    """The same layers, compiled and fitted as the Keras tutorials do it."""
    import keras

    train, (output,) = network.train, network.outputs.values()
    name, arguments = train.loss.keras_config()
    targets = labels
    if train.loss.labels == "one_hot":
        targets = keras.utils.to_categorical(labels, output.shape[-1])
    if train.loss.labels == "binary":
        targets = labels.astype(np.float32)[:, None]
    model = network.to_keras()
    optimizer, rate = train.optimizer.keras_config()
    model.compile(
        optimizer=getattr(keras.optimizers, optimizer)(**rate),
        loss=getattr(keras.losses, name)(**arguments),
        metrics=[metric.name for metric in train.metrics],
    )
    size = train.batch_size
    return lambda: model.fit(pixels, targets, batch_size=size, epochs=1, verbose=0)


if __name__ == "__main__":
    main(sys.argv[1:])
