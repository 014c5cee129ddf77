"""The examples do what their text says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from specc.checking import check_file
from specc.diagnostics import Diagnostic

EXAMPLES = Path(__file__).parents[1] / "examples"
FORGOTTEN_FLATTEN = (EXAMPLES / "forgotten_flatten.yaml").read_text("utf-8")


def faults(text: str, folder: Path) -> list[Diagnostic]:
    path = folder / "example.yaml"
    path.write_text(text, "utf-8")
    return check_file(path).report.diagnostics


def test_the_forgotten_flatten_is_one_fault_of_the_classifier(tmp_path: Path) -> None:
    (fault,) = faults(FORGOTTEN_FLATTEN, tmp_path)
    assert fault.code == "label-rank"
    assert fault.span is not None
    assert "loss:" in FORGOTTEN_FLATTEN.splitlines()[fault.span.line - 1]
    assert "expected `classifier` to be [N, 4], received [N, 1, 1, 4]" in fault.message
    assert fault.labels[0].message == "classifier gives [N, 1, 1, 4]"
    assert fault.help == "flatten before it: put `- Flatten` in front of `classifier`"


def test_a_layer_that_keeps_the_shape_is_not_blamed(tmp_path: Path) -> None:
    softmax = "    name: classifier\n  - Softmax:\n    name: probabilities\n"
    text = FORGOTTEN_FLATTEN.replace("    name: classifier\n", softmax)
    text = text.replace("[classifier]", "[probabilities]")
    (fault,) = faults(text, tmp_path)
    assert "expected `probabilities`" in fault.message
    assert fault.labels[0].message == "classifier gives [N, 1, 1, 4]"


def test_expect_finds_it_where_nothing_is_trained(tmp_path: Path) -> None:
    network = FORGOTTEN_FLATTEN.partition("train:")[0]
    (fault,) = faults(network + 'expect: {outputs: {classifier: "float32[N, 4]"}}\n', tmp_path)
    assert fault.code == "expect-mismatch"
    assert "received float32[N, 1, 1, 4] from `classifier`" in fault.message
    assert fault.help == "flatten before it: put `- Flatten` in front of `classifier`"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("  - Dense: 4", "  - Flatten\n  - Dense: 4"),
        ("AveragePooling2D: 7", "GlobalAveragePooling2D"),
    ],
)
def test_either_mend_that_the_example_names_is_one(wrong: str, right: str, tmp_path: Path) -> None:
    assert wrong in FORGOTTEN_FLATTEN
    assert faults(FORGOTTEN_FLATTEN.replace(wrong, right), tmp_path) == []


def test_the_demo_keeps_its_promise_on_real_digits(tmp_path: Path) -> None:
    """What `make demo` runs: a spec, its runs in two frameworks, and ONNX that agrees."""
    demo = subprocess.run(
        [sys.executable, EXAMPLES / "digits.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    accuracies = dict(re.findall(r"^  (\w+) +([\d.]+) %$", demo.stdout, re.MULTILINE))
    assert set(accuracies) == {"PyTorch", "Keras", "onnxruntime"}
    assert min(map(float, accuracies.values())) >= 97
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("digits.npz", "pytorch", "keras", "pytorch.onnx", "keras.onnx")
    }
