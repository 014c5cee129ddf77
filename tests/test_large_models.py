"""A model beyond the 2 GiB of one file is run all the same; here that is beyond 2,000 bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.cli.viewer import DATA, Viewer
from specc.diagnostics import SpecError
from specc.inference.model import exported_model, locate_model, open_model
from specc.training.run import create_run
from specc.weights import save_weights

SPEC = """\
specc: 1
name: net
inputs: {x: "float32[N, 64]"}
layers:
  - Dense: {units: 32, activation: relu}
  - Dense: 7
train: {loss: mean_squared_error, optimizer: sgd, epochs: 1}
data: {source: {arrays: arrays.npz}}
"""


@pytest.fixture(autouse=True)
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr("specc.backends.onnx.MAX_BYTES", 2000)
    monkeypatch.setattr("specc.backends.onnx.graph.MAX_BYTES", 2000)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, "utf-8")
    return temporary


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def make_run() -> None:
    """The folder of a run with the weights of seed 3."""
    net = specc.load("net.yaml")
    assert net.train is not None
    assert net.data is not None
    run = create_run(Path("run"), net, backend="pytorch", train=net.train, data=net.data)
    save_weights(run.best, net.initial_weights(3))


def test_as_bytes_it_is_refused_with_the_way_out() -> None:
    with pytest.raises(SpecError, match="at most 2 GiB") as caught:
        specc.load("net.yaml").to_onnx()
    assert "write it to a path" in str(caught.value.report.diagnostics[0].help)


def test_verify_runs_it(left: Path) -> None:
    assert "  ok" in invoke("verify", "net.yaml", "--backends", "pytorch,onnx")
    assert not [*left.iterdir()]


def test_verify_says_that_bfloat16_is_too_large_in_float32() -> None:
    Path("net.yaml").write_text(SPEC.replace("float32", "bfloat16"), "utf-8")
    with pytest.raises(SpecError, match="the weights in float32, which"):
        specc.load("net.yaml").verify(backends=["pytorch", "onnx"])


def test_bench_runs_a_spec(left: Path) -> None:
    assert "examples/s" in invoke("bench", "net.yaml", "--batch", "1", "--runs", "3")
    assert not [*left.iterdir()]


def test_a_run_predicts_as_its_weights_do(left: Path) -> None:
    make_run()
    x = np.random.default_rng(0).standard_normal((2, 64)).astype(np.float32)
    (found,) = open_model(locate_model("run")).run({"x": x})
    assert not [*left.iterdir()]
    with torch.no_grad():
        expected = specc.load("net.yaml").to_pytorch(seed=3)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_run_is_viewed_with_its_weights(monkeypatch: pytest.MonkeyPatch, left: Path) -> None:
    make_run()
    seen = dict[str, bytes]()

    def look(viewer: Viewer) -> None:
        seen.update({name: path.read_bytes() for name, path in viewer.beside.items()})
        raise KeyboardInterrupt

    monkeypatch.setattr(Viewer, "serve_forever", look)
    invoke("view", "run", "--no-browser", "--port", "0")
    kernel = specc.load("net.yaml").initial_weights(3)["dense.weight"]
    assert kernel.tobytes() in seen[f"{DATA}model.onnx.data"]
    assert not [*left.iterdir()]


def test_its_folder_lasts_as_long_as_the_model(left: Path) -> None:
    file = exported_model("net", specc.load("net.yaml"), None)
    assert isinstance(file.contents, Path)
    assert file.contents.is_relative_to(left)
    assert {path.name for path in file.contents.parent.iterdir()} == {
        "model.onnx",
        "model.onnx.data",
    }
    del file
    assert not [*left.iterdir()]
