"""Every faulty spec under `diagnostics/` gives exactly the diagnostics that are marked in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_cases import Case, all_cases

from specc.checking import Checked, check_file
from specc.layer import LAYERS
from specc.rendering import text_report

CASES = all_cases()
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

PROPER_NOUNS = {"Keras", "ONNX", "Python", "PyTorch", "UTF-8", "YAML"}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Check a case in a folder of its own, so that file names are the same everywhere."""
    monkeypatch.chdir(tmp_path)

    def checked(case: Case) -> Checked:
        path = case.write(tmp_path).relative_to(tmp_path)
        return check_file(path, variant=case.variant)

    return checked


@cases
def test_reports_what_is_marked_and_nothing_else(case: Case, check) -> None:
    report = check(case).report
    missing, extra = list(case.marks), []
    for diagnostic in report.diagnostics:
        mark = next((mark for mark in missing if mark.fits(diagnostic)), None)
        if mark is None:
            extra.append(str(diagnostic))
        else:
            missing.remove(mark)
    assert (missing, extra) == ([], []), text_report(report)


@cases
def test_gives_a_graph_exactly_if_there_is_no_error(case: Case, check) -> None:
    checked = check(case)
    assert (checked.graph is None) == any(mark.severity == "error" for mark in case.marks)


def is_terse(text: str) -> bool:
    """Whether `text` is a phrase and no sentence: no capital at the start, no full stop."""
    first = re.split(r"[ :.]", text, maxsplit=1)[0]
    if re.search(r"\.$|[^.]\. [A-Z]", text):
        return False
    return not first[:1].isupper() or first in LAYERS or first in PROPER_NOUNS


@cases
def test_speaks_in_one_voice(case: Case, check) -> None:
    """Messages and fixes are phrases: `expected a number, received the string "ten"`."""
    diagnostics = check(case).report.diagnostics
    texts = [text for each in diagnostics for text in (each.message, each.help)]
    assert [text for text in texts if not is_terse(text)] == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.output is not None], ids=lambda case: case.name
)
def test_output_reads_as_written(case: Case, check, update_golden: bool) -> None:
    output = text_report(check(case).report)
    if update_golden:
        case.rewrite_output(output)
    else:
        assert output == case.output


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
