"""What augmentations do in training: PyTorch's helpers draw as Keras does, and make the same of it.

No layer is named in a list of tests: each sample of each layer is compared. `AS_IN_KERAS` says in
what words Keras's layer has what ours draws.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from samples import all_samples, sample_graph

from specc.backend import load_model_backend
from specc.backends.pytorch.helpers.geometric_augmentation import affine, warp
from specc.checking import check_file, require_graph
from specc.layer import LAYERS, Layer, Sample
from specc.names import snake_case
from specc.tensor import parse_tensor_type

REPEATS = 20
BATCH = 100

Images = Any
"""A tensor [N, C, H, W]."""


def column(numbers: torch.Tensor) -> Any:
    return numbers.reshape(len(numbers), 1).numpy()


def flat(numbers: torch.Tensor) -> Any:
    return numbers.flatten().numpy()


def each(numbers: torch.Tensor) -> Any:
    return numbers.numpy()


def both(first: torch.Tensor, second: torch.Tensor) -> Any:
    return np.concatenate([column(first), column(second)], axis=1)


def last(images: Images) -> Any:
    return images.movedim(1, -1).numpy()


def rotation(layer: Any, x: Images, turns: torch.Tensor) -> dict[str, Any]:
    degrees = keras.ops.convert_to_tensor(360 * flat(turns))
    none, one = keras.ops.zeros_like(degrees), keras.ops.ones_like(degrees)
    height, width = x.shape[2:]
    matrix = layer._compute_affine_matrix(
        0.5, 0.5, degrees, none, none, one, none, none, height, width
    )
    return {"angle": degrees, "rotation_matrix": matrix}


def perspective(_: Any, x: Images, chosen: Any, parts: Any) -> dict[str, Any]:
    right, bottom = x.shape[3] - 1, x.shape[2] - 1
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]], np.float32)
    start = np.broadcast_to(corners, (len(x), 4, 2))
    return {
        "apply_perspective": flat(chosen),
        "start_points": start,
        "end_points": start * (1 + parts.numpy()),
    }


def erasing(layer: Any, x: Images, chosen: Any, inside: Any, fill: Any) -> dict[str, Any]:
    return {
        "apply_erasing": flat(chosen),
        "batch_masks": last(inside.expand_as(x)),
        "fill_value": last(fill.clamp(*layer.value_range).expand_as(x)),
    }


def several(layer: Any, x: Images, indices: list[int], drawn: list[tuple[Any, ...]]) -> Any:
    steps = {}
    for name, arguments in zip(layer._AUGMENT_LAYERS, drawn, strict=True):
        step = getattr(layer, name)
        steps[name] = AS_IN_KERAS[type(step).__name__](step, x, *arguments)
    return {"transforms": steps, "layer_idxes": np.array(indices)}


AS_IN_KERAS: dict[str, Callable[..., Any]] = {
    "AutoContrast": lambda layer, x: None,
    "Equalization": lambda layer, x: None,
    "RandAugment": several,
    "RandomBrightness": lambda layer, x, part: {
        "rgb_delta": each(part) * (layer.value_range[1] - layer.value_range[0])
    },
    "RandomColorDegeneration": lambda layer, x, factor: {"factor": each(factor)},
    "RandomContrast": lambda layer, x, factor: {"contrast_factor": each(factor)},
    "RandomCrop": lambda layer, x, top, left: (top, left),
    "RandomErasing": erasing,
    "RandomFlip": lambda layer, x, flips: {"flips": each(flips)},
    "RandomGaussianBlur": lambda layer, x, chosen, sigma: {
        "should_apply_blur": flat(chosen),
        "blur_factor": each(sigma),
    },
    "RandomGrayscale": lambda layer, x, chosen: each(chosen),
    "RandomHue": lambda layer, x, turn: {"factor": flat(turn)},
    "RandomInvert": lambda layer, x, chosen: {"apply_inversion": flat(chosen)},
    "RandomPerspective": perspective,
    "RandomPosterization": lambda layer, x, bits: {"shift_factor": 8 - flat(bits).astype("uint8")},
    "RandomRotation": rotation,
    "RandomSaturation": lambda layer, x, factor: {"factor": flat(factor)},
    "RandomSharpness": lambda layer, x, factor: {"factor": flat(factor)},
    "RandomShear": lambda layer, x, rows, columns: {"shear_factor": both(rows, columns)},
    "RandomTranslation": lambda layer, x, down, right: {
        "translations": both(right * x.shape[3], down * x.shape[2])
    },
    "RandomZoom": lambda layer, x, height, width: {
        "height_zoom": column(height),
        "width_zoom": column(width),
    },
    "Solarization": lambda layer, x, addition, threshold: {
        "additions": each(addition),
        "thresholds": each(threshold),
    },
}
"""For each layer, (Keras's layer, images, what our `transform` takes) to what Keras's takes."""

FAMILY = [name for name in LAYERS if LAYERS.families.get(name) == "augmentation"]
COMPOSED = "RandomColorJitter"

every_sample = pytest.mark.parametrize(
    ("layer", "sample"),
    [item for item in all_samples() if item.values[0].__name__ in {*FAMILY} - {COMPOSED}],
)
every_seeded_sample = pytest.mark.parametrize(
    ("layer", "sample"),
    [
        item
        for item in all_samples()
        if item.values[0].__name__ in FAMILY and "seed" in item.values[1].params
    ],
)


def helper_of(layer: type[Layer], sample: Sample) -> Any:
    """The module that stands for a layer in the emitted network."""
    network: Any = load_model_backend("pytorch").model(sample_graph(layer, sample), {}, None)
    return getattr(network.train(), snake_case(layer.__name__))


def keras_layer(layer: type[Layer], sample: Sample) -> Any:
    return getattr(keras.layers, layer.__name__)(**sample.params)


def images_for(sample: Sample, count: int) -> Images:
    """Random images of values in the sample's range; whole numbers where it is that of bytes."""
    least, greatest = sample.params.get("value_range", (0, 255))
    channels = int(str(parse_tensor_type(sample.inputs[0]).channels))
    numbers = np.random.default_rng(0).uniform(least, greatest, (count, channels, 9, 8))
    if greatest == 255:
        numbers = numbers.round()
    return torch.from_numpy(numbers.astype(np.float32))


def as_tensors(transformation: Any) -> Any:
    """With tensors of Keras's backend for its arrays."""
    match transformation:
        case dict():
            return {name: as_tensors(value) for name, value in transformation.items()}
        case np.ndarray():
            return keras.ops.convert_to_tensor(transformation)
        case _:
            return transformation


def numbers_of(ours: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """What both have drawn, by name; Keras's layers keep more beside it."""
    match ours:
        case None:
            assert theirs is None
            return {}
        case dict():
            return {
                f"{name}.{path}": pair
                for name, value in ours.items()
                for path, pair in numbers_of(value, theirs[name]).items()
            }
        case tuple():
            return numbers_of(dict(enumerate(ours)), dict(enumerate(theirs)))
        case _:
            pair = tuple(np.asarray(value, np.float64).reshape(-1) for value in (ours, theirs))
            return {"": (pair[0], pair[1])}


@every_sample
def test_makes_of_images_what_keras_makes(layer: type[Layer], sample: Sample) -> None:
    torch.manual_seed(0)
    ours, theirs, x = helper_of(layer, sample), keras_layer(layer, sample), images_for(sample, 12)
    drawn = ours.draw(x)
    transformation = as_tensors(AS_IN_KERAS[layer.__name__](theirs, x, *drawn))
    expected = theirs.transform_images(keras.ops.convert_to_tensor(last(x)), transformation)
    received, expected = last(ours.transform(x, *drawn)), keras.ops.convert_to_numpy(expected)
    assert received.shape == expected.shape
    # Rounding may put a place on the other side of an edge, or a colour in the next bin.
    apart = np.abs(received - expected) > 1e-5 * float(x.max())
    assert apart.mean() < 0.01


@every_sample
def test_draws_as_keras_does(layer: type[Layer], sample: Sample) -> None:
    """The means and the deviations of all that is drawn agree, within five of their own errors."""
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    ours, theirs, x = (
        helper_of(layer, sample),
        keras_layer(layer, sample),
        images_for(sample, BATCH),
    )
    given = keras.ops.convert_to_tensor(last(x))
    draws = [
        numbers_of(
            AS_IN_KERAS[layer.__name__](theirs, x, *ours.draw(x)),
            theirs.get_random_transformation(given, training=True),
        )
        for _ in range(REPEATS)
    ]
    for name in draws[0]:
        received, expected = (np.concatenate([each[name][k] for each in draws]) for k in (0, 1))
        assert received.shape == expected.shape
        spread = max(received.std(), expected.std())
        error = spread * np.sqrt(2 / min(len(received), REPEATS * BATCH)) + 1e-6 * abs(
            expected.max()
        )
        assert abs(received.mean() - expected.mean()) <= 5 * error, name
        assert abs(received.std() - expected.std()) <= 5 * error, name


@every_seeded_sample
def test_a_seed_repeats_what_is_drawn(layer: type[Layer], sample: Sample) -> None:
    first, again, x = helper_of(layer, sample), helper_of(layer, sample), images_for(sample, 8)
    torch.testing.assert_close(first(x), again(x), rtol=0, atol=0)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
def test_warp_is_the_affine_transform_of_keras(fill_mode: str, interpolation: str) -> None:
    generator = np.random.default_rng(0)
    images = generator.standard_normal((16, 7, 6, 2), np.float32)
    linear = generator.uniform(-1.8, 1.8, (16, 2, 2)).astype(np.float32)
    offset = generator.uniform(-6, 6, (16, 2)).astype(np.float32)
    rows = np.concatenate([linear, offset[:, :, None]], axis=2).reshape(16, 6)
    transform = np.concatenate([rows, np.zeros((16, 2), np.float32)], axis=1)
    expected = keras.ops.image.affine_transform(images, transform, interpolation, fill_mode, 0.5)
    received = warp(
        torch.from_numpy(images).permute(0, 3, 1, 2),
        affine(torch.from_numpy(linear), torch.from_numpy(offset)),
        fill_mode,
        interpolation,
        0.5,
    )
    apart = np.abs(last(received) - keras.ops.convert_to_numpy(expected)) > 1e-4
    # Rounding may put a place on the other side of an edge, or of the middle between two pixels.
    assert apart.mean() < 0.005


def test_a_color_jitter_is_its_augmentations_with_seeds_of_their_own() -> None:
    factors = ("brightness", "contrast", "saturation", "hue")
    params = {f"{name}_factor": 0.1 for name in factors}
    sample = Sample({**params, "seed": 1}, ("float32[2, 6, 5, 3]",), ())
    steps = [*helper_of(LAYERS[COMPOSED], sample)]
    assert [type(step).__name__ for step in steps] == [f"Random{name.title()}" for name in factors]
    assert [step.factor for step in steps] == [(-0.1, 0.1), (0.0, 0.1), (-0.1, 0.1), (0.0, 0.1)]
    assert len({step.generator.initial_seed() for step in steps}) == 4


def test_all_train_and_are_still_at_inference(tmp_path: Path) -> None:
    """In a graph of TensorFlow, for batches of any size, as `fit` runs them."""
    drawn = [name for name in FAMILY if LAYERS[name].augmentation]
    given = {name: dict(LAYERS[name].samples[0].params) for name in drawn}
    entries = "\n".join(f"  - {name}: {params}" for name, params in given.items())
    path = tmp_path / "spec.yaml"
    text = f"specc: 1\ninputs: {{image: 'uint8[N, 9, 8, 3]'}}\nlayers:\n{entries}\n"
    path.write_text(text.replace("(", "[").replace(")", "]"), "utf-8")
    graph = require_graph(check_file(path))
    x = np.random.default_rng(0).integers(0, 256, (4, 9, 8, 3), np.uint8)

    network: Any = load_model_backend("pytorch").model(graph, {}, None)
    images = torch.from_numpy(x).movedim(-1, 1)
    assert torch.isfinite(network.train()(images)).all()
    assert torch.equal(network.eval()(images), images.float())

    model: Any = load_model_backend("keras").model(graph, {}, None)
    signature = [tf.TensorSpec((None, 9, 8, 3), tf.uint8)]
    step = tf.function(lambda images: model(images, training=True), input_signature=signature)
    assert np.isfinite(step(x)).all()
    assert (model.predict(x, verbose=0) == x).all()
