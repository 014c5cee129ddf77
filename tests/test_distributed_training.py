"""`specc train` on several processes is the same training, and whatever befalls one ends all.

The processes are those that Fabric, torchrun or SLURM would start, on the CPU, of the real command.
"""

from __future__ import annotations

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
from ranks import LIMIT, Rank, started
from typer.testing import CliRunner

from specc.cli.app import app
from specc.training.checkpoint import load_checkpoint

SPEC = """\
specc: 1
name: small
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Flatten
  - Dense: {units: 64, activation: relu}
  - Dense: 3
    name: logits
train:
  optimizer: {adam: {learning_rate: 0.01}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 4
  batch_size: 16
data: {source: arrays}
"""
SPECC = (sys.executable, "-u", "-m", "specc.cli")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    Path("net.yaml").write_text(SPEC, "utf-8")
    return tmp_path


@pytest.fixture
def arrays(folder: Path) -> None:
    """Real zeros, ones and twos; the last batches are of 5 and 7 examples."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(n_class=3, return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype(np.float32) / 16
    np.savez(
        folder / "data.npz",
        x_train=images[:69],
        y_train=labels[:69],
        x_val=images[69:92],
        y_val=labels[69:92],
    )


def arguments(*more: str, data: str = "data.npz", output: str = "run") -> list[str]:
    return ["train", "net.yaml", "--data", data, "-o", output, "--accelerator", "cpu", *more]


def alone(*more: str, **places: str) -> None:
    """Train in this process."""
    result = CliRunner().invoke(app, arguments(*more, **places), catch_exceptions=False)
    assert result.exit_code == 0, result.output


def begun(*command: str, **options: Any) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)


def launched(*command: str) -> list[str]:
    """The first words of the lines that a launcher's processes write."""
    process = begun(*command)
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    return [line.split("  ")[0].split(":")[0] for line in (output + errors).splitlines()]


def history(run: str) -> np.ndarray:
    """The rows without the seconds: [epochs, columns]."""
    header, *rows = Path(run, "history.csv").read_text("utf-8").splitlines()
    assert header.startswith("epoch,learning_rate,seconds,loss,accuracy")
    return np.delete(np.array([row.split(",") for row in rows], float), 2, axis=1)


def names(run: str) -> set[str]:
    return {path.name for path in Path(run).iterdir()}


def status(run: str = "run") -> str:
    return json.loads(Path(run, "run.json").read_text("utf-8"))["status"]


def progress() -> tuple[int, int]:
    progress = load_checkpoint(Path("run/checkpoint.safetensors")).progress
    return progress.epoch, progress.step


def assert_silent(rank: Rank, status: int = 0) -> None:
    assert rank.ended() == (status, "", "")


@pytest.mark.usefixtures("arrays")
def test_however_many_processes_the_history_is_the_same() -> None:
    """Also where a run goes on with more of them or fewer, whoever starts them."""
    alone(output="whole")
    written = launched(*SPECC, *arguments("--devices", "2", "--epochs", "2", output="fewer"))
    assert written == ["epoch 1/2", "epoch 2/2", "best", "wrote fewer; look at fewer/report.html"]
    shutil.copytree("fewer", "again")
    alone("--resume", output="fewer")
    written = launched(*TORCHRUN, "-m", "specc.cli", *arguments("--resume", output="again"))
    assert written == ["epoch 3/4", "epoch 4/4", "best", "wrote again; look at again/report.html"]
    alone("--epochs", "2", output="more")
    first, second = started(arguments("--resume", output="more"), "slurm")
    code, output, errors = first.ended()
    assert code == 0, errors
    assert len(output.splitlines()) == 2
    assert_silent(second)
    for run in ("fewer", "again", "more"):
        np.testing.assert_allclose(history(run), history("whole"), rtol=1e-5, atol=1e-6)
        assert status(run) == "completed"
        assert names(run) == names("whole")


@pytest.mark.usefixtures("arrays")
def test_fault_that_all_processes_find_is_said_once() -> None:
    alone("--epochs", "1")
    before = Path("run/last.safetensors").read_bytes()
    first, second = started(arguments())
    code, _, errors = first.ended()
    assert code == 1
    assert "run-exists" in errors
    assert_silent(second, 1)
    assert Path("run/last.safetensors").read_bytes() == before


def test_picture_that_one_process_cannot_read_ends_all(folder: Path) -> None:
    """The second process meets it; the steps before it are kept, and the run goes on."""
    random = np.random.default_rng(0)
    pictures = [folder / f"pictures/{name}/{index:02}.png" for name in "abc" for index in range(15)]
    for picture in pictures:
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (8, 8), np.uint8)).save(picture)
    source = ("--set", "data.source=image_folder", "--epochs", "2")
    alone(*source, data="pictures", output="whole")
    order = np.random.Generator(np.random.PCG64([0, 0])).permutation(len(pictures))
    victim = pictures[order[16 + 1]]  # in the second batch
    good = victim.read_bytes()
    victim.write_bytes(good[:40])
    first, second = started(arguments(*source, data="pictures"))
    code, _, errors = first.ended()
    assert code == 1, errors
    assert errors.count("error[") == 1
    assert victim.name in errors
    assert_silent(second)
    assert status() == "failed"
    assert progress() == (0, 1)
    victim.write_bytes(good)
    alone(*source, "--resume", data="pictures")
    np.testing.assert_allclose(history("run"), history("whole"), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("arrays")
def test_full_disk_of_the_first_process_ends_all() -> None:
    first, second = started(arguments(), full=True)
    code, _, errors = first.ended()
    assert code == 1, errors
    assert errors.count("error[") == 1
    assert "unwritable" in errors
    assert_silent(second)


@pytest.mark.usefixtures("arrays")
def test_signal_to_one_process_ends_all_after_the_same_step() -> None:
    first, second = started(arguments("--epochs", "100000"))
    first.await_line()
    assert second.process.pid is not None
    os.kill(second.process.pid, signal.SIGTERM)
    assert first.ended()[::2] == (130, "interrupted; go on with: specc train run --resume\n")
    assert_silent(second)
    assert status() == "interrupted"
    alone("--resume", "--epochs", str(progress()[0] + 1))
    assert status() == "completed"


@pytest.mark.usefixtures("arrays")
def test_interrupt_at_the_terminal_is_answered_once() -> None:
    """Ctrl+C goes to all processes that Fabric has started."""
    command = [*SPECC, *arguments("--devices", "2", "--epochs", "100000")]
    process = begun(*command, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("epoch")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT)
    assert errors == "interrupted; go on with: specc train run --resume\n"
    assert process.returncode == 130
    assert status() == "interrupted"


@pytest.mark.usefixtures("arrays")
@pytest.mark.parametrize("victim", [0, 1])
def test_nobody_waits_for_a_process_that_was_killed(victim: int) -> None:
    first, second = ranks = started(arguments("--epochs", "100000"))
    first.await_line()
    ranks[victim].process.kill()
    assert ranks[victim].ended()[0] == -signal.SIGKILL
    if victim == 0:
        assert_silent(second)
        return
    code, _, errors = first.ended()
    assert code == 1
    assert errors.count("error[") == 1
    assert "process-lost" in errors
    assert status() == "failed"
