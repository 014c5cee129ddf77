"""A network in eight bits: calibrated on its data, and judged by labels before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

import specc
from specc import quantizing
from specc.backends.onnx import checking
from specc.cli.app import app
from specc.data.loading import Batch
from specc.quantizing import Quantization
from specc.weights import save_weights

CLASSES = ("red", "green", "blue")

SPEC = """\
specc: 1
name: colours
inputs: {image: "float32[N, 8, 8, 3]"}
layers:
  - Conv2D: {filters: 6, kernel_size: 3, padding: same}
  - BatchNormalization
  - ReLU
  - GlobalAveragePooling2D
  - Dense: 3
    name: y
train:
  optimizer: sgd
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  epochs: 1
data:
  source: {image_folder: pictures}
  validation_split: 0.5
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> specc.Network:
    """A network of pictures of three colours, which are there."""
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate(CLASSES):
        write_pictures(index, name)
    Path("net.yaml").write_text(SPEC, "utf-8")
    return specc.load("net.yaml")


def write_pictures(channel: int, name: str) -> None:
    from PIL import Image

    folder = Path("pictures", f"{channel}_{name}")
    folder.mkdir(parents=True)
    for number in range(8):
        pixels = np.random.default_rng([channel, number]).integers(0, 120, (8, 8, 3), np.uint8)
        pixels[:, :, channel] += 100
        Image.fromarray(pixels).save(folder / f"{number}.png")


def weights() -> dict[str, Any]:
    """Weights that tell the colours: each class has the mean of its channel."""
    kernel = np.zeros((6, 3, 3, 3), np.float32)
    kernel[range(3), range(3), 1, 1] = 1, 0.1, 10
    return {
        "conv2d.weight": kernel,
        "conv2d.bias": np.zeros(6, np.float32),
        "batch_normalization.weight": np.ones(6, np.float32),
        "batch_normalization.bias": np.zeros(6, np.float32),
        "batch_normalization.running_mean": np.zeros(6, np.float32),
        "batch_normalization.running_var": np.ones(6, np.float32),
        "y.weight": np.eye(3, 6, dtype=np.float32) * [[1], [10], [0.1]],
        "y.bias": np.zeros(3, np.float32),
    }


