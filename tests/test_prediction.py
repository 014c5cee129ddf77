"""`specc predict` sees what training saw, and says what the model gives in the data's words."""

from __future__ import annotations

import json
import math
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.data.opening import open_data
from specc.data.preparing import Preprocessing
from specc.data.rescaling import rescales
from specc.training.metadata import ModelCard, spec_card
from specc.training.objectives import objectives
from specc.training.run import create_run
from specc.weights import save_weights

SPEC = """\
specc: 1
name: net
inputs: {image: "float32[N, 6, 8, 3]"}
layers:
  - Flatten
  - Dense: {units: UNITS, activation: ACTIVATION}
    name: y
train:
  optimizer: sgd
  loss: LOSS
  epochs: 1
data:
  source: {image_folder: pictures}
"""

LOGITS = "{sparse_categorical_crossentropy: {from_logits: true}}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with pictures of two classes, none of the network's size."""
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate(("cat", "dog")):
        Path("pictures", name).mkdir(parents=True)
        for number in range(2):
            write_picture(f"pictures/{name}/{number}.png", 10 * index + number)
    return tmp_path


def write_picture(
    path: str, seed: int, size: tuple[int, int] = (17, 11), mode: str = "RGB"
) -> None:
    from PIL import Image

    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


def network(
    units: int = 2, activation: str = "linear", loss: str = LOGITS, **data: Any
) -> specc.Network:
    text = SPEC.replace("UNITS", str(units)).replace("ACTIVATION", activation)
    Path("net.yaml").write_text(text.replace("LOSS", loss), "utf-8")
    return specc.load("net.yaml", data=data or None)


def begin(net: specc.Network, weights: dict[str, Any] | None = None) -> None:
    """A run of `net` in the folder `run`, as training makes it."""
    assert net.train is not None
    assert net.data is not None
    found = objectives(net.graph, net.train)
    dataset = open_data(net.data, net.inputs, found, rescales=rescales(net.graph))
    run = create_run(
        Path("run"),
        net,
        backend="pytorch",
        train=net.train,
        data=net.data,
        class_names=dataset.class_names,
        preprocessing=dataset.preprocessing,
    )
    save_weights(run.best, weights or net.initial_weights(3))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[Rescaling: 0.5]", True),
        ("[AutoContrast, {Rescaling: 0.5}]", True),
        ("[{Resizing: {height: 4, width: 4}}, RandomFlip, {Rescaling: 0.5}]", True),
        ("[{CenterCrop: {height: 4, width: 4}}, {Rescaling: 0.5}]", True),
        ("[{Split: 3, outputs: [a, b, c]}, {Rescaling: 0.5, inputs: b}]", True),
        ("[Flatten, {Rescaling: 0.5}]", True),
        ("[{Conv2D: {filters: 1, kernel_size: 1}}, {Rescaling: 0.5}]", False),
        ("[{AutoContrast: , name: a}, {Rescaling: 0.5}, {Add: , inputs: [a, prev]}]", False),
        ("[AutoContrast]", False),
    ],
)
def test_a_network_rescales_past_layers_that_keep_the_range(layers: str, expected: bool) -> None:
    spec = f"specc: 1\ninputs: {{x: 'float32[N, 6, 8, 3]'}}\nlayers: {layers}\n"
    Path("scaling.yaml").write_text(spec, "utf-8")
    assert rescales(specc.load("scaling.yaml").graph) is expected


def test_a_file_says_that_its_network_scales_the_pixels() -> None:
    spec = "specc: 1\ninputs: {x: 'float32[N, 6, 8, 3]'}\nlayers: [Flatten, {Rescaling: 0.5}]\n"
    Path("scaling.yaml").write_text(spec, "utf-8")
    card = spec_card(specc.load("scaling.yaml"))
    assert card.preprocessing == Preprocessing((6, 8), 3, "bilinear", 1.0)
    Path("plain.yaml").write_text(spec.replace("{Rescaling: 0.5}", "ReLU"), "utf-8")
    assert spec_card(specc.load("plain.yaml")).preprocessing is None


IMAGE_NET = {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.25, 2.0]}


