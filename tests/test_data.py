from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from specc.data.columns import ArrayColumn
from specc.data.dataset import Dataset
from specc.data.document import Arrays, Csv, Data, HuggingFace, Idx, ImageFolder, Parquet, Source
from specc.data.images import PictureFormat
from specc.data.opening import detected, open_data, with_path
from specc.data.preparing import Preprocessing
from specc.data.targets import class_weights
from specc.diagnostics import SpecError
from specc.inference.pictures import PictureInput
from specc.tensor import parse_tensor_type
from specc.training.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from specc.training.objectives import Objective

SPARSE, ONE_HOT = SparseCategoricalCrossentropy(), CategoricalCrossentropy()
BINARY, VALUES = BinaryCrossentropy(), MeanSquaredError()


def objective(loss: Loss, type: str, name: str = "y") -> Objective:
    output = parse_tensor_type(type)
    last = output.shape[-1]
    assert isinstance(last, int)
    classes = last if loss.task == "multiclass" else None
    if loss.task == "binary" and last == 1:
        classes = 2
    return Objective(name, output, loss, 1.0, (), loss.task, loss.labels, classes)


def opened(
    data: Data | Source | str | Path,
    input: str | Mapping[str, str],
    *targets: Objective,
    rescales: bool = False,
) -> Dataset:
    if isinstance(data, str | Path):
        data = with_path(None, str(data))
    if isinstance(data, Source):
        data = Data(source=data)
    inputs = {"x": input} if isinstance(input, str) else input
    types = {name: parse_tensor_type(type) for name, type in inputs.items()}
    return open_data(data, types, {each.output: each for each in targets}, rescales=rescales)


def fetch(dataset: Dataset, *rows: int) -> tuple[Any, Any]:
    """The first input and the first target of examples of the training split."""
    assert dataset.train is not None
    inputs, targets = dataset.train.fetch(np.array(rows, np.int64))
    return next(iter(inputs.values())), next(iter(targets.values()))


def fault(code: str, *parts: str) -> Any:
    """Expect a `SpecError` of that code whose text has all the parts."""
    pattern = "".join(f"(?=.*{part})" for part in parts)
    return pytest.raises(SpecError, match=f"(?s){pattern}(?=.*{code})")


def picture(path: Path, height: int = 6, width: int = 9, value: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width, 3), value, np.uint8)
    pixels[0, 0] = (255, 0, 0)
    Image.fromarray(pixels).save(path)
    return path


def folder(path: Path, counts: Mapping[str, int]) -> Path:
    for name, count in counts.items():
        (path / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(path / name / f"{number}.png", value=number)
    return path


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    datasets.disable_progress_bars()


# ── what a spec says ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data",
    [
        {"source": {"image_foldr": "x"}},
        {"source": {"csv": {"sep": ","}}},
        {"source": {"image_folder": {"path": "x", "image_size": (0, 5)}}},
        {"validation_split": 1.0},
        {"mean": (0.5, 0.5), "std": (1.0,)},
        {"std": (0.0,)},
        {"class_names": ("a", "a")},
        {"source": "csv", "validation": {"csv": "v.csv"}, "validation_split": 0.1},
    ],
)
def test_faulty_declarations_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Data.model_validate(data)


def test_a_scalar_is_the_path() -> None:
    data = Data.model_validate({"source": {"image_folder": "flowers"}})
    assert data.source == ImageFolder(path="flowers")


# ── folders of pictures ───────────────────────────────────────────────────────────────────────────


def test_image_folder(tmp_path: Path) -> None:
    folder(tmp_path, {"rose": 2, "daisy": 3})
    picture(tmp_path / "daisy" / "deeper" / "more.jpg")
    (tmp_path / "daisy" / "notes.txt").write_text("no picture", "utf-8")
    picture(tmp_path / "daisy" / ".hidden.png")
    picture(tmp_path / ".cache" / "0.png")
    dataset = opened(tmp_path, "float32[N, 4, 5, 3]", objective(SPARSE, "float32[N, 2]"))
    assert dataset.class_names == ("daisy", "rose")
    assert dataset.train is not None
    assert dataset.train.labels() is not None
    assert dataset.train.labels().tolist() == [0, 0, 0, 0, 1, 1]
    assert dataset.train.describe(3).endswith("daisy/deeper/more.jpg")
    x, y = fetch(dataset, 5, 0)
    assert (x.shape, x.dtype, y.tolist(), y.dtype) == ((2, 4, 5, 3), "float32", [1, 0], "int32")
    assert x[0, -1, -1, 0] == np.float32(1) * np.float32(1 / 255)
    assert dataset.preprocessing == Preprocessing((4, 5), 3, "bilinear", 1 / 255)
    assert dataset.check()["train"].by_class == {"daisy": 4, "rose": 2}


