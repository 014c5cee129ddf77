"""Decoding JPEGs: specc's loader against torch's and Keras's, as their tutorials write them.

The pictures are smooth with some noise, as large in bytes as photographs are: first of the size
that is wanted, then larger (Keras then picks pixels, the others average over them, which is better
and slower: no target there). All three shuffle and give float32 batches from 0 to 1. The process is
held to one core, so that the figures are images a second per core; an argument gives another number
of cores, and specc that many threads, torch that many worker processes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timing import interleaved
from torch.utils.data import DataLoader, Dataset

from specc.data.dataset import Split
from specc.data.document import Data, ImageFolder
from specc.data.loading import Loader
from specc.data.opening import open_data
from specc.tensor import parse_tensor_type
from specc.training.losses import SparseCategoricalCrossentropy
from specc.training.objectives import Objective

PICTURES, BATCH, SIZE = 512, 32, 224


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """A folder of pictures, as tutorials on PyTorch write it."""

    def __init__(self, folder: Path) -> None:
        self.classes = sorted(each.name for each in folder.iterdir())
        self.samples = [
            (file, label)
            for label, name in enumerate(self.classes)
            for file in sorted((folder / name).iterdir())
        ]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.samples[index]
        image = Image.open(path).convert("RGB")
        if image.size != (SIZE, SIZE):
            image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image))
        return pixels.permute(2, 0, 1).contiguous().float() / 255, label


def write_pictures(folder: Path, width: int, height: int) -> None:
    """Smooth pictures of two classes, with noise that keeps JPEG busy."""
    generator = np.random.default_rng(0)
    for number in range(PICTURES):
        coarse = generator.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        noisy = np.asarray(smooth, np.int16) + generator.integers(-12, 13, (height, width, 3))
        path = folder / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=85)


def opened(folder: Path) -> Split:
    """The folder as `specc train` opens it."""
    loss = SparseCategoricalCrossentropy()
    output = parse_tensor_type("float32[N, 2]")
    objective = Objective("logits", output, loss, 1.0, (), loss.task, loss.labels, 2)
    inputs = {"image": parse_tensor_type(f"float32[N, {SIZE}, {SIZE}, 3]")}
    data = Data(source=ImageFolder(path=str(folder)))
    split = open_data(data, inputs, {"logits": objective}, rescales=False).train
    assert split is not None
    return split


def exhaust(batches: Iterable[object]) -> None:
    """Take every batch."""
    for _ in batches:
        pass


def torch_batches(folder: Path, cores: int) -> Iterable[object]:
    """Torch's loader; with one core the pictures are decoded in this process."""
    workers = cores if cores > 1 else 0
    return DataLoader(
        Pictures(folder), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def keras_batches(folder: Path) -> Iterable[object]:
    """Keras's loader, prefetching."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    batches = keras.utils.image_dataset_from_directory(
        str(folder), batch_size=BATCH, image_size=(SIZE, SIZE), verbose=False
    )
    return batches.map(lambda x, y: (x / 255, y)).prefetch(tf.data.AUTOTUNE)


def compare(folder: Path, what: str, cores: int, target: str) -> None:
    """Print how many pictures the loaders give a second, and the ratio to each of the others."""
    loader = Loader(opened(folder), BATCH, shuffle=True, workers=cores)
    others = {"torch.utils.data": torch_batches(folder, cores), "Keras": keras_batches(folder)}
    for name, theirs in others.items():
        times = interleaved(
            lambda: exhaust(loader.epoch(0)),
            lambda theirs=theirs: exhaust(theirs),
            runs=9,
            warm_up=2,
        )
        our_rate, their_rate = (PICTURES / time / cores for time in times)
        rates = f"{our_rate:.0f} / {their_rate:.0f} images a second per core"
        print(f"{what}, specc / {name}: {our_rate / their_rate:.3f} ({rates}), {target}")


def main() -> None:
    """Print the ratios, for pictures of the right size and for larger ones."""
    cores = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    torch.set_num_threads(cores)
    for width, height, target in ((SIZE, SIZE, "target >= 1"), (500, 375, "no target")):
        with tempfile.TemporaryDirectory() as folder:
            write_pictures(Path(folder), width, height)
            compare(Path(folder), f"JPEG {width}x{height}", cores, target)


if __name__ == "__main__":
    main()
