"""Uses of `specc train`, `evaluate` and `predict` that newcomers met and that once went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from specc.cli import training
from specc.cli.app import app

SPEC = """\
specc: 1
name: small
inputs: {image: "float32[N, 4, 4, 1]"}
layers:
  - Flatten
  - Dense: %(units)d
    name: scores
train:
  optimizer: {adam: 0.01}
  loss: %(loss)s
  metrics: [accuracy, recall]
  epochs: 2
  batch_size: 16
data: {validation_split: 0.25}
"""
LOGITS = "{sparse_categorical_crossentropy: {from_logits: true}}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_spec(LOGITS, 3)
    write_data("train.npz", 40, seed=0)
    write_data("held.npz", 12, seed=1)


def write_spec(loss: str, units: int) -> None:
    Path("net.yaml").write_text(SPEC % {"loss": loss, "units": units}, "utf-8")


def write_data(name: str, examples: int, *, seed: int, classes: int = 3, dtype: Any = "u1") -> None:
    """Pictures that are the brighter the higher their class."""
    y = np.arange(examples) % classes
    noise = np.random.default_rng(seed).integers(0, 60, (examples, 4, 4, 1))
    np.savez(name, x=(noise + 60 * y[:, None, None, None]).astype(dtype), y=y)


def run(*arguments: str, expect: int = 0) -> str:
    """What the command prints, whichever stream it goes to."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


def train(*arguments: str, expect: int = 0) -> str:
    return run("train", "net.yaml", "--data", "train.npz", "-o", "run", *arguments, expect=expect)


def evaluation(*arguments: str) -> dict[str, Any]:
    run("evaluate", "run", *arguments)
    return json.loads(Path("run/evaluation.json").read_text("utf-8"))


def test_data_that_was_held_out_is_evaluated_whole() -> None:
    train()
    found = evaluation("--data", "held.npz")
    assert (found["split"], found["outputs"]["scores"]["examples"]) == ("all", 12)
    assert "all of held.npz, " in run("evaluate", "run", "--data", "held.npz")
    assert "all of held.npz." in Path("run/report.html").read_text("utf-8")


def test_a_split_that_is_named_is_taken_off_the_data_given() -> None:
    train()
    own = evaluation("--split", "validation")
    Path("train.npz").rename("moved.npz")
    moved = evaluation("--split", "validation", "--data", "moved.npz")
    assert moved["metrics"] == own["metrics"]
    assert moved["outputs"]["scores"]["examples"] == 10


def test_evaluation_scales_as_training_did_whatever_the_type_of_the_numbers() -> None:
    train()
    write_data("wide.npz", 12, seed=1, dtype="i8")
    bytes_, wide = (evaluation("--data", each)["metrics"] for each in ("held.npz", "wide.npz"))
    assert wide == bytes_


@pytest.mark.parametrize("backend", ["pytorch", "keras"])
def test_scores_of_a_hinge_decide_at_zero(backend: str) -> None:
    write_spec("hinge", 1)
    write_data("train.npz", 40, seed=0, classes=2)
    # A first step from small weights: scores lie about 0, and hardly one is above 0.5.
    train("--backend", backend, "--epochs", "1", "--set", "train.optimizer.adam=1.0e-4")
    found = evaluation("--split", "train")
    judged = found["outputs"]["scores"]
    assert found["metrics"]["accuracy"] == pytest.approx(judged["accuracy"], abs=1e-6)
    assert found["metrics"]["recall"] == pytest.approx(judged["classes"][1]["recall"], abs=1e-6)
    assert judged["confusion"][0][1] + judged["confusion"][1][1] > 0


def test_prediction_tells_scores_of_a_hinge_as_evaluation_does() -> None:
    write_spec("hinge", 1)
    write_data("train.npz", 40, seed=0, classes=2)
    train("--epochs", "1")
    with np.load("train.npz") as arrays:
        np.save("x.npy", arrays["x"])
    scores = [
        score["score"]
        for each in json.loads(run("predict", "run", "x.npy", "--json").partition("wrote")[0])
        for score in each["predictions"]
    ]
    assert all(0 < score < 1 for score in scores)


def test_arrays_are_predicted_as_they_were_trained_on() -> None:
    train()
    with np.load("held.npz") as arrays:
        x = arrays["x"][:1]
    forms = {
        "bytes": x,
        "first": x.transpose(0, 3, 1, 2),
        "floats": (x / np.float32(255)).astype(np.float32),
        "one": x[0],
    }
    told = set[str]()
    for name, array in forms.items():
        np.save(f"{name}.npy", array)
        table = run("predict", "run", f"{name}.npy").replace(name, "")
        told.add(" ".join(table.split()))
    assert len(told) == 1


def test_a_run_whose_checkpoint_is_gone_does_not_begin_anew() -> None:
    train()
    best = Path("run/best.safetensors").read_bytes()
    Path("run/checkpoint.safetensors").unlink()
    printed = run("train", "run", "--resume", "--epochs", "3", expect=1)
    assert "there is no checkpoint run/checkpoint.safetensors" in printed
    assert Path("run/best.safetensors").read_bytes() == best
    assert json.loads(Path("run/run.json").read_text("utf-8"))["status"] == "completed"


@pytest.mark.parametrize("command", [["train", "plain", "--resume"], ["predict", "plain", "x.png"]])
def test_a_folder_that_is_no_run_is_called_so(command: list[str]) -> None:
    Path("plain").mkdir()
    printed = run(*command, expect=1)
    assert "not-a-run" in printed
    assert "plain has no run.json" in printed


@pytest.mark.parametrize(
    ("installed", "backend"),
    [
        ({"torch", "lightning_fabric", "keras"}, "pytorch"),
        ({"torch", "keras"}, "keras"),
        ({"keras"}, "keras"),
        (set[str](), "pytorch"),
    ],
)
def test_the_backend_is_one_that_can_train_here(
    installed: set[str], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: object() if name in installed else None
    )
    assert training._installed() == backend


def test_ctrl_c_while_the_command_line_loads_is_no_traceback() -> None:
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'specc.cli.app': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from specc.cli.__main__ import main\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "")