def test_splits_of_a_folder(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        folder(tmp_path / split, {"a": 2, "b": 1})
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    assert [len(split) for split in dataset.splits().values()] == [3, 3, 3]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    folder(tmp_path, {"bus": 1, "train": 1})
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    assert dataset.class_names == ("bus", "train")


def test_the_order_of_classes_can_be_said(tmp_path: Path) -> None:
    data = Data(
        source=ImageFolder(path=str(folder(tmp_path, {"a": 1, "b": 1}))), class_names=("b", "a")
    )
    dataset = opened(data, "float32[N, 4, 4, 3]", objective(BINARY, "float32[N, 1]"))
    _, y = fetch(dataset, 0, 1)
    assert (dataset.class_names, y.tolist()) == (("b", "a"), [[0.0], [1.0]])
    assert dataset.train is not None
    assert dataset.train.describe(0).endswith("b/0.png")


@pytest.mark.parametrize(
    ("type", "shape"),
    [
        ("float32[N, 4, 5, 1]", (1, 4, 5, 1)),
        ("float32[N, 4, 5]", (1, 4, 5)),
        ("float32[N, 4, 5, 4]", (1, 4, 5, 4)),
        ("uint8[N, 4, 5, 3]", (1, 4, 5, 3)),
        ("float16[N, 4, 5, 3]", (1, 4, 5, 3)),
    ],
)
def test_channels_and_dtype_are_the_inputs(
    type: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    dataset = opened(tmp_path, type, objective(SPARSE, "float32[N, 2]"))
    x, _ = fetch(dataset, 0)
    assert (x.shape, str(x.dtype)) == (shape, type.partition("[")[0])
    assert dataset.train is not None
    seen = dataset.train.picture(0)
    assert seen is not None
    assert (seen.dtype, seen.shape[:2]) == (np.uint8, (4, 5))


def test_a_network_that_rescales_gets_bytes_as_they_are(tmp_path: Path) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    target = objective(SPARSE, "float32[N, 2]")
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", target, rescales=True)
    assert dataset.preprocessing.scale == 1
    given = Data(source=ImageFolder(path=str(tmp_path)), scale=2.0, mean=(1.0,), std=(4.0,))
    x, _ = fetch(opened(given, "float32[N, 6, 9, 3]", target), 0)
    assert x[0, 0, 0].tolist() == [(255 * 2 - 1) / 4, -0.25, -0.25]


def test_sizes_that_vary_need_one(tmp_path: Path) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    target = objective(SPARSE, "float32[N, 2]")
    with fault("data-mismatch", "image_size"):
        opened(tmp_path, "float32[N, h, w, 3]", target)
    sized = ImageFolder(path=str(tmp_path), image_size=(7, 8), interpolation="nearest")
    assert fetch(opened(sized, "float32[N, h, w, 3]", target), 0)[0].shape == (1, 7, 8, 3)
    with fault("data-mismatch", r"no pictures of \[7, 8\]"):
        opened(sized, "float32[N, 4, 4, 3]", target)


def test_training_and_prediction_see_the_same_pixels(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (60, 80, 3), np.uint8)
    (tmp_path / "a").mkdir()
    tilted = Image.fromarray(pixels)
    exif = tilted.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    tilted.save(tmp_path / "a" / "tilted.jpg", exif=exif)
    Image.fromarray(pixels).resize((900, 700)).save(tmp_path / "a" / "large.jpg")
    Image.fromarray(pixels).save(tmp_path / "a" / "plain.webp")
    folder(tmp_path, {"b": 1})
    dataset = opened(tmp_path, "float32[N, 20, 30, 3]", objective(SPARSE, "float32[N, 2]"))
    taken = PictureInput.of((None, 20, 30, 3), "channels_last", dataset.preprocessing)
    assert taken is not None
    for row, name in enumerate(("large.jpg", "plain.webp", "tilted.jpg")):
        predicted = taken.read((tmp_path / "a" / name).read_bytes(), "float32")
        np.testing.assert_array_equal(predicted, fetch(dataset, row)[0])


def test_pictures_stand_upright_and_keep_16_bits(tmp_path: Path) -> None:
    pixels = np.zeros((2, 3), np.uint8)
    pixels[0, 0] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "down.png", exif=exif)
    grey = PictureFormat(1, None, None)
    assert grey.decode(tmp_path / "down.png")[..., 0].tolist() == pixels[::-1, ::-1].tolist()
    deep = io.BytesIO()
    Image.fromarray(np.array([[0, 0x1234, 0xFFFF]], np.uint16)).save(deep, "PNG")
    assert grey.decode(deep.getvalue())[..., 0].tolist() == [[0, 0x12, 255]]


def test_large_jpegs_decoded_small_look_the_same(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 800, dtype=np.uint8)
    Image.fromarray(np.stack([np.tile(ramp, (800, 1))] * 3, -1)).save(tmp_path / "ramp.jpg")
    drafted = PictureFormat(3, 50, 50).decode(tmp_path / "ramp.jpg").astype(int)
    with Image.open(tmp_path / "ramp.jpg") as image:
        whole = np.asarray(image.resize((50, 50), Image.Resampling.BILINEAR)).astype(int)
    assert abs(drafted - whole).max() <= 2


def test_links_out_of_the_folder_are_followed_and_circles_are_not(tmp_path: Path) -> None:
    folder(tmp_path / "data", {"a": 1, "b": 1})
    picture(tmp_path / "elsewhere" / "far.png")
    (tmp_path / "data" / "a" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "b" / "up").symlink_to(tmp_path / "data")
    dataset = opened(tmp_path / "data", "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    assert dataset.check()["train"].by_class["a"] == 2


@pytest.mark.parametrize("content", [b"no picture", b"", b"\xff\xd8\xff\xe0 not a JPEG"])
def test_what_is_no_picture_is_named(content: bytes, tmp_path: Path) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    (tmp_path / "a" / "bad.jpg").write_bytes(content)
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    with fault("data-unreadable", "bad.jpg"):
        fetch(dataset, 1)
    with fault("data-unreadable", "bad.jpg"):
        dataset.check()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_truncated_picture_is_named(suffix: str, tmp_path: Path) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    noise = np.random.default_rng(0).integers(0, 256, (99, 99, 3), np.uint8)
    whole = tmp_path / "a" / f"cut{suffix}"
    Image.fromarray(noise).save(whole)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    with fault("data-unreadable", f"cut{suffix}", "truncated"):
        fetch(dataset, 1)


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    with fault("data-unreadable", "0.png", "exceeds limit"):
        fetch(dataset, 0)


def test_all_bad_headers_are_told_at_once(tmp_path: Path) -> None:
    folder(tmp_path, {"a": 1, "b": 1})
    for name in ("one.png", "two.png"):
        (tmp_path / "a" / name).write_text("no picture", "utf-8")
    dataset = opened(tmp_path, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    with fault("data-unreadable", "one.png", "two.png", "2 errors"):
        dataset.check()


def test_faults_of_folders(tmp_path: Path) -> None:
    target = objective(SPARSE, "float32[N, 2]")
    image = "float32[N, 4, 4, 3]"
    with fault("data-not-found", "there is no folder"):
        opened(ImageFolder(path=str(tmp_path / "nowhere")), image, target)
    with fault("data-not-found", "no subfolder"):
        opened(ImageFolder(path=str(tmp_path)), image, target)
    (tmp_path / "a").mkdir()
    with fault("data-not-found", "hold no picture"):
        opened(ImageFolder(path=str(tmp_path)), image, target)
    folder(tmp_path, {"b": 1})
    with fault("class-mismatch", "`a` is empty"):
        opened(ImageFolder(path=str(tmp_path)), image, target)
    with fault("data-not-found", "is a file"):
        opened(ImageFolder(path=str(tmp_path / "b" / "0.png")), image, target)
    picture(tmp_path / "a" / "0.png")
    with fault("class-mismatch", "3 classes", "has 2"):
        opened(tmp_path, image, objective(SPARSE, "float32[N, 3]"))
    with fault("data-mismatch", "expected an input"):
        opened(tmp_path, "float32[N, 7]", target)
    with fault("data-mismatch", "2 inputs"):
        opened(tmp_path, {"left": image, "right": image}, target)
    with fault("data-mismatch", "data.mean needs 3"):
        opened(Data(source=ImageFolder(path=str(tmp_path)), mean=(1.0, 2.0)), image, target)
    named = Data(source=ImageFolder(path=str(tmp_path)), class_names=("a", "c"))
    with fault("class-mismatch", "`b`, which is no class"):
        opened(named, image, target)


def test_classes_of_training_and_validation_agree(tmp_path: Path) -> None:
    target = objective(SPARSE, "float32[N, 2]")
    folder(tmp_path / "train", {"a": 2, "b": 2})
    folder(tmp_path / "val", {"a": 1})
    with fault("class-mismatch", "`b` is missing from validation"):
        opened(tmp_path, "float32[N, 4, 4, 3]", target)
    folder(tmp_path / "val", {"b": 1, "c": 1})
    with fault("class-mismatch", "the validation split has the class `c`"):
        opened(tmp_path, "float32[N, 4, 4, 3]", target)


# ── splitting ─────────────────────────────────────────────────────────────────────────────────────


def splitting(tmp_path: Path, share: float, counts: Mapping[str, int], seed: int = 0) -> Dataset:
    source = ImageFolder(path=str(folder(tmp_path, counts)))
    data = Data(source=source, validation_split=share, seed=seed)
    target = objective(SPARSE, f"float32[N, {len(counts)}]")
    return opened(data, "float32[N, 4, 4, 3]", target)


def members(dataset: Dataset) -> tuple[set[str], set[str]]:
    assert dataset.train is not None
    assert dataset.validation is not None
    train, validation = (
        {split.describe(index) for index in range(len(split))}
        for split in (dataset.train, dataset.validation)
    )
    return train, validation


def test_the_split_is_stratified_disjoint_and_repeatable(tmp_path: Path) -> None:
    dataset = splitting(tmp_path, 0.25, {"a": 8, "b": 16})
    counts = {name: census.by_class for name, census in dataset.check().items()}
    assert counts == {"train": {"a": 6, "b": 12}, "validation": {"a": 2, "b": 4}}
    train, validation = members(dataset)
    assert not train & validation
    assert len(train | validation) == 24
    assert members(splitting(tmp_path, 0.25, {"a": 8, "b": 16})) == (train, validation)
    assert members(splitting(tmp_path, 0.25, {"a": 8, "b": 16}, seed=1)) != (train, validation)


def test_a_split_that_leaves_a_class_out_is_refused(tmp_path: Path) -> None:
    with fault("class-mismatch", "`a` has 1 example"):
        splitting(tmp_path / "single", 0.5, {"a": 1, "b": 5})
    with fault("class-mismatch", "each of 2 classes", "1 to validate"):
        splitting(tmp_path / "few", 0.1, {"a": 6, "b": 6})
    with fault("class-mismatch", "`a` is missing from validation"):
        splitting(tmp_path / "rare", 0.1, {"a": 2, "b": 60})
    with fault("data-mismatch", "leaves a part empty"):
        splitting(tmp_path / "tiny", 0.1, {"a": 2, "b": 2})


def test_a_split_of_the_path_goes_first(tmp_path: Path) -> None:
    for split in ("train", "val"):
        folder(tmp_path / split, {"a": 4, "b": 4})
    dataset = splitting(tmp_path / "train", 0.25, {"a": 4, "b": 4})
    assert len(members(dataset)[1]) == 2
    data = Data(source=ImageFolder(path=str(tmp_path)), validation_split=0.25)
    dataset = opened(data, "float32[N, 4, 4, 3]", objective(SPARSE, "float32[N, 2]"))
    assert [len(split) for split in dataset.splits().values()] == [8, 8]


# ── arrays ────────────────────────────────────────────────────────────────────────────────────────


def save(path: Path, **arrays: Any) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return path
    path.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


@pytest.mark.parametrize("name", ["data.npz", "data"])
def test_arrays(name: str, tmp_path: Path) -> None:
    x = np.arange(24, dtype=np.float64).reshape(6, 4)
    y = np.array([0, 1, 2, 0, 1, 2])
    path = save(tmp_path / name, x_train=x, y_train=y, x_val=x[:2], y_val=y[:2], notes=x)
    dataset = opened(path, "float32[N, 4]", objective(ONE_HOT, "float32[N, 3]"))
    fetched, target = fetch(dataset, 5, 1)
    assert fetched.tolist() == x[[5, 1]].tolist()
    assert target.tolist() == [[0, 0, 1], [0, 1, 0]]
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.validation is not None
    assert len(dataset.validation) == 2
    assert "example 5 of" in dataset.splits()["train"].describe(5)


def test_npy_files_are_mapped_not_read(tmp_path: Path) -> None:
    path = save(tmp_path / "data", x=np.zeros((5, 3), np.float32), y=np.zeros((5, 1), np.float32))
    dataset = opened(path, "float32[N, 3]", objective(VALUES, "float32[N, 1]"))
    assert dataset.train is not None
    column: Any = dataset.train.inputs["x"].column
    assert isinstance(column.array, np.memmap)
    assert type(fetch(dataset, 0)[0]) is np.ndarray


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_a_large_file_are_the_same(
    order: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is too large for the system's cache is announced to it row by row."""
    values = np.arange(3000 * 7, dtype=np.int32).reshape(3000, 7)
    np.save(tmp_path / "x.npy", np.asarray(values, order=order))
    raw = tmp_path / "raw"
    raw.write_bytes(b"\0" * 5000 + values.tobytes())
    monkeypatch.setattr("specc.data.columns.RESIDENT_BYTES", 1000)
    rows = np.array([2999, 0, 1500, 2999])
    for mapped in (
        np.load(tmp_path / "x.npy", "r"),
        np.memmap(raw, np.int32, "r", 5000, values.shape),
    ):
        column = ArrayColumn(mapped)
        assert not column.quick
        np.testing.assert_array_equal(column.take(rows), values[rows])


def test_several_inputs_and_outputs_by_name(tmp_path: Path) -> None:
    rows = np.ones((4, 2), np.float32)
    path = save(tmp_path / "d.npz", left=rows, other=rows * 2, age=rows[:, 0], kind=[0, 1, 1, 0])
    source = Arrays(path=str(path), inputs={"right": "other"})
    targets = objective(VALUES, "float32[N, 1]", "age"), objective(SPARSE, "float32[N, 2]", "kind")
    types = {"left": "float32[N, 2]", "right": "float32[N, 2]"}
    split = opened(source, types, *targets).train
    assert split is not None
    inputs, found = split.fetch(np.array([0, 1]))
    assert inputs["right"].tolist() == [[2, 2], [2, 2]]
    assert {name: target.tolist() for name, target in found.items()} == {
        "age": [[1], [1]],
        "kind": [0, 1],
    }
    labels = split.labels()
    assert labels is not None
    assert labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("loss", "type", "given", "expected"),
    [
        (SPARSE, "float32[N, 3]", [2, 0], [2, 0]),
        (SPARSE, "float32[N, 3]", [[2.0], [0.0]], [2, 0]),
        (SPARSE, "float32[N, 3]", [[0, 0, 1], [1, 0, 0]], [2, 0]),
        (SPARSE, "float32[N, 2]", ["no", "yes"], [0, 1]),
        (ONE_HOT, "float32[N, 3]", [2, 0], [[0, 0, 1], [1, 0, 0]]),
        (ONE_HOT, "float32[N, 2]", [[0.25, 0.75], [1, 0]], [[0.25, 0.75], [1, 0]]),
        (BINARY, "float32[N, 1]", [True, False], [[1], [0]]),
        (BINARY, "float32[N, 1]", [0.25, 1.0], [[0.25], [1]]),
        (BINARY, "float32[N, 3]", [[1, 0, 1], [0, 0, 0]], [[1, 0, 1], [0, 0, 0]]),
        (VALUES, "float32[N, 1]", [2, 7], [[2], [7]]),
        (VALUES, "float32[N, 3]", [2, 0], [[0, 0, 1], [1, 0, 0]]),
        (VALUES, "float32[N, 2]", [[1.5, 2], [3, 4]], [[1.5, 2], [3, 4]]),
        (SPARSE, "float32[N, 2, 3]", [[0, 2], [1, 1]], [[0, 2], [1, 1]]),
        (ONE_HOT, "float32[N, 1, 2]", [[0], [1]], [[[1, 0]], [[0, 1]]]),
    ],
)
def test_targets_take_the_form_of_the_loss(
    loss: Loss, type: str, given: Any, expected: Any, tmp_path: Path
) -> None:
    path = save(tmp_path / "d.npz", x=np.zeros((2, 1), np.float32), y=np.array(given))
    _, y = fetch(opened(path, "float32[N, 1]", objective(loss, type)), 0, 1)
    assert y.tolist() == expected
    assert y.dtype == (np.int32 if loss.labels == "int" else np.float32)


@pytest.mark.parametrize(
    ("loss", "type", "given", "parts"),
    [
        (SPARSE, "float32[N, 3]", [0, 3], ("example 1 of", "from 0 to 2, received 3")),
        (SPARSE, "float32[N, 3]", [-1, 0], ("example 0 of", "received -1")),
        (SPARSE, "float32[N, 3]", [0.5, 1.0], ("example 0 of", "received 0.5")),
        (BINARY, "float32[N, 1]", [0, 2], ("from 0 to 1, received 2",)),
    ],
)
def test_labels_out_of_range(
    loss: Loss, type: str, given: Any, parts: tuple[str, ...], tmp_path: Path
) -> None:
    path = save(tmp_path / "d.npz", x=np.zeros((2, 1), np.float32), y=np.array(given))
    with fault("label-out-of-range", *parts):
        opened(path, "float32[N, 1]", objective(loss, type))


def test_dense_labels_out_of_range_are_found_when_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "d.npz", x=np.zeros((2, 1), np.float32), y=np.array([[0, 1], [1, 7]]))
    dataset = opened(path, "float32[N, 1]", objective(SPARSE, "float32[N, 2, 3]"))
    with fault("label-out-of-range", "example 1 of", "received 7"):
        fetch(dataset, 0, 1)


def test_faults_of_arrays(tmp_path: Path) -> None:
    target = objective(SPARSE, "float32[N, 2]")
    x, y = np.zeros((3, 4), np.float32), np.array([0, 1, 0])
    with fault("data-mismatch", r"float32\[N, 5\]", r"float32\[N, 4\]"):
        opened(save(tmp_path / "a.npz", x=x, y=y), "float32[N, 5]", target)
    with fault("data-mismatch", "x: 3, y: 2"):
        opened(save(tmp_path / "b.npz", x=x, y=y[:2]), "float32[N, 4]", target)
    with fault("missing-column", "`y`"):
        opened(save(tmp_path / "c.npz", x=x), "float32[N, 4]", target)
    with fault("missing-column", "no array `imag`", "did you mean `image`"):
        path = save(tmp_path / "d.npz", image=x, y=y)
        opened(Arrays(path=str(path), inputs="imag"), "float32[N, 4]", target)
    with fault("missing-column", "no input `z`"):
        opened(Arrays(path=str(path), inputs={"z": "image"}), "float32[N, 4]", target)
    with fault("data-mismatch", "is one number"):
        opened(save(tmp_path / "e.npz", x=np.float32(3), y=y), "float32[N, 4]", target)
    with fault("data-mismatch", "expected integers"):
        opened(save(tmp_path / "f.npz", x=x, y=y), "int32[N, 4]", target)
    with fault("data-mismatch", "expected numbers"):
        opened(save(tmp_path / "g.npz", x=x.astype(str), y=y), "float32[N, 4]", target)
    with fault("data-not-found", "no example"):
        opened(save(tmp_path / "h.npz", x=x[:0], y=y[:0]), "float32[N, 4]", target)
    with fault("data-mismatch", "trains the output `y`"):
        opened(save(tmp_path / "i.npz", x=x, y=x), "float32[N, 4]", target)


@pytest.mark.parametrize("name", ["data.npz", "data"])
def test_pickled_arrays_are_refused(name: str, tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None], object)
    path = save(tmp_path / name, x=objects, y=np.array([0, 1]))
    with fault("data-unreadable", "Python objects"):
        opened(path, "float32[N, 4]", objective(SPARSE, "float32[N, 2]"))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 broken", pickle.dumps({"x": 1}), b"text"])
def test_damaged_archives_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with fault("data-unreadable", "bad.npz"):
        opened(tmp_path / "bad.npz", "float32[N, 4]", objective(SPARSE, "float32[N, 2]"))


# ── idx ───────────────────────────────────────────────────────────────────────────────────────────


def idx(path: Path, array: Any) -> Path:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def mnist(path: Path, suffix: str) -> Path:
    path.mkdir(exist_ok=True)
    for split, count in (("train", 6), ("t10k", 4)):
        idx(path / f"{split}-images-idx3-ubyte{suffix}", np.full((count, 3, 2), 255))
        idx(path / f"{split}-labels-idx1-ubyte{suffix}", np.arange(count) % 2)
    return path


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx(suffix: str, tmp_path: Path) -> None:
    dataset = opened(
        mnist(tmp_path, suffix), "float32[N, 3, 2, 1]", objective(SPARSE, "float32[N, 2]")
    )
    x, y = fetch(dataset, 1)
    assert (x.shape, float(x.max()), y.tolist()) == ((1, 3, 2, 1), 1.0, [1])
    assert dataset.test is not None
    assert len(dataset.test) == 4
    column: Any = dataset.splits()["train"].inputs["x"].column
    assert isinstance(column.array, np.memmap) == (not suffix)


def test_faults_of_idx(tmp_path: Path) -> None:
    target = objective(SPARSE, "float32[N, 2]")

    def reopened() -> Dataset:
        return opened(tmp_path, "float32[N, 3, 2]", target)

    with fault("data-not-found", "there is no folder"):
        opened(Idx(path=str(tmp_path / "nowhere")), "float32[N, 3, 2]", target)
    mnist(tmp_path, "")
    images = tmp_path / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    images.write_bytes(whole[:-1])
    with fault("data-unreadable", "expected 52 bytes", "received 51"):
        reopened()
    images.write_bytes(b"\x89PNG" + whole)
    with fault("data-unreadable", "89 50 4e 47"):
        reopened()
    images.write_bytes(whole[:9])
    with fault("data-unreadable", "ends in its header"):
        reopened()
    images.unlink()
    with fault("data-not-found", "no images of the train split"):
        reopened()
    packed = images.with_name(f"{images.name}.gz")
    packed.write_bytes(gzip.compress(whole[:4] + b"\x7f\xff\xff\xff" * 3))
    with fault("data-unreadable", "cannot hold"):
        reopened()
    packed.write_bytes(gzip.compress(whole)[:-12])
    with fault("data-unreadable", "idx3-ubyte.gz"):
        reopened()
    packed.write_bytes(gzip.compress(whole + b"more"))
    with fault("data-unreadable", "received more than"):
        reopened()
    idx(images, np.zeros((5, 3, 2)))
    with fault("data-mismatch", "images: 5, labels: 6"):
        reopened()


# ── tables ────────────────────────────────────────────────────────────────────────────────────────

ROWS = [(1, 2.5, "cat"), (3, 4.5, "dog"), (5, 6.5, "cat")]


def csv(path: Path, rows: Any = ROWS) -> Path:
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(["a,b,label", *lines]), "utf-8")
    return path


