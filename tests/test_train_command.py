"""`specc train` from the command line on real digits, and everything that may go wrong on the way.

After every fault the test goes on with the run: nothing may be lost.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.training.checkpoint import load_checkpoint

SPEC = """\
specc: 1
name: small
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
  - Flatten
  - Dense: 3
    name: logits
train:
  optimizer: {adam: {learning_rate: 0.01}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 3
  batch_size: 16
  checkpoint: {save_freq: 4}
data:
  source: image_folder
  validation_split: 0.2
  class_names: [zero, one, two]
"""
NAMES = ("zero", "one", "two")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, "utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    """Real zeros, ones and twos as bytes, [N, 8, 8], and their labels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(n_class=3, return_X_y=True)
    return (images.reshape(-1, 8, 8) * 15).astype(np.uint8)[:160], labels[:160]


@pytest.fixture
def pictures(digits: tuple[Any, Any], folder: Path) -> Path:
    """The same as a folder of PNGs, a class a subfolder."""
    root = folder / "pictures"
    for index, (image, label) in enumerate(zip(*digits, strict=True)):
        path = root / NAMES[label] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


def run(*arguments: str, expect: int = 0) -> str:
    """What the command prints, whichever stream it goes to."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


def train(*arguments: str, data: str = "pictures", expect: int = 0) -> str:
    return run("train", "net.yaml", "--data", data, "-o", "run", *arguments, expect=expect)


def record() -> dict[str, Any]:
    return json.loads(Path("run/run.json").read_text("utf-8"))


def weights(run: str = "run") -> bytes:
    return Path(run, "last.safetensors").read_bytes()


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("backend", ["pytorch", "keras"])
def test_from_pictures_to_a_prediction(backend: str) -> None:
    printed = train("--backend", backend)
    lines = [line for line in printed.splitlines() if line.startswith("epoch")]
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/3  loss ")
    assert "val_accuracy" in lines[0]
    assert "\r" not in printed
    files = {path.name for path in Path("run").iterdir()}
    assert files == {
        "spec.yaml",
        "run.json",
        "history.csv",
        "best.safetensors",
        "last.safetensors",
        "checkpoint.safetensors",
        "curves.png",
        "report.html",
    }
    assert (record()["status"], record()["epochs"], record()["backend"]) == (
        "completed",
        3,
        backend,
    )
    header, *rows = Path("run/history.csv").read_text("utf-8").splitlines()
    assert header == "epoch,learning_rate,seconds,loss,accuracy,val_loss,val_accuracy"
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3"]
    run("check", "run/spec.yaml")
    run("evaluate", "run")
    accuracy = json.loads(Path("run/evaluation.json").read_text())["outputs"]["logits"]["accuracy"]
    assert accuracy >= 0.9
    run("export", "run", "-o", "model.onnx")
    one = min(Path("pictures/one").iterdir())
    for model in ("model.onnx", "run"):
        assert f"{one}  one " in run("predict", model, str(one)).splitlines()[1]


@pytest.mark.usefixtures("pictures")
def test_weights_of_one_backend_start_another() -> None:
    train("--epochs", "1", "--backend", "keras")
    run(
        *("train", "net.yaml", "--data", "pictures", "-o", "second", "--epochs", "1"),
        *("--weights", "run", "--backend", "pytorch"),
    )
    rows = [Path(each, "history.csv").read_text().splitlines()[1] for each in ("run", "second")]
    first, second = (float(row.split(",")[3]) for row in rows)
    assert second < 0.7 * first


def test_python_trains_as_the_command_does(pictures: Path) -> None:
    train()
    run = specc.load("net.yaml").fit(pictures, output="by_python")
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert run.weights == Path("by_python/best.safetensors")
    assert weights("by_python") == weights()


@pytest.mark.usefixtures("pictures")
def test_more_epochs_are_the_same_as_all_at_once() -> None:
    train()
    whole = weights()
    shutil.rmtree("run")
    train("--epochs", "2")
    assert weights() != whole
    run("train", "run", "--resume", "--epochs", "3")
    assert weights() == whole


@pytest.mark.usefixtures("pictures")
def test_finished_run_that_is_resumed_stays_as_it_is() -> None:
    train()
    whole = weights()
    train("--resume")
    assert weights() == whole
    assert record()["status"] == "completed"


@pytest.mark.usefixtures("pictures")
def test_extra_is_that_of_the_work_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    train("--epochs", "1")
    run("export", "run", "-o", "model.onnx")
    picture = str(min(Path("pictures/one").iterdir()))
    monkeypatch.setitem(sys.modules, "PIL", None)
    command = ("train", "net.yaml", "--data", "pictures", "-o", "second")
    for extra, arguments in {
        "train": command,
        "onnx": ("predict", "model.onnx", picture),
    }.items():
        printed = run(*arguments, expect=1)
        assert "missing-package" in printed
        assert f"specc[{extra}]" in printed


# --- what may go wrong: the run goes on afterwards ----------------------------------------------


def test_truncated_picture_is_named_and_nothing_is_lost(pictures: Path) -> None:
    train()
    whole = weights()
    shutil.rmtree("run")
    victim = sorted((pictures / "two").iterdir())[5]
    good = victim.read_bytes()
    victim.write_bytes(good[: len(good) // 2])
    printed = train(expect=1)
    assert "two" in printed
    assert victim.name in printed
    assert "Traceback" not in printed
    assert record()["status"] == "failed"
    assert victim.name in record()["reason"]
    victim.write_bytes(good)
    train("--resume")
    assert weights() == whole


def test_empty_class_is_named(pictures: Path) -> None:
    for picture in (pictures / "one").iterdir():
        picture.unlink()
    printed = train(expect=1)
    assert "`one`" in printed or "/one" in printed
    assert not Path("run").exists()


def test_class_missing_from_validation_is_named(pictures: Path) -> None:
    for picture in sorted((pictures / "one").iterdir())[1:]:
        picture.unlink()
    printed = train(expect=1)
    assert "one" in printed
    assert "validation" in printed
    assert not Path("run").exists()


def test_label_out_of_range_is_named(digits: tuple[Any, Any]) -> None:
    images, labels = digits
    labels = labels.copy()
    labels[7] = 3
    np.savez("digits.npz", x_train=images[..., None], y_train=labels)
    printed = train("--set", "data.source=arrays", data="digits.npz", expect=1)
    assert "label-out-of-range" in printed
    assert "3" in printed
    assert "digits.npz" in printed


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("backend", ["pytorch", "keras"])
def test_loss_that_is_no_number_keeps_the_last_good_state(backend: str) -> None:
    train("--epochs", "1", "--backend", backend)
    good = weights()
    steep = "train.optimizer={sgd: {learning_rate: 1.0e+30}}"
    printed = run(
        *("train", "net.yaml", "--data", "pictures", "-o", "steep", "--backend", backend),
        *("--weights", "run/last.safetensors", "--set", steep),
        expect=1,
    )
    assert "loss-not-finite" in printed
    assert "learning rate of 1e+30" in printed
    kept = Path("steep/checkpoint.safetensors")
    if kept.exists():
        assert np.isfinite(load_checkpoint(kept).weights["logits.weight"]).all()
    assert weights() == good


@pytest.mark.usefixtures("pictures")
def test_full_disk_leaves_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    train()
    whole = weights()
    shutil.rmtree("run")
    fsync, calls = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    printed = train(expect=1)
    assert "the disk is full" in printed
    assert "Traceback" not in printed
    assert not list(Path("run").glob(".*.tmp"))
    monkeypatch.setattr(os, "fsync", fsync)
    train("--resume")
    assert weights() == whole


@pytest.mark.usefixtures("pictures")
def test_folder_that_cannot_be_made_is_named() -> None:
    Path("run").write_text("not a folder", "utf-8")
    printed = train(expect=1)
    assert "run" in printed
    assert Path("run").read_text("utf-8") == "not a folder"


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("command", ["train run --resume --epochs 2", "evaluate run"])
def test_folder_that_takes_no_files_stays_as_it_is(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--epochs", "1")
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    opened = os.open

    def closed(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT and "run" in Path(path).parts:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", closed)
    printed = run(*command.split(), expect=1)
    assert "[unwritable]: cannot write run/" in printed
    assert "permission denied" in printed
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before


def test_folder_that_nobody_may_look_into_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{path}/run.json")

    monkeypatch.setattr("specc.locating.run_folder", closed)
    printed = run("train", "run", "--resume", expect=1)
    assert "[file-unreadable]: run/run.json: permission denied" in printed


@pytest.mark.usefixtures("pictures")
def test_run_is_not_written_over() -> None:
    train("--epochs", "1")
    before = weights()
    assert "run-exists" in train(expect=1)
    assert weights() == before


@pytest.mark.usefixtures("pictures")
def test_run_of_another_spec_is_not_resumed() -> None:
    train("--epochs", "1")
    before = weights()
    Path("net.yaml").write_text(SPEC.replace("filters: 8", "filters: 9"), "utf-8")
    printed = train("--resume", expect=1)
    assert "run-mismatch" in printed
    assert "filters" in printed
    assert weights() == before


@pytest.mark.usefixtures("pictures")
def test_spec_without_training_says_so() -> None:
    Path("net.yaml").write_text(SPEC[: SPEC.index("train:")], "utf-8")
    assert "no-training" in train(expect=1)


@pytest.mark.usefixtures("pictures")
def test_monitor_without_validation_is_refused() -> None:
    settings = ("--set", "data.validation_split=0", "--set", "train.checkpoint.monitor=val_loss")
    assert "unknown-monitor" in train(*settings, expect=1)


@pytest.mark.usefixtures("pictures")
def test_early_stopping_leaves_the_best_weights() -> None:
    stopping = "{monitor: val_loss, patience: 1, mode: max, restore_best_weights: true}"
    settings = ("--set", f"train.early_stopping={stopping}")
    printed = train(*settings, "--set", "train.checkpoint.mode=max")
    assert "stopped after epoch 2: val_loss did not improve any more" in printed
    assert record()["best"]["epoch"] == 1
    assert weights() == Path("run/best.safetensors").read_bytes()


@pytest.mark.usefixtures("pictures")
def test_damaged_checkpoint_is_named_and_changes_nothing() -> None:
    train("--epochs", "1")
    Path("run/checkpoint.safetensors").write_bytes(b"damaged")
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    assert "checkpoint-unreadable" in train("--resume", "--epochs", "2", expect=1)
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before


@pytest.mark.usefixtures("pictures")
def test_damaged_history_comes_back_from_the_checkpoint() -> None:
    train("--epochs", "2")
    history = Path("run/history.csv")
    good = history.read_text("utf-8")
    history.write_text("epoch,loss\n1,much\n", "utf-8")
    for command in ("evaluate run", "compare run run"):
        assert "[not-a-run]: run/history.csv" in run(*command.split(), expect=1)
    train("--resume", "--epochs", "3")
    assert history.read_text("utf-8").startswith(good)
    assert (record()["status"], record()["epochs"]) == ("completed", 3)


@pytest.mark.usefixtures("pictures")
def test_interrupt_saves_and_says_how_to_go_on() -> None:
    """Ctrl+C as the terminal sends it, to a process of its own."""
    train("--epochs", "40")
    whole = weights()
    shutil.rmtree("run")
    command = [
        *(sys.executable, "-u", "-m", "specc.cli", "train", "net.yaml", "--data", "pictures"),
        *("-o", "run", "--epochs", "40"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("epoch  1/40")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "specc train run --resume" in errors
    assert "Traceback" not in errors
    assert record()["status"] == "interrupted"
    run("train", "run", "--resume")
    assert weights() == whole
