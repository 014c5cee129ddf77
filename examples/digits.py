"""One spec, two frameworks and ONNX on real digits: run it with `make demo`.

The network of `specs/digits_cnn.yaml` is built in PyTorch and in Keras, trained in each on
scikit-learn's 1,797 handwritten digits by ordinary code, saved, exported, and run in onnxruntime on
the digits held out. The models are a plain `nn.Module` and a plain `keras.Model`: nothing below but
`net.…` knows that a spec is behind them.

Ends with status 1 if an accuracy is below 97 %, or if onnxruntime's outputs differ from those of
the framework whose weights it has by more than 1e-4. What it makes is in `out/`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow is silent about what it lacks

import keras
import numpy as np
import onnxruntime
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import specc

SPEC = Path(__file__).resolve().parents[1] / "specs" / "digits_cnn.yaml"
OUT = Path("out")
EPOCHS = 15
BATCH_SIZE = 32
LEARNING_RATE = 2e-3

Array = np.ndarray


def main() -> int:
    """Train in both frameworks, compare with onnxruntime; 0 if all is as promised."""
    OUT.mkdir(exist_ok=True)
    net = specc.load(SPEC)  # raises with every fault of the spec, if there is one
    print(f"{SPEC.name} has no faults\n")
    net.summary()

    train_images, test_images, train_labels, test_labels = digits()
    print(f"\n{len(train_images)} digits to train on, {len(test_images)} held out")

    pytorch = train_in_pytorch(net, train_images, train_labels)
    keras_model = train_in_keras(net, train_images, train_labels)

    # A weight file does not know which framework it is from; either model exports as ONNX.
    net.save_weights(pytorch, OUT / "pytorch.safetensors")
    net.save_weights(keras_model, OUT / "keras.safetensors")
    net.to_onnx(OUT / "pytorch.onnx", weights=OUT / "pytorch.safetensors")
    net.to_onnx(OUT / "keras.onnx", weights=OUT / "keras.safetensors")

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


def train_in_pytorch(net: specc.Network, images: Array, labels: Array) -> torch.nn.Module:
    """An ordinary training loop."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # batches as small as these are not worth sharing out
    model = net.to_pytorch(seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    loss_of = torch.nn.CrossEntropyLoss()
    dataset = torch.utils.data.TensorDataset(channels_first(images), torch.from_numpy(labels))
    batches = torch.utils.data.DataLoader(dataset, BATCH_SIZE, shuffle=True)
    model.train()
    for _ in range(EPOCHS):
        for image, label in batches:
            optimizer.zero_grad()
            loss_of(model(image), label).backward()
            optimizer.step()
    return model.eval()


def train_in_keras(net: specc.Network, images: Array, labels: Array) -> keras.Model:
    """An ordinary `compile` and `fit`."""
    keras.utils.set_random_seed(0)
    model = net.to_keras(seed=0)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(images, labels, epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0)
    return model


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