def test_csv(tmp_path: Path) -> None:
    path = csv(tmp_path / "pets.csv")
    dataset = opened(path, "float32[N, 2]", objective(SPARSE, "float32[N, 2]"))
    x, y = fetch(dataset, 2, 1)
    assert (x.tolist(), y.tolist()) == ([[5, 6.5], [3, 4.5]], [0, 1])
    assert dataset.class_names == ("cat", "dog")
    assert dataset.splits()["train"].describe(0) == "row 1 of pets.csv"
    assert x.dtype == np.float32
    assert fetch(dataset)[0].shape == (0, 2)


def test_columns_by_name(tmp_path: Path) -> None:
    source = Csv(path=str(csv(tmp_path / "d.csv")), inputs={"x": ("b", "a")}, targets="b")
    x, y = fetch(opened(source, "float32[N, 2]", objective(VALUES, "float32[N, 1]")), 0)
    assert (x.tolist(), y.tolist()) == ([[2.5, 1]], [[2.5]])


def test_a_folder_of_csv_files(tmp_path: Path) -> None:
    csv(tmp_path / "train.csv")
    csv(tmp_path / "test.csv", ROWS[1:2])
    dataset = opened(tmp_path, "float32[N, 2]", objective(SPARSE, "float32[N, 2]"))
    assert dataset.test is not None
    labels = dataset.test.labels()
    assert labels is not None
    assert labels.tolist() == [1]  # `dog` as training numbers it, though alone here
    csv(tmp_path / "test.csv", [(1, 2.0, "fox")])
    with fault("class-mismatch", "the test split has the class `fox`"):
        opened(tmp_path, "float32[N, 2]", objective(SPARSE, "float32[N, 2]"))


