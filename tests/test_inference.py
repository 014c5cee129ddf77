"""`specc.Predictor` and `specc predict`: every kind of input, in batches, whatever is broken."""

from __future__ import annotations

import csv
import gc
import io
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.cli.progress import counted
from specc.exporting import Precision
from specc.inference import providers
from specc.inference.batches import mapped_ahead
from specc.inference.pictures import rescales_input
from specc.inference.predictions import Prediction
from specc.inference.preparing import Example
from specc.training.metadata import ModelCard

NAMES = ("ant", "bee", "cat", "dog")

SORTED = [f"pictures/{name}" for name in ("a.jpg", "b/d.webp", "b/e.bmp", "c.png", "f.gif")]


def exported(
    folder: Path,
    input: str = "float32[N, 6, 8, 3]",
    layers: str = "[Flatten]",
    precision: Precision = "float32",
) -> bytes:
    """The ONNX model of a classifier, with names for its classes."""
    path = folder / "net.yaml"
    spec = f"specc: 1\ninputs: {{image: '{input}'}}\nlayers: {layers[:-1]}, {{Dense: 4}}]\n"
    path.write_text(spec, "utf-8")
    metadata = {"class_names": json.dumps(NAMES), "output": "logits", "task": "multiclass"}
    return specc.load(path).to_onnx(metadata=metadata, precision=precision)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return exported(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: bytes) -> Path:
    """A folder to work in, with the model and pictures of several kinds."""
    monkeypatch.chdir(tmp_path)
    Path("net.onnx").write_bytes(model)
    Path("pictures/b/.hidden").mkdir(parents=True)
    for index, name in enumerate(SORTED):
        picture(index).save(name)
    for hidden in ("pictures/.g.png", "pictures/b/.hidden/h.png"):
        picture().save(hidden)
    Path("pictures/notes.txt").write_text("no picture", "utf-8")
    return tmp_path


def picture(seed: int = 0, height: int = 6, width: int = 8) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def fixed_batch(model: bytes, size: int) -> bytes:
    """The model, which takes batches of one size only."""
    import onnx

    loaded = onnx.load_from_string(model)
    for tensor in (*loaded.graph.input, *loaded.graph.output, *loaded.graph.value_info):
        tensor.type.tensor_type.shape.dim[0].dim_value = size
    return loaded.SerializeToString()


def names(predictions: Iterator[Any]) -> list[str]:
    return [each.input for each in predictions]


def numbers(predictions: Iterator[Any]) -> list[dict[int, float]]:
    return [{each.index: each.value for each in found.scores} for found in predictions]


def same(found: list[dict[int, float]], expected: list[dict[int, float]]) -> bool:
    return len(found) == len(expected) and all(
        one == pytest.approx(other, rel=1e-5) for one, other in zip(found, expected, strict=True)
    )


