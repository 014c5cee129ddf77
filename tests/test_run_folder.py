"""The folder of a run: made once, opened again, resumed with what it began with, used as a spec."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.data.preparing import Preprocessing
from specc.diagnostics import SpecError
from specc.locating import locate
from specc.network import Network
from specc.training.folder import Row, RunFolder
from specc.training.run import (
    Run,
    create_run,
    default_run_path,
    open_run,
    require_free,
    require_resumable,
    resume_run,
)

SPEC = """\
specc: 1
name: digits
params: {units: 8}
inputs: {image: "float32[N, 4, 4, 3]"}
layers:
  - Conv2D: {filters: "${units}", kernel_size: 3}
  - Flatten
  - Dense: 3
    name: logits
train:
  optimizer: {adam: {learning_rate: 1.0e-7}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 2
data:
  source: {image_folder: pictures}
"""

CLASSES = ("cat", "dog", "owl")
PREPROCESSING = Preprocessing((4, 4), 3, "bilinear", 1 / 255, (0.5, 0.4, 0.3), (0.2,) * 3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a spec."""
    monkeypatch.chdir(tmp_path)
    Path("digits.yaml").write_text(SPEC, "utf-8")
    return tmp_path


def begin(path: str = "run", network: Network | None = None, **fields: Any) -> RunFolder:
    network = network or specc.load("digits.yaml")
    assert network.train is not None
    assert network.data is not None
    return create_run(
        Path(path),
        network,
        backend="pytorch",
        train=network.train,
        data=network.data,
        class_names=CLASSES,
        preprocessing=PREPROCESSING,
        **fields,
    )


def resume(
    network: Network,
    path: str = "run",
    backend: str = "pytorch",
    history: Sequence[Row] = (),
) -> Run:
    assert network.train is not None
    assert network.data is not None
    kept: Any = {"train": network.train, "data": network.data}
    require_resumable(Path(path), network, backend=backend, class_names=CLASSES, **kept)
    resume_run(Path(path), network, history=history, **kept)
    return open_run(path)


def error(action: Any, *arguments: Any, **options: Any) -> str:
    """The text of the error that an action ends in, with its code."""
    with pytest.raises(SpecError) as found:
        action(*arguments, **options)
    return "\n".join([str(each) for each in found.value.report.diagnostics])


def test_a_run_is_opened_as_it_was_begun() -> None:
    begin(device="cpu", precision="float32")
    run = open_run("run")
    given = specc.load("digits.yaml")
    assert (run.train, run.data) == (given.train, given.data)
    assert str(run.network.graph) == str(given.graph)
    assert (run.backend, run.name, run.path) == ("pytorch", "run", Path("run"))
    assert (run.class_names, run.preprocessing) == (CLASSES, PREPROCESSING)
    assert (run.record.device, run.record.precision) == ("cpu", "float32")
    assert (run.record.status, run.record.epochs, run.history) == ("running", 0, [])


def test_the_record_says_what_the_run_was_made_with() -> None:
    from hashlib import sha256
    from importlib.metadata import version

    run = begin()
    record = json.loads(run.record.read_text("utf-8"))
    assert record["format"] == 1
    assert record["spec_sha256"] == sha256(run.spec.read_bytes()).hexdigest()
    assert record["environment"]["specc"] == version("specc")
    assert {"python", "platform", "numpy"} <= set(record["environment"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record["created"])


def test_the_spec_of_a_run_stands_alone_with_every_default() -> None:
    network = specc.load("digits.yaml", params={"units": 2}, train={"batch_size": 7})
    text = begin(network=network).spec.read_text("utf-8")
    Path("digits.yaml").unlink()
    opened = open_run("run")
    assert opened.network.graph.params == {"units": 2}
    assert (opened.train, opened.data) == (network.train, network.data)
    assert "learning_rate: 1e-07" in text
    assert "beta_1: 0.9" in text
    assert "seed: 0" in text


def test_the_record_is_updated_field_by_field() -> None:
    run = begin()
    run.update_record(epochs=1, best={"epoch": 1, "monitor": "val_loss", "value": 0.25})
    record = run.update_record(status="completed")
    assert record == run.read_record()
    assert record.best is not None
    assert (record.epochs, record.best.value, record.status) == (1, 0.25, "completed")
    with pytest.raises(ValueError, match="epoch"):
        run.update_record(epoch=1)
    assert run.read_record() == record


def test_the_history_comes_back_exactly() -> None:
    run = begin()
    assert run.read_history() == []
    rows = [
        {"epoch": 1, "learning_rate": 1e-7, "loss": 0.1 + 0.2, "val_loss": 1e300},
        {"epoch": 2, "learning_rate": 1.0, "loss": 5e-324, "val_loss": math.inf},
        {"epoch": 3, "learning_rate": 1.0, "loss": 1.0, "val_loss": 1.0, "late": 2.0},
    ]
    run.write_history(rows)
    assert run.read_history() == rows
    assert (
        run.history.read_text("utf-8").splitlines()[0] == "epoch,learning_rate,loss,val_loss,late"
    )
    assert isinstance(run.read_history()[0]["epoch"], int)


@pytest.mark.parametrize("text", ["epoch,loss\n1,much\n", "epoch,loss\n1,2,3\n", "\xff"])
def test_a_damaged_history_is_refused(text: str) -> None:
    run = begin()
    run.history.write_bytes(text.encode("latin-1"))
    assert "[not-a-run]" in error(open_run, "run")
    assert "history.csv" in error(open_run, "run")


# Where a run may begin


def test_a_run_without_a_folder_gets_one_of_its_own() -> None:
    assert default_run_path("digits") == Path("runs/digits")
    begin("runs/digits")
    assert default_run_path("digits") == Path("runs/digits-2")
    Path("runs/digits-2").mkdir()
    assert default_run_path("digits") == Path("runs/digits-3")


def test_a_run_takes_no_folder_with_something_in_it() -> None:
    begin()
    before = Path("run/run.json").read_bytes()
    assert "[run-exists]: there is a run in run" in error(begin)
    assert Path("run/run.json").read_bytes() == before
    Path("full").mkdir()
    Path("full/thesis.txt").touch()
    assert "[run-exists]: the folder full is not empty" in error(begin, "full")
    assert [path.name for path in Path("full").iterdir()] == ["thesis.txt"]
    Path("empty").mkdir()
    require_free(Path("empty"))
    begin("empty")


@pytest.mark.parametrize("path", ["digits.yaml", "digits.yaml/run", "nul\0"])
def test_a_run_needs_a_folder_that_can_be_written(path: str) -> None:
    assert "[unwritable]" in error(begin, path)


# What is no run


def test_what_is_no_run_is_refused() -> None:
    Path("other").mkdir()
    assert "[not-a-run]" in error(open_run, "missing")
    assert "there is no folder missing" in error(open_run, "missing")
    assert "other has no run.json" in error(open_run, "other")
    assert "[not-a-run]" in error(open_run, "digits.yaml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid JSON"),
        ('{"format": 1', "Invalid JSON"),
        ("[]", "run.json"),
        ('{"format": 2}', "format"),
        ('{"format": 1, "name": 5}', "name"),
    ],
)
def test_a_damaged_record_is_refused(text: str, reason: str) -> None:
    begin().record.write_text(text, "utf-8")
    found = error(open_run, "run")
    assert "[not-a-run]" in found
    assert reason in found