def test_faults_of_tables(tmp_path: Path) -> None:
    target = objective(SPARSE, "float32[N, 2]")
    path = csv(tmp_path / "d.csv")
    with fault("missing-column", "no column `labl`", "did you mean `label`"):
        opened(Csv(path=str(path), targets="labl"), "float32[N, 2]", target)
    with fault("data-mismatch", "expected numbers in the column `label`"):
        source = Csv(path=str(path), inputs="label", targets="a")
        opened(source, "float32[N, 1]", objective(VALUES, "float32[N, 1]"))
    with fault("data-not-found", "no file"):
        opened(Csv(path=str(tmp_path / "nowhere.csv")), "float32[N, 2]", target)
    (tmp_path / "empty.csv").write_text("", "utf-8")
    with fault("data-unreadable", "empty.csv"):
        opened(tmp_path / "empty.csv", "float32[N, 2]", target)
    with fault("data-mismatch", "row 2 of gap.csv has no value in `label`"):
        opened(csv(tmp_path / "gap.csv", [(1, 2, "a"), (1, 2, "")]), "float32[N, 2]", target)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    with fault("data-unreadable", "bad.parquet"):
        opened(tmp_path / "bad.parquet", "float32[N, 2]", target)


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_column_of_paths_gives_pictures(name: str, tmp_path: Path) -> None:
    for value in (10, 200):
        picture(tmp_path / "photos" / f"{value}.png", value=value)
    table = {"photo": ["photos/200.png", "photos/10.png"], "label": ["dog", "cat"]}
    file = tmp_path / f"train.{name}"
    getattr(datasets.Dataset.from_dict(table), f"to_{name}")(str(file))
    dataset = opened(file, "float32[N, 4, 4, 1]", objective(SPARSE, "float32[N, 2]"))
    dataset.check()
    values, labels = fetch(dataset, 0, 1)
    assert values.shape == (2, 4, 4, 1)
    assert values[:, -1, -1, 0] == pytest.approx([200 / 255, 10 / 255], abs=0.01)
    assert labels.tolist() == [1, 0]
    assert dataset.preprocessing.image_size == (4, 4)