def run(*arguments: str, input: bytes | None = None) -> Any:
    result = CliRunner().invoke(app, ["predict", *arguments], input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# Python


def test_three_lines_do_it(capsys: pytest.CaptureFixture[str]) -> None:
    predictor = specc.Predictor("net.onnx")
    for prediction in predictor("pictures/"):
        print(prediction)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == SORTED
    assert all(any(f": {name} " in line for name in NAMES) for line in lines)
    assert all(line.count(" %") == len(NAMES) for line in lines)


def test_a_prediction_says_what_it_is() -> None:
    predictor = specc.Predictor("net.onnx")
    assert repr(predictor) == "<Predictor net.onnx: float32[N, 3, 6, 8] -> float32[N, 4], cpu>"
    assert predictor.class_names == NAMES
    (prediction,) = predictor("pictures/a.jpg", top_k=3)
    assert len(prediction.scores) == 3
    assert prediction.top == max(prediction.scores, key=lambda score: score.value)
    assert prediction.top.name == NAMES[prediction.top.index]
    assert prediction.kind == "probability"
    assert repr(prediction) == f"<Prediction {prediction}>"


def test_every_kind_of_input_gives_the_same() -> None:
    predictor = specc.Predictor("net.onnx")
    path = Path("pictures/c.png")
    image, contents = Image.open(path), path.read_bytes()
    pixels = np.asarray(image)
    np.save("one.npy", pixels)
    stream = io.BytesIO()
    np.save(stream, pixels)
    first = pixels.transpose(2, 0, 1)
    ready = first.astype(np.float32) / np.float32(255)
    inputs = {
        "pictures/c.png": [path, str(path), "pictures/c*", "pictures/[c].png"],
        "one.npy": ["one.npy"],
        "bytes": [contents, bytearray(contents), memoryview(contents), stream.getvalue()],
        "array": [pixels, pixels[np.newaxis], first, ready, ready.astype(np.float64)],
        "image": [Image.fromarray(pixels), Image.fromarray(pixels).convert("RGBA")],
    }
    expected = numbers(predictor(path))
    for name, given in inputs.items():
        for each in given:
            assert names(predictor(each)) == [name]
            assert same(numbers(predictor(each)), expected)
    assert names(predictor(image))[0].endswith("c.png")
    mixed = [each for given in inputs.values() for each in given]
    assert same(numbers(predictor(iter(mixed))), expected * len(mixed))
    assert names(predictor([pixels, np.stack([pixels, pixels])])) == [
        "array[0]", "array[1][0]", "array[1][1]",
    ]  # fmt: skip


def test_an_open_file_is_read() -> None:
    predictor = specc.Predictor("net.onnx")
    expected = numbers(predictor("pictures/c.png"))
    with Path("pictures/c.png").open("rb") as file:
        assert same(numbers(predictor(file)), expected)
    stream = io.BytesIO(Path("pictures/c.png").read_bytes())
    (error,) = list_errors(predictor, [stream, file])
    assert "file[1]: " in str(error)
    assert "closed file" in str(error)


def list_errors(predictor: specc.Predictor, inputs: list[Any]) -> list[specc.SpecError]:
    """What is wrong with the inputs."""
    errors: list[specc.SpecError] = []
    list(predictor(inputs, on_error=errors.append))
    return errors


def test_a_picture_of_the_users_stays_as_it_is() -> None:
    image = picture(3, 12, 10).convert("L")
    exif = image.getexif()
    exif[0x0112] = 6
    before = (image.size, image.mode, image.tobytes())
    list(specc.Predictor("net.onnx")(image))
    assert (image.size, image.mode, image.tobytes()) == before
    assert image.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("pictures/*.png", ["pictures/c.png"]),
        ("pictures/**/*.w??p", ["pictures/b/d.webp"]),
        ("picture[s]", SORTED),
        ("pictures/b", ["pictures/b/d.webp", "pictures/b/e.bmp"]),
    ],
)
def test_folders_and_globs(pattern: str, found: list[str]) -> None:
    assert names(specc.Predictor("net.onnx")(pattern)) == found


def test_a_name_may_look_like_a_glob() -> None:
    picture().save("a[1].png")
    picture().save("a1.png")
    assert names(specc.Predictor("net.onnx")("a[1].png")) == ["a[1].png"]


def test_a_link_that_leads_back_up_is_not_followed() -> None:
    Path("pictures/b/up").symlink_to(Path("pictures").resolve())
    Path("other").symlink_to("pictures")
    found = names(specc.Predictor("net.onnx")(["pictures", "other"]))
    assert found == SORTED + [name.replace("pictures", "other") for name in SORTED]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 32])
def test_batches_give_the_same_as_one_by_one(batch_size: int, model: bytes) -> None:
    predictor = specc.Predictor("net.onnx")
    expected = [row for name in SORTED for row in numbers(predictor(name))]
    assert same(numbers(predictor("pictures", batch_size=batch_size)), expected)
    fixed = specc.Predictor(fixed_batch(model, batch_size))
    assert same(numbers(fixed("pictures")), expected)