def test_a_run_needs_its_spec() -> None:
    run = begin()
    text = run.spec.read_text("utf-8")
    run.spec.write_text(text.partition("\ntrain:")[0], "utf-8")
    assert "[not-a-run]" in error(open_run, "run")
    run.spec.write_text(text.replace("Flatten", "Flaten"), "utf-8")
    assert "[unknown-layer]" in error(open_run, "run")
    run.spec.unlink()
    assert "[file-not-found]" in error(open_run, "run")


# Resuming


def test_a_run_goes_on_with_more_epochs_and_moved_data() -> None:
    run = begin()
    run.update_record(status="failed", reason="the disk is full", epochs=2)
    run.checkpoint.touch()
    network = specc.load(
        "digits.yaml",
        train={
            "epochs": 9,
            "early_stopping": {"patience": 3},
            "checkpoint": {"monitor": "loss"},
            "compile": False,
        },
        data={"source": {"image_folder": "elsewhere"}},
    )
    resumed = resume(network)
    assert resumed.train == network.train
    assert resumed.data == network.data
    record = resumed.record
    assert (record.status, record.reason, record.epochs) == ("running", "", 2)
    assert record.spec_sha256 == open_run("run").record.spec_sha256


def test_a_run_goes_on_with_the_history_of_its_checkpoint() -> None:
    begin().history.write_text("epoch,loss\n1,much\n", "utf-8")
    rows = [{"epoch": 1, "loss": 0.5}]
    assert resume(specc.load("digits.yaml"), history=rows).history == rows


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"params": {"units": 9}}, "`params.units`: the run has 8, received 9"),
        ({"train": {"batch_size": 64}}, "`train.batch_size`: the run has 32, received 64"),
        (
            {"train": {"optimizer": {"adam": {"learning_rate": 1e-3}}}},
            "`train.optimizer.adam.learning_rate`",
        ),
        ({"train": {"optimizer": "sgd"}}, "`train.optimizer.adam`"),
        ({"train": {"metrics": []}}, "`train.metrics.0`"),
        ({"data": {"validation_split": 0.2}}, "`data.validation_split`: the run has nothing"),
        ({"data": {"source": {"image_folder": {"interpolation": "nearest"}}}}, "interpolation`"),
    ],
)
def test_a_run_does_not_go_on_with_another_spec(options: dict[str, Any], key: str) -> None:
    run = begin()
    before = [run.spec.read_bytes(), run.record.read_bytes()]
    found = error(resume, specc.load("digits.yaml", **options))
    assert "[run-mismatch]" in found
    assert key in found
    assert [run.spec.read_bytes(), run.record.read_bytes()] == before


