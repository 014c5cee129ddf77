"""The examples do what their text says."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.checking import check_program
from specc.diagnostics import Diagnostic, Report
from specc.source import Source
from specc.syntax.program import program_of

EXAMPLES = Path(__file__).parents[1] / "examples"
FORGOTTEN_FLATTEN = (EXAMPLES / "forgotten_flatten.yaml").read_text("utf-8")


def faults(text: str) -> list[Diagnostic]:
    report = Report()
    program = program_of(Source("example.yaml", text), report)
    assert program is not None
    return check_program(program, report, variant=None, params={}).report.diagnostics


def test_the_forgotten_flatten_is_one_fault_of_the_classifier() -> None:
    (fault,) = faults(FORGOTTEN_FLATTEN)
    assert fault.code == "expect-mismatch"
    assert fault.span is not None
    assert "float32[N, 4]" in FORGOTTEN_FLATTEN.splitlines()[fault.span.line - 1]
    assert "received float32[N, 1, 1, 4] from `classifier`" in fault.message
    assert fault.labels[0].message == "classifier gives [N, 1, 1, 4]"
    assert fault.help == "flatten before it: put `- Flatten` in front of `classifier`"


def test_a_layer_that_keeps_the_shape_is_not_blamed() -> None:
    softmax = "    name: classifier\n  - Softmax:\n    name: probabilities\n"
    text = FORGOTTEN_FLATTEN.replace("    name: classifier\n", softmax)
    text = text.replace("[classifier]", "[probabilities]").replace(
        "{classifier:", "{probabilities:"
    )
    (fault,) = faults(text)
    assert "expected `probabilities`" in fault.message
    assert "from `classifier`" in fault.message


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("  - Dense: 4", "  - Flatten\n  - Dense: 4"),
        ("AveragePooling2D: 7", "GlobalAveragePooling2D"),
    ],
)
def test_either_mend_that_the_example_names_is_one(wrong: str, right: str) -> None:
    assert wrong in FORGOTTEN_FLATTEN
    assert faults(FORGOTTEN_FLATTEN.replace(wrong, right)) == []
