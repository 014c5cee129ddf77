"""A folder of PNGs, a class a subfolder, of the idx files of MNIST and its kin.

    python examples/idx_to_pictures.py IDX_FOLDER PICTURES [EXAMPLES_OF_EACH_SPLIT]
    specc train mnist_cnn --data PICTURES

The folder gets `train` and `test`, each with a subfolder for every label.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SPLITS = {"train": "train", "t10k": "test"}


def main(source: Path, target: Path, limit: int | None) -> None:
    """Write the pictures of both splits, the first `limit` of each."""
    for prefix, split in SPLITS.items():
        images = read_idx(source, f"{prefix}-images-idx3-ubyte")[:limit]
        labels = read_idx(source, f"{prefix}-labels-idx1-ubyte")[:limit]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            folder = target / split / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:05}.png")
        print(f"{target / split}: {len(images):,} pictures")


def read_idx(folder: Path, name: str) -> np.ndarray:
    """The array in an idx file, plain or compressed: uint8, of the rank that its header says."""
    path = folder / name
    packed = folder / f"{name}.gz"
    data = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