@pytest.mark.parametrize(
    ("input", "layer", "data", "expected"),
    [
        ("float32[N, 6, 8, 3]", "Flatten", {}, None),
        ("float32[N, 6, 8, 3]", "Flatten", {"source": "csv"}, None),
        ("float32[N, 6, 8, 5]", "Flatten", {"mean": [0.5]}, None),
        ("float32[N, 6, 8, 3]", "Flatten", IMAGE_NET, ((6, 8), 3, "bilinear", 1 / 255)),
        (
            "float32[N, 6, 8, 3]",
            "Flatten",
            {"source": "csv", "scale": 2.0},
            ((6, 8), 3, "bilinear", 2.0),
        ),
        (
            "float32[N, H, W, 3]",
            "GlobalAveragePooling2D",
            {"source": {"parquet": {"image_size": [6, 8], "interpolation": "nearest"}}},
            ((6, 8), 3, "nearest", 1 / 255),
        ),
        (
            "float32[N, 6, W, 3]",
            "GlobalAveragePooling2D",
            IMAGE_NET,
            (None, 3, "bilinear", 1 / 255),
        ),
        ("float32[N, H, W, 1]", {"Rescaling": 0.5}, {}, (None, 1, "bilinear", 1.0)),
        ("float32[N, 6, 8]", "Flatten", {"source": "idx"}, ((6, 8), 1, "bilinear", 1 / 255)),
        ("float32[N, T, 8]", {"Rescaling": 0.5}, {}, None),
        ("float32[N, T, 8]", "Flatten", {"mean": [0.5]}, None),
        ("uint8[N, 6, 8, 3]", "Flatten", {"source": "image_folder"}, ((6, 8), 3, "bilinear", 1.0)),
    ],
)
def test_a_file_says_what_its_spec_does_to_pictures(
    input: str, layer: object, data: dict[str, Any], expected: tuple[Any, ...] | None
) -> None:
    spec = {"specc": 1, "inputs": {"x": input}, "layers": [layer], "data": data}
    Path("net.yaml").write_text(json.dumps(spec), "utf-8")
    preprocessing = spec_card(specc.load("net.yaml")).preprocessing
    mean, std = (tuple(data[key]) if key in data else None for key in ("mean", "std"))
    assert preprocessing == (expected and Preprocessing(*expected, mean, std))


INFERENCE_PAGE = Path(__file__).parents[1] / "docs" / "inference.md"
CAFFE = {"scale": 1.0, "mean": [123.68, 116.779, 103.939]}  # of pixels from 0 to 255
BICUBIC = {"source": {"image_folder": {"image_size": [24, 16], "interpolation": "bicubic"}}}
BINARY = "{binary_crossentropy: {from_logits: true}}"