@pytest.mark.parametrize("path", ["../secret.png", "a/../../secret.png", "{root}/secret.png"])
def test_a_path_in_a_table_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png")
    (tmp_path / "data").mkdir()
    rows = [(path.format(root=tmp_path), 7, 0), ("none.png", 7, 1)]
    table = csv(tmp_path / "data" / "train.csv", rows)
    source = Csv(path=str(table), inputs="a")
    dataset = opened(source, "float32[N, 4, 4, 1]", objective(SPARSE, "float32[N, 2]"))
    with fault("data-unreadable", r"row 1 of train\.csv.*secret", "below the folder"):
        fetch(dataset, 0)
    with fault("data-unreadable", "row 1 of", r"row 2 of train\.csv: none\.png: No such file"):
        dataset.check()


def pets() -> Any:
    generator = np.random.default_rng(0)
    columns = {
        "image": [generator.integers(0, 256, (6, 5, 3), np.uint8) for _ in range(4)],
        "kind": [1, 0, 1, 1],
        "vector": [[1.0, 2.0]] * 4,
    }
    features = {
        "image": datasets.Image(),
        "kind": datasets.ClassLabel(names=["cat", "dog"]),
        "vector": datasets.List(datasets.Value("float32")),
    }
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


@pytest.fixture(params=["disk", "parquet"])
def pets_source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    if request.param == "disk":
        datasets.DatasetDict({"train": pets()}).save_to_disk(tmp_path / "pets")
        yield HuggingFace(path=str(tmp_path / "pets"), targets="kind")
    else:
        pets().to_parquet(tmp_path / "pets.parquet")
        yield Parquet(path=str(tmp_path / "pets.parquet"), targets="kind")