def quantized(network: specc.Network, **options: Any) -> tuple[Quantization, onnx.ModelProto]:
    found = network.quantize("q.onnx", weights(), **options)
    model = onnx.load("q.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert model.SerializeToString() == onnx.load_from_string(found.model).SerializeToString()
    return found, model


def kinds(model: onnx.ModelProto) -> list[str]:
    """The kinds of the ops but for those that change the type."""
    changing = ("QuantizeLinear", "DequantizeLinear")
    return [node.op_type for node in model.graph.node if node.op_type not in changing]


def test_the_labels_judge_both_models(network: specc.Network) -> None:
    found, model = quantized(network, examples=5)
    assert (found.calibrated, found.judged) == ((5, "train"), (12, "validation"))
    (judgement,) = found.judgements
    assert (judgement.output, judgement.measure) == ("y", "accuracy")
    assert judgement.before == judgement.after == 1
    assert kinds(model) == ["Conv", "ReduceMean", "Gemm"]


@pytest.mark.parametrize(("examples", "sizes"), [(2, [2]), (5, [4, 1]), (8, [4, 4])])
def test_no_more_examples_calibrate_than_are_told(
    examples: int, sizes: list[int], network: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, given = quantizing._sample, list[int]()

    def noted(*arguments: Any) -> Any:
        for inputs in real(*arguments):
            given.append(len(inputs["image"]))
            yield inputs

    monkeypatch.setattr(quantizing, "BATCH_SIZE", 4)
    monkeypatch.setattr(quantizing, "_sample", noted)
    found = network.quantize("q.onnx", weights(), examples=examples)
    assert (found.calibrated[0], given) == (examples, sizes)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_fixed_batch_is_calibrated_and_judged_by_the_same_examples(
    batch: int, network: specc.Network
) -> None:
    """Of 12 examples, the last batch of 5 has 2."""
    fixed = specc.load("net.yaml", sizes={"N": batch})
    generator = np.random.default_rng(0)
    blurred = {
        key: array + generator.normal(0, 0.3, array.shape) for key, array in weights().items()
    }
    expected = network.quantize("open.onnx", blurred, examples=7)
    found = fixed.quantize("q.onnx", blurred, examples=7, check=True)
    assert (found.calibrated, found.judged) == (expected.calibrated, expected.judged)
    assert found.judgements == expected.judgements
    assert 0 < found.judgements[0].before < 1
    q, open = (
        {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
        for path in ("q.onnx", "open.onnx")
    )
    assert q.keys() == open.keys()
    for name, array in open.items():
        np.testing.assert_array_equal(q[name], array)


def test_a_batch_that_is_filled_up_gives_what_was_asked_for() -> None:
    given: list[Any] = []

    def run(inputs: Any) -> Any:
        given.append(inputs["x"].tolist())
        return {"y": 2 * inputs["x"]}

    batch = Batch({"x": np.array([3, 4])}, {}, None, 2)
    (found,) = quantizing._Model(run, 5).predict([batch])
    assert given == [[3, 4, 4, 4, 4]]
    assert found["y"].tolist() == [6, 8]


def test_a_model_that_is_ruined_is_found_out(
    network: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges from black pictures cut off all there is to see."""
    monkeypatch.setattr(
        "specc.quantizing._sample",
        lambda *_: iter([{"image": np.zeros((2, 8, 8, 3), np.float32)}]),
    )
    (judgement,) = network.quantize("q.onnx", weights()).judgements
    assert judgement.before == 1
    assert judgement.after < 0.7


def test_a_folder_that_is_not_there_is_told_before_the_work(
    network: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantizing, "quantize", None)
    with pytest.raises(specc.SpecError, match=r"unwritable.*its folder does not exist"):
        network.quantize("nowhere/q.onnx", weights())


def test_weights_are_bytes_with_a_scale_for_each_channel(network: specc.Network) -> None:
    _, model = quantized(network)
    stored = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    assert stored["conv2d.weight_quantized"].dtype == np.int8
    assert stored["conv2d.weight_scale"].shape == (6,)
    first, second = stored["conv2d.weight_scale"][:2]
    assert first == pytest.approx(10 * second, rel=1e-3)
    assert not any(array.dtype == np.float32 and array.size > 6 for array in stored.values())


def test_what_is_appended_stays_as_it_is(network: specc.Network) -> None:
    _, model = quantized(network, softmax=True, top_k=2)
    assert kinds(model)[-2:] == ["Softmax", "TopK"]
    assert [node.op_type for node in model.graph.node][-2:] == ["Softmax", "TopK"]
    assert {entry.key for entry in model.metadata_props} >= {"spec", "spec_sha256", "io_layout"}


def test_the_command_says_what_it_costs(network: specc.Network) -> None:
    save_weights("w.safetensors", network._weights(weights(), 0))
    command = ["export", "net.yaml", "--weights", "w.safetensors", "-o", "q.onnx"]
    result = CliRunner().invoke(app, [*command, "--precision", "int8", "--examples", "6"])
    assert result.exit_code == 0, result.output
    edges, runs, calibrated, judged, wrote = result.stderr.splitlines()
    assert edges.startswith("checked: onnx infers the types of all ")
    assert runs.startswith("checked: 5 levels of onnxruntime and onnx's reference agree within ")
    assert calibrated == "calibrated on 6 examples of the train split"
    where = "accuracy of y on 12 examples of the validation split"
    assert judged == f"{where}: 100.00 % in float32, 100.00 % in int8"
    assert wrote.startswith("wrote q.onnx (")
    unchecked = CliRunner().invoke(app, [*command, "--precision", "int8", "--no-check"])
    assert "checked" not in unchecked.stderr
    for options in (["--precision", "int8", "--functions"], ["--examples", "6"]):
        refused = CliRunner().invoke(app, [*command, *options])
        assert refused.exit_code == 2
        assert "int8" in refused.stderr


def test_a_file_that_is_not_right_is_not_kept(
    network: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("q.onnx")
    path.write_bytes(b"what was there")
    monkeypatch.setattr(checking, "_reference", lambda *_: [np.full((2, 3), 1e6)])
    with pytest.raises(specc.SpecError, match="export-faulty"):
        network.quantize(path, weights(), check=True)
    assert path.read_bytes() == b"what was there"
    network.quantize(path, weights())
    assert onnx.load(path).producer_name == "specc"


@pytest.mark.usefixtures("network")
def test_without_labels_nothing_can_be_judged() -> None:
    Path("plain.yaml").write_text(SPEC.partition("train:")[0], "utf-8")
    with pytest.raises(specc.SpecError, match="no section `train`"):
        specc.load("plain.yaml").quantize("q.onnx", weights(), data="pictures")
    text = SPEC.replace("inputs: {", 'inputs: {one: "float32[]", ')
    text = text.replace("{image_folder: pictures}", "{arrays: pictures.npz}")
    text = text.replace("  - Conv2D:", "  - inputs: image\n    Conv2D:")
    Path("number.yaml").write_text(text, "utf-8")
    with pytest.raises(specc.SpecError, match="expected a batch of `one`"):
        specc.load("number.yaml").quantize("q.onnx", weights())
    Path("number.yaml").write_text(text.replace("float32[]", "float32[4]"), "utf-8")
    with pytest.raises(specc.SpecError, match=r"one batch for all inputs, received float32\[4\], "):
        specc.load("number.yaml").quantize("q.onnx", weights())
    assert not Path("q.onnx").exists()