@pytest.mark.parametrize(
    ("input", "layers", "loss", "data", "options"),
    [
        ("float32[N, 24, 16, 3]", "Flip: -1", LOGITS, CAFFE, {}),
        ("float32[N, 24, 16, 3]", "ReLU", LOGITS, IMAGE_NET, {"io_layout": "channels_last"}),
        ("float32[N, H, W, 3]", "Rescaling: 0.25", BINARY, BICUBIC, {}),
        (
            "float32[N, 24, W + 7, 1]",
            "CenterCrop: {height: 8, width: 8}",
            LOGITS,
            {"std": [0.5]},
            {"softmax": True, "top_k": 2},
        ),
        ("float32[N, 24, 16]", "Reshape: [24, 16, 1]", BINARY, {"source": "idx"}, {}),
        (
            "uint8[N, 24, 16, 4]",
            "Rescaling: 0.25",
            LOGITS,
            {"source": "image_folder"},
            {"top_k": 1},
        ),
    ],
)
def test_the_client_of_the_docs_gives_the_same_numbers(
    input: str,
    layers: str,
    loss: str,
    data: dict[str, Any],
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = SPEC.replace("float32[N, 6, 8, 3]", input).replace("LOSS", loss)
    spec = spec.replace("Flatten", f"{layers}\n  - GlobalAveragePooling2D")
    spec = spec.replace("UNITS", "2" if loss == LOGITS else "1").replace("ACTIVATION", "linear")
    Path("net.yaml").write_text(spec, "utf-8")
    net = specc.load("net.yaml", data={"source": None, **data})
    appended = {key: value for key, value in options.items() if key != "io_layout"}
    metadata = spec_card(net, **appended).metadata()
    net.to_onnx("m.onnx", metadata=metadata, **options)
    paths = list(write_pictures())
    code = re.search(
        r"<!-- file: client.py -->\n```python\n(.*?)```",
        INFERENCE_PAGE.read_text("utf-8"),
        re.DOTALL,
    )
    assert code
    Path("client.py").write_text(code[1], "utf-8")
    monkeypatch.setattr("sys.argv", ["client.py", "m.onnx", *paths])
    client = runpy.run_path("client.py")
    for prediction in specc.Predictor("m.onnx")(paths, batch_size=1):
        expected = client["scores"](prediction.input)
        found = {score.index: score.value for score in prediction.scores}
        assert found == expected, prediction.input


def write_pictures() -> Iterator[str]:
    """Pictures that are easily read in another way: of each mode, turned, large, moving."""
    from PIL import Image

    pixels = np.random.default_rng(5).integers(0, 256, (90, 70, 3), np.uint8)
    image = Image.fromarray(pixels).resize((140, 180))
    for mode in ("L", "LA", "RGBA", "1"):
        image.convert(mode).save(f"{mode}.png")
        yield f"{mode}.png"
    image.quantize(16).save("palette.png", transparency=3)
    image.convert("CMYK").save("cmyk.jpg")
    Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257).save("deep.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    image.save("turned.jpg", exif=turned)
    image.save("moving.gif", save_all=True, append_images=[image.rotate(180)])
    yield from ("palette.png", "cmyk.jpg", "deep.png", "turned.jpg", "moving.gif")


def constant(net: specc.Network, *biases: float) -> dict[str, Any]:
    """Weights with which a network of one `Dense` gives the same for every picture."""
    zeros = {key: np.zeros_like(array) for key, array in net.initial_weights().items()}
    return zeros | {"y.bias": np.array(biases, np.float32)}


def predict(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["predict", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def scores(*arguments: str) -> dict[str | None, float]:
    (found,) = json.loads(predict(*arguments, "--json"))
    return {each["name"]: each["score"] for each in found["predictions"]}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"scale": 0.25, "mean": [1.0, 2.0, 3.0], "std": [0.5, 0.25, 3.0]},
        {"source": {"image_folder": {"path": "pictures", "interpolation": "nearest"}}},
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_prediction_sees_the_pixels_that_training_saw(data: dict[str, Any], mode: str) -> None:
    write_picture("pictures/cat/0.png", 7, (21, 33), mode)
    net = network(**data)
    begin(net)
    assert net.train is not None
    assert net.data is not None
    found = objectives(net.graph, net.train)
    dataset = open_data(net.data, net.inputs, found, rescales=False)
    assert dataset.train is not None
    ((seen,), _) = (list(part.values()) for part in dataset.train.fetch(np.array([0])))
    for layout in ("channels_last", "channels_first"):
        options = ["-o", "m.onnx", "--io-layout", layout]
        assert CliRunner().invoke(app, ["export", "run", *options]).exit_code == 0
        predictor = specc.Predictor("m.onnx")
        assert predictor.picture is not None
        given = predictor.picture.read(Path("pictures/cat/0.png").read_bytes(), "float32")
        axes = (0, 2, 3, 1) if layout == "channels_first" else (0, 1, 2, 3)
        np.testing.assert_array_equal(given.transpose(axes), seen)


def test_a_grey_picture_fits_an_input_without_channels() -> None:
    import onnxruntime

    spec = SPEC.replace("6, 8, 3", "6, 8").replace("UNITS", "2").replace("ACTIVATION", "linear")
    Path("net.yaml").write_text(spec.replace("LOSS", LOGITS), "utf-8")
    Path("m.onnx").write_bytes(specc.load("net.yaml").to_onnx())
    predictor = specc.Predictor("m.onnx")
    assert predictor.picture is not None
    write_picture("grey.png", 0, (6, 8), "L")
    given = predictor.picture.read(Path("grey.png").read_bytes(), "float32")
    assert given.shape == (1, 6, 8)
    (expected,) = onnxruntime.InferenceSession("m.onnx").run(None, {"image": given})[0]
    (prediction,) = predictor("grey.png", top_k=2)
    found = {score.index: score.value for score in prediction.scores}
    np.testing.assert_allclose([found[0], found[1]], expected)


def test_logits_are_told_as_probabilities() -> None:
    net = network()
    begin(net, constant(net, 0.0, math.log(249)))
    assert predict("run", "pictures/cat/0.png").splitlines() == [
        "input               class  probability",
        "pictures/cat/0.png  dog         99.6 %",
        "                    cat          0.4 %",
    ]
    assert scores("run", "pictures/cat/0.png") == pytest.approx({"dog": 0.996, "cat": 0.004})


def test_an_exported_run_predicts_as_the_run_does() -> None:
    begin(network())
    expected = scores("run", "pictures/dog/1.png")
    for options in ([], ["--softmax"]):
        assert CliRunner().invoke(app, ["export", "run", "-o", "m.onnx", *options]).exit_code == 0
        found = scores("m.onnx", "pictures/dog/1.png")
        assert found == pytest.approx(expected, rel=1e-5)
    assert sum(expected.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("loss", "activation"),
    [("{binary_crossentropy: {from_logits: true}}", "linear"), ("binary_crossentropy", "sigmoid")],
)
@pytest.mark.parametrize(("bias", "name"), [(3.0, "dog"), (-3.0, "cat")])
def test_one_number_for_two_classes_names_the_more_probable(
    loss: str, activation: str, bias: float, name: str
) -> None:
    net = network(1, activation, loss)
    begin(net, constant(net, bias))
    lines = predict("run", "pictures/cat/0.png").splitlines()
    assert lines[1].split() == ["pictures/cat/0.png", name, "95.3", "%"]
    assert lines[2].split() == [{"dog": "cat", "cat": "dog"}[name], "4.7", "%"]


def test_values_of_a_regression_keep_their_order() -> None:
    Path("reg.npz").write_bytes(b"")
    np.savez("reg.npz", x=np.zeros((3, 6, 8, 3), np.float32), y=np.zeros((3, 2), np.float32))
    net = network(2, loss="mse", source={"arrays": "reg.npz"})
    begin(net, constant(net, 1.5, 7.0))
    np.save("one.npy", np.zeros((3, 6, 8), np.float32))
    lines = predict("run", "one.npy").splitlines()
    assert [line.split() for line in lines] == [
        ["input", "output", "value"],
        ["one.npy", "y[0]", "1.5000"],
        ["y[1]", "7.0000"],
    ]


def test_the_user_may_scale_otherwise() -> None:
    net = network(scale=0.01)
    begin(net)
    given = scores("run", "pictures/cat/0.png", "--scale", "0.01")
    assert given == scores("run", "pictures/cat/0.png")
    assert given != scores("run", "pictures/cat/0.png", "--scale", "0.02")


def test_scores_that_are_no_numbers_are_null() -> None:
    Path("m.onnx").write_bytes(network().to_onnx())
    np.save("nan.npy", np.full((3, 6, 8), np.nan, np.float32))
    assert scores("m.onnx", "nan.npy") == {None: None}
    assert "NaN" not in predict("m.onnx", "nan.npy", "--json")


def test_an_empty_batch_is_refused() -> None:
    Path("m.onnx").write_bytes(network().to_onnx())
    np.save("none.npy", np.zeros((0, 3, 6, 8), np.float32))
    result = CliRunner().invoke(app, ["predict", "m.onnx", "none.npy"])
    assert result.exit_code == 1
    assert "expected one example or more, received float32[0, 3, 6, 8]" in result.output


def test_a_run_without_weights_is_refused() -> None:
    begin(network())
    Path("run/best.safetensors").unlink()
    result = CliRunner().invoke(app, ["predict", "run", "pictures/cat/0.png"])
    assert result.exit_code == 1
    assert "no epoch was finished" in result.output


# The card of a model


def test_a_card_comes_back_from_its_metadata() -> None:
    preprocessing = Preprocessing((4, 5), 1, "nearest", 1 / 255, (0.1,), (0.2,))
    for card in (
        ModelCard(),
        ModelCard(("a", "é\x1b"), preprocessing, "binary", "logits"),
        ModelCard((), Preprocessing(), "regression", "values"),
    ):
        assert ModelCard.read(card.metadata()) == card
    assert ModelCard().metadata() == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {"class_names": "{}", "preprocessing": "[]", "task": "guess", "output": "1"},
        {"class_names": "[", "preprocessing": '{"scale": "x"}', "task": "", "output": ""},
        {"class_names": "7", "preprocessing": "NaN"},
    ],
)
def test_metadata_of_others_counts_as_none(metadata: dict[str, str]) -> None:
    assert ModelCard.read(metadata) == ModelCard()
