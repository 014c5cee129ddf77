"""One spec, two frameworks and ONNX on real digits: run it with `make demo`.

The network of `specs/digits_cnn.yaml` is trained in PyTorch and in Keras as the spec says, on
scikit-learn's 1,797 handwritten digits, exported, and run in onnxruntime on the digits held out.
The models are a plain `nn.Module` and a plain `keras.Model`: nothing below but `net.…` knows that a
spec is behind them.

Ends with status 1 if an accuracy is below 97 %, or if onnxruntime's outputs differ from those of
the framework whose weights it has by more than 1e-4. What it makes is in `out/`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow is silent about what it lacks

import numpy as np
import onnxruntime
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import specc

SPEC = Path(__file__).resolve().parents[1] / "specs" / "digits_cnn.yaml"
OUT = Path("out")

Array = np.ndarray


def main() -> int:
    """Train in both frameworks, compare with onnxruntime; 0 if all is as promised."""
    OUT.mkdir(exist_ok=True)
    net = specc.load(SPEC)  # raises with every fault of the spec, if there is one
    print(f"{SPEC.name} has no faults\n")
    net.summary()

    train_images, test_images, train_labels, test_labels = digits()
    print(f"\n{len(train_images)} digits to train on, {len(test_images)} held out")
    np.savez(OUT / "digits.npz", x=train_images, y=train_labels)
    for backend in ("pytorch", "keras"):
        shutil.rmtree(OUT / backend, ignore_errors=True)
        net.fit(OUT / "digits.npz", backend=backend, output=OUT / backend)

    # The weights of a run do not know which framework they are from; either run exports as ONNX.
    pytorch = net.to_pytorch(OUT / "pytorch").eval()
    keras_model = net.to_keras(OUT / "keras")
    net.to_onnx(OUT / "pytorch.onnx", weights=OUT / "pytorch")
    net.to_onnx(OUT / "keras.onnx", weights=OUT / "keras")

    from_pytorch = predict_in_pytorch(pytorch, test_images)
    from_keras = keras_model.predict(test_images, verbose=0)
    from_onnx = predict_in_onnxruntime(OUT / "pytorch.onnx", test_images)
    from_keras_onnx = predict_in_onnxruntime(OUT / "keras.onnx", test_images)

    accuracies = {
        "PyTorch": accuracy(from_pytorch, test_labels),
        "Keras": accuracy(from_keras, test_labels),
        "onnxruntime": accuracy(from_onnx, test_labels),
    }
    difference = max(
        float(np.abs(from_pytorch - from_onnx).max()),
        float(np.abs(from_keras - from_keras_onnx).max()),
    )
    return verdict(accuracies, difference)


def digits() -> list[Array]:
    """Images `[N, 8, 8, 1]` with values from 0 to 16, and labels: a fifth is held out."""
    images, labels = load_digits(return_X_y=True)
    images = images.astype("float32").reshape(-1, 8, 8, 1)
    return train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0)


@torch.no_grad()
def predict_in_pytorch(model: torch.nn.Module, images: Array) -> Array:
    """Logits `[N, 10]`."""
    return model(channels_first(images)).numpy()


def predict_in_onnxruntime(path: Path, images: Array) -> Array:
    """Logits `[N, 10]`."""
    session = onnxruntime.InferenceSession(path)
    (logits,) = session.run(None, {"image": channels_first(images).numpy()})
    return logits


def channels_first(images: Array) -> torch.Tensor:
    """PyTorch and ONNX take images as `[N, C, H, W]`, Keras and the spec as `[N, H, W, C]`."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def accuracy(logits: Array, labels: Array) -> float:
    """The fraction of images whose greatest logit is the label's."""
    return float((logits.argmax(axis=1) == labels).mean())


def verdict(accuracies: dict[str, float], difference: float) -> int:
    """Print the results; 1 if one of them is not good enough."""
    print("\naccuracy on the digits held out")
    for name, value in accuracies.items():
        print(f"  {name:12} {100 * value:.1f} %")
    print(f"largest difference between a framework's outputs and onnxruntime's: {difference:.1e}")
    good = min(accuracies.values()) >= 0.97 and difference <= 1e-4
    if not good:
        print("expected at least 97 % each, and a difference of at most 1e-4")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