def test_a_run_does_not_go_on_with_other_layers_classes_or_backends() -> None:
    begin()
    network = specc.load("digits.yaml")
    assert "received --backend keras" in error(resume, network, backend="keras")
    Path("digits.yaml").write_text(SPEC.replace("- Flatten", "- ReLU\n  - Flatten"), "utf-8")
    assert "`layers.1`: the run has" in error(resume, specc.load("digits.yaml"))
    assert network.train is not None
    assert network.data is not None
    found = error(
        require_resumable,
        Path("run"),
        network,
        backend="pytorch",
        train=network.train,
        data=network.data,
        class_names=("cat", "dog", "emu"),
    )
    assert "[run-mismatch]: the run has the classes cat, dog, owl, received cat, dog, emu" in found
    assert "[not-a-run]" in error(resume, network, "missing")


# A run as a spec, and as weights


def command(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def trained() -> Run:
    """A run whose best and last weights are unlike its initial ones."""
    from specc.weights import save_weights

    run = begin()
    network = specc.load("digits.yaml")
    save_weights(run.best, network.initial_weights(5))
    save_weights(run.last, network.initial_weights(6))
    return open_run("run")


def test_a_run_is_a_spec(trained: Run) -> None:
    assert locate("run").path == trained.folder.spec
    assert str(specc.load("run").graph) == str(specc.load("digits.yaml").graph)
    assert command("check", "run").startswith("run: ok")
    assert command("summary", "run") == command("summary", "digits.yaml")
    assert command("expand", "run") == command("expand", "digits.yaml")
    assert "class Digits" in command("build", "run", "--backend", "pytorch")


def test_a_run_wins_over_the_zoo_and_a_folder_does_not() -> None:
    Path("flowers").mkdir()
    assert locate("flowers").path.is_file()
    begin("flowers")
    assert locate("flowers").path == Path("flowers/spec.yaml")
    begin("digits@home")
    assert locate("digits@home").path == Path("digits@home/spec.yaml")


def test_the_weights_of_a_run_are_its_best(trained: Run) -> None:
    assert trained.weights == trained.folder.best
    trained.folder.best.unlink()
    assert trained.weights == trained.folder.last
    trained.folder.last.unlink()
    assert "[file-not-found]" in error(lambda: trained.weights)
    assert "no epoch was finished" in error(lambda: trained.weights)


def test_models_take_a_run_for_weights(trained: Run) -> None:
    network = specc.load("digits.yaml")
    assert network.to_onnx(weights="run") == network.to_onnx(seed=5)
    assert network.to_onnx(weights=trained.folder.last) == network.to_onnx(seed=6)
    Path("empty").mkdir()
    assert "[file-unreadable]" in error(network.to_onnx, weights="empty")


def initializers(path: str) -> dict[str, Any]:
    import onnx
    from onnx.numpy_helper import to_array

    return {each.name: to_array(each) for each in onnx.load(path).graph.initializer}


def test_export_of_a_run_has_its_weights_and_says_what_it_is(trained: Run) -> None:
    import onnx

    command("export", "run", "-o", "m.onnx")
    command("export", "digits.yaml", "-o", "seed.onnx", "--seed", "5")
    assert trained.record.backend == "pytorch"
    found, expected = initializers("m.onnx"), initializers("seed.onnx")
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    metadata, plain = (
        {each.key: each.value for each in onnx.load(path).metadata_props}
        for path in ("m.onnx", "seed.onnx")
    )
    assert json.loads(metadata.pop("class_names")) == list(CLASSES)
    assert json.loads(metadata["preprocessing"])["mean"] == [0.5, 0.4, 0.3]
    assert (metadata["task"], metadata["output"]) == ("multiclass", "logits")
    assert metadata["io_layout"] == "channels_first"
    declared = json.loads(plain.pop("preprocessing"))
    assert declared | {"mean": [0.5, 0.4, 0.3], "std": [0.2] * 3} == json.loads(
        metadata.pop("preprocessing")
    )
    assert plain == metadata


def test_export_of_a_run_at_a_size_has_its_weights_and_its_size(trained: Run) -> None:
    import onnx

    command("export", "run", "-o", "m.onnx")
    command("export", "run", "-o", "one.onnx", "--size", "N=1")
    assert specc.load("run", sizes={"N": 1}).to_onnx(weights=trained.weights) == specc.load(
        "digits.yaml", sizes={"N": 1}
    ).to_onnx(seed=5)
    open, fixed = (
        {each.key: each.value for each in onnx.load(path).metadata_props}
        for path in ("m.onnx", "one.onnx")
    )
    assert "image: float32[1, 4, 4, 3]" in fixed.pop("spec")
    assert "image: float32[N, 4, 4, 3]" in open.pop("spec")
    assert fixed.pop("spec_sha256") != open.pop("spec_sha256")
    assert fixed == open


def test_export_of_a_run_with_a_softmax_gives_probabilities(trained: Run) -> None:
    import onnx

    command("export", str(trained.path), "-o", "m.onnx", "--softmax")
    metadata = {each.key: each.value for each in onnx.load("m.onnx").metadata_props}
    assert metadata["output"] == "probabilities"


def test_verify_of_a_run_takes_its_weights(trained: Run) -> None:
    at_two_sizes = command("verify", "run", "--backends", "onnx,pytorch")
    assert at_two_sizes.count("ok") == 2
    trained.folder.best.write_bytes(b"damaged")
    result = CliRunner().invoke(app, ["verify", "run", "--backends", "onnx"])
    assert result.exit_code == 1
    assert "weights-unreadable" in result.output