def test_pictures_and_class_labels_of_features(pets_source: Source) -> None:
    image = {"image": "float32[N, 6, 5, 3]"}
    dataset = opened(pets_source, image, objective(SPARSE, "float32[N, 2]"))
    assert dataset.class_names == ("cat", "dog")
    x, y = fetch(dataset, 1, 0)
    assert y.tolist() == [0, 1]
    expected = np.asarray(pets()[1]["image"]).astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(x[0], expected)
    assert dataset.check()["train"].by_class == {"cat": 1, "dog": 3}
    vector = opened(pets_source, {"vector": "float32[N, 2]"}, objective(SPARSE, "float32[N, 2]"))
    assert fetch(vector, 0, 3)[0].tolist() == [[1, 2], [1, 2]]


def test_faults_of_hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = objective(SPARSE, "float32[N, 2]")
    with fault("data-not-found", "save_to_disk"):
        opened(HuggingFace(path=str(tmp_path)), "float32[N, 2]", target)
    with fault("data-not-found", "no name on the hub"):
        opened(HuggingFace(path=str(tmp_path / "no where")), "float32[N, 2]", target)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with fault("data-unreadable", "no/such-data"):
        opened(HuggingFace(path="no/such-data"), "float32[N, 2]", target)
    datasets.DatasetDict({"all": pets()}).save_to_disk(tmp_path / "pets")
    with fault("data-not-found", "no split", "`all`"):
        opened(HuggingFace(path=str(tmp_path / "pets")), "float32[N, 2]", target)


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def test_formats_are_detected(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=np.zeros(1))
    save(tmp_path / "b", x=np.zeros(1))
    csv(tmp_path / "c.csv")
    mnist(tmp_path / "d", ".gz")
    folder(tmp_path / "e", {"x": 1})
    pets().save_to_disk(tmp_path / "f")
    found = [detected(tmp_path / name).name for name in ("a.npz", "b", "c.csv", "d", "e", "f")]
    assert found == ["arrays", "arrays", "csv", "idx", "image_folder", "hugging_face"]
    csv(tmp_path / "e" / "train.csv")
    with fault("data-format", "`csv` or `image_folder`"):
        detected(tmp_path / "e")
    (tmp_path / "notes.txt").write_text("", "utf-8")
    with fault("data-format", "no data in a format"):
        detected(tmp_path / "notes.txt")
    with fault("data-not-found", "nowhere"):
        detected(tmp_path / "nowhere")


