"""`specc bench`: figures that can be, for every combination that was asked for, and a picture."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.inference.benchmark import WARM_UP, Benchmark, Effort, Measurement
from specc.inference.model import TensorInfo
from specc.inference.random_inputs import RandomInputs
from specc.reports import plots

SPEC = """\
specc: 1
name: net
inputs: {x: "float32[N, T, 3]", ids: "int32[N, T]"}
layers:
  - Embedding: {input_dim: 2, output_dim: 3}
    inputs: ids
  - Add:
    inputs: [x, prev]
  - GlobalAveragePooling1D
  - Dense: 4
"""

FEW = ("--runs", "4")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, "utf-8")


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["bench", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def measured(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_combination_has_figures_that_can_be() -> None:
    specc.load("net.yaml").to_onnx("net.onnx")
    found = measured("net.onnx", "--batch", "1, 2,8", "--threads", "1,2", *FEW)
    each = found["measurements"]
    assert [(one["threads"], one["batch"]) for one in each] == [
        (threads, batch) for threads in (1, 2) for batch in (1, 2, 8)
    ]
    for one in each:
        assert one["runs"] == 4
        assert 0 < one["p50"] <= one["p90"] <= one["p99"]
        slowest = 1000 * one["batch"] / one["p99"]
        assert one["throughput"] >= slowest * 0.999
    assert found["provider"] == "cpu"
    assert found["processors"] >= 1
    assert found["inputs"] == {"x": "float32[N, T, 3]", "ids": "int32[N, T]"}
    assert found["sizes"] == {"T": 128}


def test_a_table_and_a_picture() -> None:
    result = run(
        "net.yaml", *FEW, "--batch", "1,4", "--threads", "1", "--size", "T=5", "-o", "b.png"
    )
    assert result.exit_code == 0, result.output
    first, second, blank, *rows = result.stdout.splitlines()
    assert first == "net: x: float32[N, T, 3], ids: int32[N, T], T=5"
    assert second.startswith("onnxruntime ")
    assert ", provider cpu, " in second
    assert blank == ""
    assert rows[0].split("  ")[-1] == "examples/s"
    assert [row.split()[:3] for row in rows[1:]] == [["1", "1", "4"], ["1", "4", "4"]]
    assert "wrote b.png" in result.stderr
    image = Image.open(io.BytesIO(Path("b.png").read_bytes()))
    assert image.format == "PNG"
    assert min(image.size) > 300


def test_the_picture_has_a_line_for_each_number_of_threads() -> None:
    measurements = tuple(
        Measurement(threads, batch, 9, 1.0 * batch, 1.5 * batch, 2.0 * batch, 100.0 * threads)
        for threads in (1, 2)
        for batch in (8, 1)
    )
    shown = Benchmark("a$b$.onnx", {}, {}, "cpu", "1.0", 2, measurements)
    with plots._styled():
        figure = plots.latencies.__wrapped__.__wrapped__(shown)
    latency, throughput = figure.axes
    assert len(latency.lines) == 2 * 2
    assert [line.get_label() for line in throughput.lines] == ["1 thread", "2 threads"]
    assert list(throughput.lines[1].get_ydata()) == [200.0, 200.0]
    assert list(latency.lines[0].get_xdata()) == [1, 8]


def test_what_is_nearly_equal_stays_within_the_picture() -> None:
    measurements = tuple(
        Measurement(1, batch, 9, latency, latency, latency, 100.0 + batch)
        for batch, latency in ((1, 90.0), (2, 180.0))
    )
    with plots._styled():
        figure = plots.latencies.__wrapped__.__wrapped__(
            Benchmark("net", {}, {}, "cpu", "1.0", 2, measurements)
        )
    latency, throughput = figure.axes
    low, high = latency.get_ylim()
    assert sum(low <= tick <= high for tick in latency.get_yticks()) >= 3
    assert throughput.get_ylim() == (0, pytest.approx(1.1 * 102))


def test_a_fixed_batch_is_the_only_one() -> None:
    Path("net.yaml").write_text(SPEC.replace("[N, ", "[3, "), "utf-8")
    assert [
        each["batch"] for each in measured("net.yaml", *FEW, "--threads", "1")["measurements"]
    ] == [3]
    assert run("net.yaml", *FEW, "--batch", "3", "--threads", "1").exit_code == 0
    result = run("net.yaml", *FEW, "--batch", "1,3")
    assert result.exit_code == 1
    assert "error[invalid-input]: the model's batch is fixed to 3, received 1, 3" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--batch", "0"), ("--batch", "1,"), ("--threads", "x"), ("--size", "T"), ("--size", "T=0")],
)
def test_wrong_numbers_are_a_wrong_command_line(option: str, value: str) -> None:
    result = run("net.yaml", option, value)
    assert result.exit_code == 2
    assert f"Invalid value for {option}" in result.stderr


def test_what_is_wrong_is_said() -> None:
    def refused(*arguments: str) -> str:
        result = run(*arguments, *FEW)
        assert result.exit_code == 1
        return result.stderr

    assert "besides the batch there are `T`" in refused("net.yaml", "--size", "N=3")
    assert "error[file-not-found]" in refused("missing.onnx")
    Path("bad.onnx").write_bytes(b"")
    assert "error[model-unreadable]: bad.onnx: the file is empty" in refused("bad.onnx")
    assert "error[provider-unavailable]" in refused("net.yaml", "--provider", "directml")
    assert "at most 1,024 threads, received 9,999" in refused("net.yaml", "--threads", "1,9999")


def test_a_model_is_known_by_its_ending_and_has_nothing_to_set() -> None:
    Path("NET.ONNX").write_bytes(specc.load("net.yaml").to_onnx())
    assert run("NET.ONNX", *FEW, "--batch", "1", "--threads", "1").exit_code == 0
    result = run("NET.ONNX", "--set", "n=3")
    assert result.exit_code == 2
    assert "an ONNX model is taken as it is" in result.stderr


# The inputs


def test_inputs_are_of_the_models_types_and_shapes() -> None:
    inputs = [
        TensorInfo("image", "float16", ("N", 3, "16*h", "16*w")),
        TensorInfo("text", "int64", ("N", "T+1")),
        TensorInfo("mask", "bool", (None, "T+1")),
        TensorInfo("other", "uint8", ("N", None, "odd name!")),
    ]
    made = RandomInputs.of(inputs, {"w": 2, "odd name!": 6})
    assert made.sizes == {"h": 14, "w": 2, "T": 127, "other.1": 128, "odd name!": 6}
    arrays = made.of_batch(5)
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        "image": ("float16", (5, 3, 224, 32)),
        "text": ("int64", (5, 128)),
        "mask": ("bool", (5, 128)),
        "other": ("uint8", (5, 128, 6)),
    }
    assert set(np.unique(arrays["text"])) == {0, 1}
    assert 0 <= arrays["image"].min() < arrays["image"].max() <= 1


def test_sizes_are_told_in_the_order_of_the_inputs() -> None:
    inputs = [TensorInfo("x", "float32", ("N", "w", "h")), TensorInfo("y", "int32", ("N", "a"))]
    assert [*RandomInputs.of(inputs, {}).sizes] == ["w", "h", "a"]


def test_the_batch_is_that_of_the_first_input_with_axes() -> None:
    inputs = [TensorInfo("a", "float32", ()), TensorInfo("x", "float32", ("N", 3))]
    made = RandomInputs.of(inputs, {})
    assert (made.fixed_batch, made.sizes) == (None, {})
    assert [each.shape for each in made.of_batch(5).values()] == [(), (5, 3)]


def test_a_size_below_one_is_refused() -> None:
    made = RandomInputs.of([TensorInfo("x", "float32", ("N", "T-4"))], {"T": 3})
    with pytest.raises(specc.SpecError, match=r"would be of \[2, -1\]"):
        made.of_batch(2)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
@pytest.mark.parametrize("size", [10**7, 10**9])
def test_sizes_beyond_memory_are_refused(size: int, dtype: str) -> None:
    """And those that numpy cannot count."""
    made = RandomInputs.of([TensorInfo("x", dtype, ("N", "S", "T"))], {"S": size, "T": size})
    with pytest.raises(specc.SpecError, match="which memory does not hold"):
        made.of_batch(1000)


@pytest.mark.parametrize(
    ("effort", "counts"),
    [(Effort(runs=4), (4, 1)), (Effort(seconds=2.0), (3, 1)), (Effort(seconds=40.0), (40, 10))],
)
def test_the_effort_is_a_time_or_a_number_of_runs(effort: Effort, counts: tuple[int, int]) -> None:
    """Of runs that take a second each: measured, and for the warm-up."""
    for part, expected in zip((1.0, WARM_UP), counts, strict=True):
        runs = 0
        while effort.goes_on(runs, float(runs), part):
            runs += 1
        assert runs == expected
