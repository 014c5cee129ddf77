"""Each code is explained, the examples do what they say, and each code is given by some test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_cases import all_cases

from specc.checking import check_file
from specc.codes import CODES

TESTS = Path(__file__).parent

# Codes that no spec alone can give, or only one too large or too odd for Markdown.
ELSEWHERE = {
    "plugin-failed": "test_plugin_layer.py",
    "file-unreadable": "test_hostile_specs.py",
    "file-too-large": "test_hostile.py",
    "encoding": "test_hostile.py",
    "control-character": "test_yaml.py",
    "yaml-depth": "test_yaml.py",
    "yaml-size": "test_hostile.py",
    "scalar-too-long": "test_yaml.py",
    "empty-document": "test_yaml.py",
    "too-many-includes": "test_hostile_specs.py",
    "too-deep": "test_hostile_specs.py",
    "section-too-large": "test_hostile_specs.py",
    "unknown-backend": "test_network.py",
    "missing-package": "test_cli.py",
    "unsupported-layer": "test_onnx.py",
    "weights-unreadable": "test_weights.py",
    "weights-mismatch": "test_weights.py",
    "unknown-opset": "test_onnx_opsets.py",
    "export-faulty": "test_onnx_checking.py",
    "precision-overflow": "test_onnx_precision.py",
    "artifact-too-large": "test_onnx.py",
    "unwritable": "test_weights.py",
    "invalid-input": "test_cli.py",
    "invalid-size": "test_sizes.py",
    "unknown-symbol": "test_sizes.py",
    "verification-failed": "test_verification.py",
    "no-training": "test_sections.py",
    "data-unreadable": "test_sections.py",
    "class-mismatch": "test_sections.py",
    "data-not-found": "test_data.py",
    "data-format": "test_data.py",
    "missing-column": "test_data.py",
    "label-out-of-range": "test_data.py",
    "run-exists": "test_run_folder.py",
    "run-mismatch": "test_run_folder.py",
    "not-a-run": "test_run_folder.py",
    "output-not-finite": "test_evaluation.py",
    "undefined-score": "test_reports.py",
    "nothing-to-compare": "test_reports.py",
    "drawing-too-large": "test_drawing.py",
    "device-unavailable": "test_training_pytorch.py",
    "batch-too-small": "test_training_pytorch.py",
    "loss-not-finite": "test_training_loop.py",
    "process-lost": "test_distributed_training.py",
    "out-of-memory": "test_training_pytorch.py",
    "checkpoint-unreadable": "test_training_loop.py",
    "model-unreadable": "test_cli.py",
    "unsuitable-model": "test_inference.py",
    "provider-unavailable": "test_inference.py",
}

REST = {
    "specc": "specc: 1",
    "inputs": 'inputs: {image: "float32[N, 32, 32, 3]"}',
    "layers": "layers: [ReLU]",
}


def examples(kind: str) -> list[tuple[str, str]]:
    """The codes with a `Wrong:` or `Right:` example, and the example as a whole spec."""
    found = []
    for code, text in CODES.items():
        if match := re.search(rf"^{kind}:\n((?:  .*\n?)+)", text, re.MULTILINE):
            found.append((code, whole(re.sub(r"^  ", "", match[1], flags=re.MULTILINE))))
    return found


def whole(piece: str) -> str:
    """A piece of a spec, completed with what it leaves out."""
    if piece.startswith("- "):
        piece = f"layers:\n{piece}"
    missing = [
        line for key, line in REST.items() if not re.search(rf"^{key}:", piece, re.MULTILINE)
    ]
    return "\n".join([piece, *missing])


def codes_of(text: str, folder: Path) -> set[str]:
    path = folder / "net.yaml"
    path.write_text(text, "utf-8")
    return {diagnostic.code for diagnostic in check_file(path).report.diagnostics}


@pytest.mark.parametrize(("code", "text"), examples("Wrong"))
def test_wrong_examples_give_their_code(code: str, text: str, tmp_path: Path) -> None:
    assert codes_of(text, tmp_path) == {code}


@pytest.mark.parametrize("text", [pytest.param(text, id=code) for code, text in examples("Right")])
def test_right_examples_have_no_fault(text: str, tmp_path: Path) -> None:
    assert codes_of(text, tmp_path) == set()


def test_most_codes_have_examples() -> None:
    assert len(examples("Right")) > len(CODES) / 2


@pytest.mark.parametrize("code", CODES)
def test_texts_have_a_title_and_a_body(code: str) -> None:
    title, blank, *body = CODES[code].split("\n")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert re.fullmatch(r"\S.{5,75}\.", title)
    assert blank == ""
    assert body
    assert max(map(len, body)) <= 100


def test_each_code_is_given_by_a_test() -> None:
    seen = {mark.code for case in all_cases() for mark in case.marks}
    assert seen | set(ELSEWHERE) == set(CODES)
    assert not seen & set(ELSEWHERE)
    for code, file in ELSEWHERE.items():
        assert code in (TESTS / file).read_text("utf-8"), code


def test_each_code_is_raised_somewhere() -> None:
    """No code outlives the check that gave it."""
    folders = [TESTS.parent / name for name in ("specc", "backends", "cli")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    source = "".join(file.read_text("utf-8") for file in files if file.parent.name != "codes")
    assert [code for code in CODES if not re.search(rf'"{code}[":]', source)] == []