def test_a_path_replaces_that_of_the_spec(tmp_path: Path) -> None:
    folder(tmp_path / "e", {"x": 1})
    csv(tmp_path / "e" / "train.csv")
    sized = Data(source=ImageFolder(path="elsewhere", image_size=(3, 4)))
    path = str(tmp_path / "e")
    assert with_path(sized, path).source == ImageFolder(path=path, image_size=(3, 4))
    path = str(csv(tmp_path / "c.csv"))
    assert with_path(sized, path).source == Csv(path=path)


def test_data_without_a_path_asks_for_one() -> None:
    target = objective(SPARSE, "float32[N, 2]")
    for data in (Data(), Data(source=ImageFolder())):
        with fault("data-not-found", "--data PATH"):
            opened(data, "float32[N, 4, 4, 3]", target)


def test_other_sources_validate_and_test(tmp_path: Path) -> None:
    x, y = np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1])
    data = Data(
        source=Arrays(path=str(save(tmp_path / "a.npz", x=x, y=y))),
        validation=Arrays(path=str(save(tmp_path / "b.npz", x=x[:3], y=y[:3]))),
        test=Arrays(path=str(save(tmp_path / "c.npz", x_test=x[:2], y_test=y[:2]))),
    )
    dataset = opened(data, "float32[N, 2]", objective(SPARSE, "float32[N, 2]"))
    assert [len(split) for split in dataset.splits().values()] == [4, 3, 2]


def test_preprocessing_goes_through_json() -> None:
    import json

    record = Preprocessing((4, 5), 3, "bicubic", 0.5, (1.0,), (2.0,))
    assert Preprocessing.of_json(json.loads(json.dumps(record.as_json()))) == record


def test_class_weights_are_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(class_weights(labels, 3), expected)
    assert class_weights(labels, 4)[3] == 0