def test_pictures_of_several_sizes_are_not_put_together(folder: Path) -> None:
    layers = "[{Conv2D: {filters: 2, kernel_size: 3}}, GlobalAveragePooling2D]"
    predictor = specc.Predictor(exported(folder, "float32[N, h, w, 3]", layers))
    images = [picture(seed, 6 + seed // 2, 9) for seed in range(5)]
    alone = [row for image in images for row in numbers(predictor(image))]
    assert same(numbers(predictor(images)), alone)


def test_inputs_are_taken_as_predictions_are_asked_for() -> None:
    taken = []

    def many() -> Iterator[Image.Image]:
        for seed in range(300):
            taken.append(seed)
            yield picture(seed)

    predictions = specc.Predictor("net.onnx")(many(), batch_size=2)
    for _ in range(4):
        next(predictions)
    before = len(taken)
    assert before < 100
    for _ in range(20):
        next(predictions)
    assert before < len(taken) <= before + 20
    predictions.close()


def test_nothing_is_kept_of_what_was_predicted() -> None:
    np.save("many.npy", np.zeros((600, 6, 8, 3), np.uint8))
    predictions = specc.Predictor("net.onnx")("many.npy", batch_size=8)
    for _, prediction in zip(range(500), predictions, strict=False):
        assert prediction.kind == "probability"
    alive = sum(type(each) in (Example, Prediction) for each in gc.get_objects())
    assert 0 < alive <= 2 * 8 + 1


def test_results_come_in_order_and_only_so_far_ahead() -> None:
    seen: list[int] = []
    items = (seen.append(n) or n for n in range(50))
    results = mapped_ahead(lambda n: n * n, items, workers=4, ahead=3)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(seen) <= 5 + 3
    assert list(results) == [n * n for n in range(5, 50)]


# What is broken


def broken_pictures() -> None:
    """Among the good ones: cut short, none at all, of the wrong shape, closed, and a lost link."""
    whole = Path("pictures/a.jpg").read_bytes()
    Path("pictures/a2.jpg").write_bytes(whole[: len(whole) // 2])
    Path("pictures/b/none.png").write_text("no picture", "utf-8")
    Path("pictures/b/nothing.png").write_bytes(b"")
    np.save("pictures/b/wrong.npy", np.zeros((6, 8, 7), np.float32))
    np.save("pictures/b/words.npy", np.array(["word"]))
    np.save("pictures/b/objects.npy", np.array([{}]))
    np.save("pictures/b/short.npy", np.zeros((6, 8, 3), np.float32))
    os.truncate("pictures/b/short.npy", 300)
    Path("pictures/d.png").symlink_to("lost.png")
    Path("pictures/e.png").symlink_to("/dev/zero")


BROKEN = {
    "pictures/a2.jpg": "invalid-input",
    "pictures/b/none.png": "invalid-input",
    "pictures/b/nothing.png": "invalid-input",
    "pictures/b/objects.npy": "invalid-input",
    "pictures/b/short.npy": "invalid-input",
    "pictures/b/words.npy": "invalid-input",
    "pictures/b/wrong.npy": "invalid-input",
    "pictures/d.png": "file-not-found",
    "pictures/e.png": "file-unreadable",
    "missing": "file-not-found",
    "no/*.png": "file-not-found",
}


def test_broken_pictures_are_told_and_the_others_go_on() -> None:
    broken_pictures()
    result = run("net.onnx", "missing", "pictures", "no/*.png", "--format", "jsonl")
    assert result.exit_code == 1
    found = [json.loads(line)["input"] for line in result.stdout.splitlines()]
    assert found == SORTED
    *lines, last = result.stderr.splitlines()
    assert len(lines) == len(BROKEN)
    for name, code in BROKEN.items():
        assert sum(f"[{code}]" in line and name in line for line in lines) == 1
    assert last == "11 inputs could not be predicted, 5 could"


class Unreadable:
    """An array that numpy cannot have, as a tensor of a framework may be."""

    def __array__(self) -> Any:
        raise RuntimeError("it is on another device")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "an empty path names no file"),
        (b"", "bytes: it is empty"),
        (7, "expected paths, arrays, pictures or bytes, received 7"),
        (None, "expected paths, arrays, pictures or bytes, received None"),
        (io.StringIO("text"), "file: expected bytes"),
        ([io.StringIO("text")], r"file\[0\]: expected bytes"),
        (Unreadable(), "array: it is on another device"),
    ],
)
def test_what_is_no_input_is_said(given: Any, said: str) -> None:
    with pytest.raises(specc.SpecError, match=said):
        next(specc.Predictor("net.onnx")(given))


@pytest.mark.parametrize(
    "numbers", [{"top_k": 0}, {"top_k": -1}, {"batch_size": 0}, {"top_k": 2.5}, {"batch_size": "3"}]
)
def test_nothing_is_asked_for_less_than_once(numbers: dict[str, int]) -> None:
    with pytest.raises(specc.SpecError, match="of 1 or more, received"):
        next(specc.Predictor("net.onnx")("pictures/c.png", **numbers))


@pytest.mark.parametrize(
    "numbers",
    [{"threads": 0}, {"threads": 1.5}, {"scale": math.nan}, {"scale": math.inf}, {"scale": 0}],
)
def test_a_predictor_refuses_numbers_that_mean_nothing(numbers: dict[str, Any]) -> None:
    with pytest.raises(specc.SpecError, match="invalid-input"):
        specc.Predictor("net.onnx", **numbers)


def test_pillows_warnings_are_not_shown() -> None:
    Image.new("1", (9500, 9500)).save("large.png")  # beyond Image.MAX_IMAGE_PIXELS
    command = [sys.executable, "-m", "specc.cli", "predict", "net.onnx", "large.png"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_handler_the_first_broken_picture_is_raised_in_its_place() -> None:
    broken_pictures()
    predictions = specc.Predictor("net.onnx")("pictures")
    assert next(predictions).input == "pictures/a.jpg"
    with pytest.raises(specc.SpecError, match=r"a2\.jpg"):
        next(predictions)


def test_a_handler_is_told_of_each() -> None:
    broken_pictures()
    errors: list[specc.SpecError] = []
    found = specc.Predictor("net.onnx")([*SORTED, "pictures", 7], on_error=errors.append)
    assert names(found) == SORTED * 2
    assert len(errors) == len(BROKEN) - 2 + 1
    assert "received 7" in str(errors[-1])


def test_what_the_model_refuses_is_told_of_each_picture(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    layers = "[{Conv2D: {filters: 2, kernel_size: 7}}, GlobalAveragePooling2D]"
    Path("large.onnx").write_bytes(exported(folder, "float32[N, h, w, 3]", layers))
    images = [picture(0, 9, 9), picture(1, 3, 3), picture(2, 3, 3), picture(3, 9, 9)]
    errors: list[specc.SpecError] = []
    found = specc.Predictor("large.onnx")(images, on_error=errors.append)
    assert names(found) == ["image[0]", "image[3]"]
    assert ["image[1]" in str(errors[0]), "image[2]" in str(errors[1])] == [True, True]
    assert capfd.readouterr().err == ""  # onnxruntime logs nothing beside


def test_an_empty_folder_and_nothing_predicted() -> None:
    Path("empty").mkdir()
    result = run("net.onnx", "empty", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == []
    assert "error[file-not-found]: empty holds no picture" in result.stderr


# Models


@pytest.mark.parametrize("contents", [b"", b"no model", None])
def test_a_model_that_cannot_be_read(contents: bytes | None, model: bytes) -> None:
    Path("bad.onnx").write_bytes(model[: len(model) // 2] if contents is None else contents)
    result = run("bad.onnx", "pictures")
    assert result.exit_code == 1
    assert "error[model-unreadable]: bad.onnx: " in result.stderr


def test_a_model_that_is_not_there() -> None:
    found = run("lenet5", "pictures").stderr
    assert "error[file-not-found]: there is no file lenet5\nhelp: a model is an ONNX file" in found
    assert "error[file-unreadable]: /dev/zero: it is a device" in run("/dev/zero", "x").stderr


def test_models_that_are_no_classifiers(folder: Path) -> None:
    def refused(inputs: str, layers: str) -> str:
        (folder / "odd.yaml").write_text(f"specc: 1\ninputs: {inputs}\nlayers: {layers}\n", "utf-8")
        with pytest.raises(specc.SpecError) as caught:
            specc.Predictor(specc.load("odd.yaml").to_onnx())
        (fault,) = caught.value.report.diagnostics
        assert fault.code == "unsuitable-model"
        return fault.message

    two = "{a: 'float32[N, 4]', b: 'float32[N, 4]'}"
    assert refused(two, "[{Add: , inputs: [a, b]}]").endswith("has 2 inputs")
    assert refused("{a: 'float32[N, 4, 4, 3]'}", "[ReLU]").endswith("gives float32[N, 3, 4, 4]")


def test_a_model_that_gives_other_rows_than_it_was_asked_for() -> None:
    from onnx import TensorProto, helper

    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=[0])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    opset = [helper.make_opsetid("", 13)]
    made = helper.make_model(helper.make_graph([node], "g", [x], [y]), opset_imports=opset)
    made.ir_version = 99
    with pytest.raises(specc.SpecError, match="the model is of format 99, "):
        specc.Predictor(made.SerializeToString())
    made.ir_version = 8
    predictor = specc.Predictor(made.SerializeToString())
    with pytest.raises(specc.SpecError, match=r"gives \[1, 4\] for 2 examples"):
        list(predictor(np.zeros((2, 4), np.float32)))


def test_weights_may_lie_beside_the_model(model: bytes) -> None:
    import onnx

    expected = numbers(specc.Predictor("net.onnx")("pictures"))
    Path("beside").mkdir()
    options: dict[str, Any] = {"save_as_external_data": True, "size_threshold": 0}
    onnx.save(onnx.load_from_string(model), "beside/net.onnx", **options)
    assert same(numbers(specc.Predictor("beside/net.onnx")("pictures")), expected)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[AutoContrast]", False),
        ("[{CenterCrop: {height: 4, width: 4}}, {Rescaling: 0.5}]", True),
        ("[{Resizing: {height: 4, width: 4}}, {Rescaling: 0.5}]", True),
        ("[{ZeroPadding2D: 1}, {Rescaling: {scale: 0.5, offset: -1}}]", True),
        ("[{Cropping2D: 1}, {Rescaling: 2}]", False),
        ("[{Cropping2D: 1}, {Conv2D: {filters: 1, kernel_size: 1}}, {Rescaling: 0.5}]", False),
        ("[{Split: 3, outputs: [a, b, c]}, {Rescaling: 0.5, inputs: b}]", True),
        ("[{Flatten: , name: a}, {Rescaling: 0.5}, {Add: , inputs: [a, prev]}]", False),
        ("[{Normalization: {mean: 127, variance: 3000}}]", True),
        ("[{Normalization: {mean: 0.5, variance: 0.1}}]", False),
    ],
)
def test_a_model_rescales_past_what_keeps_the_range(
    layers: str, expected: bool, folder: Path
) -> None:
    path = folder / "scaling.yaml"
    path.write_text(f"specc: 1\ninputs: {{x: 'float32[N, 6, 8, 3]'}}\nlayers: {layers}\n", "utf-8")
    assert rescales_input(specc.load(path).to_onnx()) is expected


# Providers


def test_a_provider_that_is_not_there_names_its_package() -> None:
    result = run("net.onnx", "pictures", "--provider", "coreml")
    assert result.exit_code == 1
    assert "error[provider-unavailable]: `coreml` cannot run the model" in result.stderr
    assert "has only cpu" in result.stderr
    assert "onnxruntime, on macOS" in result.stderr
    assert "did you mean `cuda`?" in run("net.onnx", "pictures", "--provider", "cude").stderr


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have CUDA's provider installed, which does what the function does when it is to start."""
    package = providers.onnxruntime()

    def install(start: Callable[[], None]) -> None:
        def session(model: Any, options: Any, providers: list[str], enable_fallback: int) -> Any:
            assert not enable_fallback  # it would print, and go on on the processor
            if providers[0] == names[0]:
                start()
            return package.InferenceSession(model, options, providers=names[1:])

        names = [providers.PROVIDERS["cuda"].full_name, providers.CPU]
        fake = SimpleNamespace(
            get_available_providers=lambda: names,
            preload_dlls=lambda: print("Failed to load libcublas.so"),
            SessionOptions=package.SessionOptions,
            RunOptions=package.RunOptions,
            InferenceSession=session,
        )
        monkeypatch.setitem(sys.modules, "onnxruntime", fake)

    return install


def log_a_missing_library() -> None:
    """As onnxruntime does, and then it goes on without."""
    os.write(2, b"[E:onnxruntime:Default] x.cc:1 Get() Failed to load library cuda.so with error: ")
    os.write(2, b"libcublasLt.so.13: cannot open shared object file\n")


def fail_without_a_device() -> None:
    raise RuntimeError(
        "/onnxruntime_src/onnxruntime/core/cuda_call.cc:154 void onnxruntime::CudaCall(ERRTYPE, "
        "int) [with ERRTYPE = cudaError; bool THRW = true] CUDA failure 35: the driver is too old "
        "; GPU=-1 ; hostname=vm ; file=x.cc ; line=355 ; expr=cudaSetDevice(info_.device_id); "
    )


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (log_a_missing_library, "libcublasLt.so.13: cannot open shared object file"),
        (fail_without_a_device, "CUDA failure 35: the driver is too old"),
        (lambda: None, "onnxruntime could not start it on this machine"),
    ],
)
def test_a_provider_that_does_not_start_is_no_silent_processor(
    start: Callable[[], None],
    reason: str,
    cuda: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    cuda(start)
    with pytest.raises(specc.SpecError) as caught:
        specc.Predictor("net.onnx", provider="cuda")
    (fault,) = caught.value.report.diagnostics
    assert fault.code == "provider-unavailable"
    assert fault.message == f"`cuda` cannot run the model: {reason}"
    assert "NVIDIA's driver" in fault.help
    assert capfd.readouterr() == ("", "")


def test_a_provider_is_not_blamed_for_the_file(cuda: Callable[..., None]) -> None:
    cuda(fail_without_a_device)
    with pytest.raises(specc.SpecError, match=r"error\[model-unreadable\]: the model: "):
        specc.Predictor(b"no model", provider="cuda")


def test_a_type_without_kernels_is_no_broken_file(folder: Path) -> None:
    """The day that onnxruntime's processor computes in bfloat16, this fails."""
    low = exported(folder, precision="bfloat16")
    with pytest.raises(specc.SpecError, match=r"error\[unsuitable-model\].*an implementation for"):
        specc.Predictor(low)


@pytest.mark.parametrize("left", [0, 10])
def test_a_file_of_tensors_that_is_missing_or_cut_short(
    left: int, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    exported(folder)
    specc.load("net.yaml").to_onnx("large.onnx", external_data=True)
    beside = Path("large.onnx.data")
    short = beside.read_bytes()[:left]
    beside.write_bytes(short) if short else beside.unlink()
    with pytest.raises(specc.SpecError, match="file of its large tensors is not beside it"):
        specc.Predictor("large.onnx")
    assert capfd.readouterr() == ("", "")


def test_an_opset_that_is_too_new_is_named(model: bytes) -> None:
    import onnx

    loaded = onnx.load_from_string(model)
    loaded.opset_import[0].version = 99
    with pytest.raises(specc.SpecError, match=r"is of opset 99, .* beyond \d+\n.*--opset \d"):
        specc.Predictor(loaded.SerializeToString())


@pytest.mark.parametrize("provider", ["cpu", "CPU", "CPUExecutionProvider"])
def test_a_provider_by_any_name(provider: str) -> None:
    predictor = specc.Predictor("net.onnx", provider=provider, threads=1)
    assert repr(predictor).endswith(", cpu>")


# The command


def test_forms_parse_back() -> None:
    predictor = specc.Predictor("net.onnx")
    expected = [each.as_json() for each in predictor("pictures", top_k=2)]
    given = ("net.onnx", "pictures", "--top-k", "2", "--batch", "2")
    lines = run(*given, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert json.loads(run(*given, "--format", "json").stdout) == expected
    assert run(*given, "--json").stdout == json.dumps(expected, indent=2) + "\n"
    rows = list(csv.DictReader(io.StringIO(run(*given, "--format", "csv").stdout)))
    assert [(row["input"], row["rank"]) for row in rows] == [
        (name, rank) for name in SORTED for rank in ("1", "2")
    ]
    best = [each["predictions"][0] for each in expected]
    assert [(int(row["class"]), row["name"], float(row["score"])) for row in rows[::2]] == [
        tuple(each.values()) for each in best
    ]


def test_two_forms_are_one_too_many() -> None:
    assert run("net.onnx", "pictures", "--json", "--format", "json").exit_code == 0
    result = run("net.onnx", "pictures", "--json", "--format", "csv")
    assert result.exit_code == 2
    assert "contradicts --format csv" in result.stderr


def test_a_table_is_aligned_and_never_narrows() -> None:
    Path("pictures/a.jpg").rename("a.jpg")
    lines = run("net.onnx", "a.jpg", "pictures", "--batch", "1", "--top-k", "1").stdout.splitlines()
    assert lines[0].split() == ["input", "class", "probability"]
    assert [line.split()[0] for line in lines[1:]] == ["a.jpg", *SORTED[1:]]
    assert len({line.index(" %") for line in lines[2:4]}) == 1
    assert sorted(map(len, lines[1:])) == list(map(len, lines[1:]))
    assert all(line.endswith(" %") for line in lines[1:])


def test_a_table_is_aligned_where_characters_are_wide() -> None:
    Path("pictures/a.jpg").rename("é日本.jpg")
    _, first, second = run("net.onnx", "é日本.jpg", "--top-k", "2").stdout.splitlines()
    assert first.index(" %") == second.index(" %") - len("日本")


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        (np.full(3, 0.5), False),
        (np.full(3, 2**31), False),
        (np.full(3, 2**31 - 1), True),
        (np.full(3, 7, np.uint64), True),
        (np.zeros(3, bool), True),
    ],
)
def test_numbers_that_the_input_does_not_hold_are_refused(
    folder: Path, given: Any, fits: bool
) -> None:
    predictor = specc.Predictor(exported(folder, "int32[N, 3]", "[{Rescaling: 0.5}]"))
    errors = list_errors(predictor, [given, np.zeros(3, np.int32)])
    assert len(errors) == (not fits)
    assert all("expected int32[N, 3], received" in str(error) for error in errors)


@pytest.mark.parametrize("suffix", ["png", "npy"])
def test_stdin_is_a_picture_or_an_array(suffix: str) -> None:
    if suffix == "npy":
        np.save("pictures/c.npy", np.asarray(Image.open("pictures/c.png")))
    given = Path(f"pictures/c.{suffix}").read_bytes()
    (found,) = json.loads(run("net.onnx", "-", "--json", input=given).stdout)
    (expected,) = json.loads(run("net.onnx", "pictures/c.png", "--json").stdout)
    assert found == {**expected, "input": "stdin"}


def test_names_cannot_write_to_the_terminal() -> None:
    Path("pictures/c.png").rename("\x1b[31mred.png")
    Path("\x1b[31mred.jpg").write_text("no picture", "utf-8")
    result = run("net.onnx", "*red.*")
    assert "\x1b" not in result.output
    assert "red.png" in result.stdout
    assert "red.jpg" in result.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_on_a_terminal_to_which_no_results_go(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(stdout: io.StringIO, stderr: io.StringIO) -> str:
        monkeypatch.setattr(sys, "stdout", stdout)
        monkeypatch.setattr(sys, "stderr", stderr)
        with counted(iter("abc"), lambda: 3) as items:
            sys.stderr.write("told\n")
            assert list(items) == ["a", "b", "c"]
        return stderr.getvalue()

    text = shown(io.StringIO(), Terminal())
    assert "3/3" in text
    assert "told\n" in text
    assert shown(io.StringIO(), io.StringIO()) == "told\n"
    assert shown(Terminal(), Terminal()) == "told\n"


def test_an_interrupt_exits_with_130() -> None:
    command = [sys.executable, "-m", "specc.cli", "predict", "net.onnx", "-"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin is not None
        process.stdin.write("x" * 2**20)  # more than a pipe holds: it has begun to read
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_model_that_tells_only_the_best_is_read_so(tmp_path: Path) -> None:
    spec = "specc: 1\ninputs: {x: 'float32[N, 5]'}\nlayers: [Identity]\n"
    (tmp_path / "net.yaml").write_text(spec, "utf-8")
    net = specc.load(tmp_path / "net.yaml")
    x = np.array([[0.1, 0.4, 0.2, 0.9, 0.3]], np.float32)
    names = ("a", "b", "c", "d", "e")
    cards = {
        "logits": ModelCard(names, output="logits", top_k=3),
        "probabilities": ModelCard(names, output="probabilities", top_k=3),
    }
    for output, card in cards.items():
        model = net.to_onnx(top_k=3, metadata=card.metadata())
        (found,) = specc.Predictor(model)(x, top_k=2)
        assert [(score.index, score.name) for score in found.scores] == [(3, "d"), (1, "b")]
        assert [score.value for score in found.scores] == pytest.approx([0.9, 0.4])
        assert found.kind == ("score" if output == "logits" else "probability")
