"""What a report looks like, whole, in each format."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from specc.cli.render import render
from specc.codes import CODES
from specc.diagnostics import Diagnostic, Frame, Label, Report, Severity, SpecError
from specc.rendering import EXCERPT_COLUMNS, text_report
from specc.source import Source, Span, escaped

NET = Source(
    "net.yaml",
    "layers:\n"
    "  - Conv2D: {filters: 64, kernel_size: 3}\n"
    "  - Conv2D: {filters: 32, kernel_size: 3}\n"
    "  - Add:\n"
    "\n"
    "    # after each other\n"
    "\n"
    "    # the two\n"
    "\n"
    "    inputs: [conv_1, conv_2]\n",
)


def span(source: Source, line: int, text: str) -> Span:
    """The first place in the line that holds `text`."""
    column = source.line(line).index(text) + 1
    return Span(source, line, column, line, column + len(text))


def report(*diagnostics: Diagnostic, hidden: int = 0) -> Report:
    return Report(list(diagnostics), hidden)


def shown(*diagnostics: Diagnostic) -> str:
    """The text of the report without the summary, which is tested on its own."""
    return text_report(report(*diagnostics)).rpartition("\n\n")[0] + "\n"


def marked(line: str, *texts: str) -> str:
    """The excerpt of one line: the first text is the fault, the others are labels."""
    source = Source("x.yaml", line)
    fault, *others = (span(source, 1, text) for text in texts)
    labels = tuple(Label(other, "this") for other in others)
    lines = shown(Diagnostic("unknown-name", "No.", fault, "here", labels)).splitlines()
    return "\n".join(lines[3:]) + "\n"


MISMATCH = Diagnostic(
    "shape-mismatch",
    "Add needs equal shapes: axis 3 (channels) is 64 and 32",
    span(NET, 10, "conv_2"),
    "expected [N, 28, 28, 64], as conv_1 gives (line 2)",
    (Label(span(NET, 3, "32"), "conv_2 gives [N, 28, 28, 32]"),),
    (Frame("residual", span(NET, 4, "Add")), Frame("stage.2", span(NET, 2, "Conv2D"))),
    "set filters to 64 on conv_2, or join with Concatenate",
)


# Text


def test_span_label_trace_and_help() -> None:
    assert (
        shown(MISMATCH)
        == """\
error[shape-mismatch]: Add needs equal shapes: axis 3 (channels) is 64 and 32
  --> net.yaml:10:22
   |
 3 |   - Conv2D: {filters: 32, kernel_size: 3}
   |                       -- conv_2 gives [N, 28, 28, 32]
10 |     inputs: [conv_1, conv_2]
   |                      ^^^^^^ expected [N, 28, 28, 64], as conv_1 gives (line 2)
   |
in: stage.2 (line 2) > residual (line 4)
help: set filters to 64 on conv_2, or join with Concatenate
"""
    )


def test_span_alone() -> None:
    assert (
        shown(Diagnostic("unknown-layer", "there is no Conv2D", span(NET, 2, "Conv2D")))
        == """\
error[unknown-layer]: there is no Conv2D
 --> net.yaml:2:5
  |
2 |   - Conv2D: {filters: 64, kernel_size: 3}
  |     ^^^^^^
"""
    )


def test_no_span() -> None:
    fault = Diagnostic("file-not-found", "x.yaml does not exist", help="look again\nor make it")
    assert (
        shown(fault)
        == """\
error[file-not-found]: x.yaml does not exist
help: look again
      or make it
"""
    )


def test_label_in_another_file() -> None:
    other = Source("lib/blocks.yaml", "blocks:\n  residual:\n    layers: [ReLU]\n")
    fault = Diagnostic(
        "include-conflict",
        "The block residual is declared twice.",
        span(NET, 4, "Add"),
        labels=(
            Label(span(other, 3, "ReLU"), "its body"),
            Label(span(NET, 1, "layers"), "here"),
            Label(span(other, 2, "residual"), "first declared here"),
        ),
        trace=(Frame("residual", span(other, 2, "residual")),),
    )
    assert (
        shown(fault)
        == """\
error[include-conflict]: The block residual is declared twice.
 --> net.yaml:4:5
  |
1 | layers:
  | ------ here
4 |   - Add:
  |     ^^^
  |
 ::: lib/blocks.yaml:2:3
  |
2 |   residual:
  |   -------- first declared here
3 |     layers: [ReLU]
  |              ---- its body
  |
in: residual (lib/blocks.yaml:2)
"""
    )


def test_only_the_last_file_is_not_closed() -> None:
    other = Source("other.yaml", "x: 1")
    labels = (Label(span(other, 1, "x"), "that"), Label(span(NET, 4, "Add"), "this"))
    fault = Diagnostic("arity", "No.", span(NET, 1, "layers"), labels=labels)
    assert (
        shown(fault)
        == """\
error[arity]: No.
 --> net.yaml:1:1
  |
1 | layers:
  | ^^^^^^
4 |   - Add:
  |     --- this
  |
 ::: other.yaml:1:1
  |
1 | x: 1
  | - that
"""
    )


def test_marks_on_one_line_go_from_right_to_left() -> None:
    assert (
        marked("inputs: [one, two, three]", "two", "three", "one")
        == """\
1 | inputs: [one, two, three]
  |                    ----- this
  |               ^^^ here
  |          --- this
"""
    )


def test_marks_that_overlap() -> None:
    assert (
        marked("inputs: [one, two]", "one", "[one, two]", "one, two")
        == """\
1 | inputs: [one, two]
  |          -------- this
  |          ^^^ here
  |         ---------- this
"""
    )


def test_tab_wide_and_combining_characters_keep_the_marks_aligned() -> None:
    assert marked("\tname: 中文 e\u0301te\u0301 x", "x", "中文", "e\u0301te\u0301", "name") == (
        "1 |     name: 中文 e\u0301te\u0301 x\n"
        "  |                    ^ here\n"
        "  |                --- this\n"
        "  |           ---- this\n"
        "  |     ---- this\n"
    )


def test_what_cannot_be_printed_is_escaped() -> None:
    assert marked("name: \x1b[31m\u202e x", "x", "\x1b[31m") == (
        "1 | name: \\x1b[31m\\u202e x\n"
        f"  | {' ' * 21}^ here\n"
        "  |       -------- this\n"
    )  # fmt: skip


def test_no_text_from_outside_reaches_the_terminal_raw() -> None:
    evil = "\x1b]0;title\x07\n\u202e\ud800"
    place = Span(Source(f"{evil}.yaml", evil), 1, 1, 1, 2)
    fault = Diagnostic(
        "unknown-name", evil, place, evil, (Label(place, evil),), (Frame(evil, place),), evil
    )
    for line in text_report(report(fault)).split("\n"):
        assert line.isprintable()
    for line in render(report(fault), "concise", root=Path.cwd()).split("\n"):
        assert line.isprintable()


def test_span_of_several_lines_is_marked_on_its_first() -> None:
    fault = Diagnostic("wrong-type", "expected a name", Span(NET, 2, 5, 4, 7), "a mapping")
    assert shown(fault).splitlines()[3:] == [
        "2 |   - Conv2D: {filters: 64, kernel_size: 3}",
        "  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a mapping",
    ]


@pytest.mark.parametrize("place", [(5, 1), (1, 8), (1, 99), (99, 1)])
def test_span_of_nothing_gets_one_mark(place: tuple[int, int]) -> None:
    line, column = place
    fault = Diagnostic("missing-key", "No.", Span(NET, line, column, line, column), "add it")
    code, marks = shown(fault).splitlines()[3:]
    assert marks.lstrip(" |") == "^ add it"
    assert marks.index("^") == max(len(code), code.index("|") + 2)


def test_long_line_is_shown_around_the_mark() -> None:
    line = "[" + "abc, " * 100 + "fault, " + "xyz, " * 100_000 + "]"
    lead = ("abc, " * 100)[-40:]
    tail = ("fault, " + "xyz, " * 100)[: EXCERPT_COLUMNS - 40]
    assert marked(line, "fault") == (
        f"1 | …{lead}{tail}…\n"
        f"  | {' ' * 41}^^^^^ here\n"
    )  # fmt: skip


def test_long_line_is_not_cut_before_a_mark_near_its_beginning() -> None:
    line = "inputs: [" + "abc, " * 10 + "fault, " + "xyz, " * 100
    assert marked(line, "fault") == (
        f"1 | {line[:EXCERPT_COLUMNS]}…\n"
        f"  | {' ' * 59}^^^^^ here\n"
    )  # fmt: skip


def test_marks_far_apart_on_a_long_line_each_get_their_part_of_it() -> None:
    line = "first: " + "中, " * 500 + "second"
    (first, _, second, second_mark) = marked(line, "first", "second").splitlines()
    assert first.startswith("1 | first: 中, ")
    assert first.endswith("…")
    assert second.startswith("1 | …")
    assert second.endswith("second")
    assert second_mark.lstrip(" |") == "------ this"


@pytest.mark.parametrize("filling", ["a", "中", "\t", "\x00", "\u0301", "\U000e0001"])
def test_a_long_line_of_anything_is_shown_within_100_columns(filling: str) -> None:
    line = filling * 500 + "fault" + filling * 1_000_000
    code, marks = marked(line, "fault").splitlines()
    assert len(code) <= 100
    assert len(marks) <= 100
    assert "fault" in code


def test_mark_longer_than_a_line_can_show_ends_where_the_line_does() -> None:
    code, marks = marked("x: " + "y" * 500, "y" * 500).splitlines()
    assert marks == "  | " + " " * 3 + "^" * (len(code) - len("1 | x: …")) + " here"


def test_long_trace_leaves_out_its_middle() -> None:
    frames = tuple(Frame(name, span(NET, 4, "Add")) for name in "hgfedcba")
    fault = Diagnostic("arity", "No.", span(NET, 4, "Add"), trace=frames)
    assert shown(fault).splitlines()[-1] == (
        "in: a (line 4) > b (line 4) > … 3 more … > f (line 4) > g (line 4) > h (line 4)"
    )


def test_trace_is_not_shortened_for_a_single_step() -> None:
    frames = tuple(Frame(name, span(NET, 4, "Add")) for name in "fedcba")
    fault = Diagnostic("arity", "No.", span(NET, 4, "Add"), trace=frames)
    assert shown(fault).splitlines()[-1].count("line 4") == 6


@pytest.mark.parametrize(
    ("severities", "hidden", "expected"),
    [
        (["error"], 0, "1 error"),
        (["warning"], 0, "1 warning"),
        (["error", "warning", "error"], 0, "2 errors, 1 warning"),
        (["error", "error"], 1, "2 errors, and 1 more error not shown"),
        (["error", "error"], 9900, "2 errors, and 9,900 more errors not shown"),
    ],
)
def test_summary(severities: list[Severity], hidden: int, expected: str) -> None:
    faults = [Diagnostic("arity", "No.", severity=severity) for severity in severities]
    assert text_report(report(*faults, hidden=hidden)).splitlines()[-1] == expected


def test_faults_are_apart_by_an_empty_line() -> None:
    first, second = (Diagnostic("arity", message) for message in ("One.", "Two."))
    assert text_report(report(first, second)) == (
        "error[arity]: One.\n\nerror[arity]: Two.\n\n2 errors"
    )


def test_nothing_to_report() -> None:
    assert text_report(report()) == ""


def test_color_adds_only_color() -> None:
    warning = Diagnostic("unused-layer", "Not used.", span(NET, 1, "layers"), severity="warning")
    found = report(MISMATCH, warning)
    colored = text_report(found, color=True)
    assert "\x1b[1;31merror[shape-mismatch]\x1b[0m" in colored
    assert "\x1b[1;33mwarning[unused-layer]\x1b[0m" in colored
    assert "\x1b[36m-- conv_2 gives [N, 28, 28, 32]\x1b[0m" in colored
    assert "\x1b[34m10 |\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == text_report(found)


def test_error_as_text() -> None:
    assert str(SpecError(report(MISMATCH))) == text_report(report(MISMATCH))


def test_what_can_be_printed_is_not_escaped() -> None:
    assert escaped("é 中 × …") == "é 中 × …"
    assert escaped("a\tb\n\u200b") == "a\\tb\\n\\u200b"


# The other formats


NOWHERE = Diagnostic("file-not-found", "100%: no\nfile", severity="warning")


def rendered(output_format: Any, *diagnostics: Diagnostic, hidden: int = 0) -> str:
    return render(report(*diagnostics, hidden=hidden), output_format, root=Path.cwd())


def place(source: Source, line: int, column: int, end_column: int) -> dict[str, object]:
    return {
        "file": source.name,
        "line": line,
        "column": column,
        "end_line": line,
        "end_column": end_column,
    }


def test_text_is_the_text_report() -> None:
    assert rendered("text", MISMATCH) == text_report(report(MISMATCH))
    colored = render(report(MISMATCH), "text", color=True, root=Path.cwd())
    assert colored == text_report(report(MISMATCH), color=True)


def test_concise() -> None:
    assert rendered("concise", MISMATCH, NOWHERE) == (
        "net.yaml:10:22: error[shape-mismatch]: "
        "Add needs equal shapes: axis 3 (channels) is 64 and 32\n"
        "warning[file-not-found]: 100%: no\\nfile"
    )
    assert rendered("concise", NOWHERE, hidden=2).endswith(
        "\n1 warning, and 2 more errors not shown"
    )


def test_json() -> None:
    assert json.loads(rendered("json", MISMATCH, NOWHERE, hidden=3)) == {
        "version": 1,
        "errors": 1,
        "warnings": 1,
        "hidden": 3,
        "expect_skipped": [],
        "diagnostics": [
            {
                "code": "shape-mismatch",
                "severity": "error",
                "message": MISMATCH.message,
                **place(NET, 10, 22, 28),
                "label": MISMATCH.label,
                "help": MISMATCH.help,
                "labels": [{**place(NET, 3, 23, 25), "message": "conv_2 gives [N, 28, 28, 32]"}],
                "trace": [
                    {**place(NET, 4, 5, 8), "name": "residual"},
                    {**place(NET, 2, 5, 11), "name": "stage.2"},
                ],
            },
            {
                "code": "file-not-found",
                "severity": "warning",
                "message": NOWHERE.message,
                **dict.fromkeys(["file", "line", "column", "end_line", "end_column"]),
                "label": "",
                "help": "",
                "labels": [],
                "trace": [],
            },
        ],
    }


def parsed_command(command: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it."""
    match = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", command)
    assert match, command
    properties = dict(each.split("=", 1) for each in match[2].split(","))
    return match[1], {key: unquote(value) for key, value in properties.items()}, unquote(match[3])


def test_github() -> None:
    odd = Source("a,b:100%.yaml", "x: 1\ny: 2")
    several_lines = Diagnostic("wrong-type", "50% of a: b, c", Span(odd, 1, 1, 2, 3))
    first, second, third, last = rendered(
        "github", MISMATCH, several_lines, NOWHERE, hidden=1
    ).splitlines()
    assert first == (
        "::error file=net.yaml,line=10,endLine=10,col=22,endColumn=28,title=specc shape-mismatch"
        "::Add needs equal shapes: axis 3 (channels) is 64 and 32"
        "%0Ahelp: set filters to 64 on conv_2, or join with Concatenate"
    )
    assert second.startswith("::error file=a%2Cb%3A100%25.yaml,")
    assert parsed_command(second) == (
        "error",
        {"file": "a,b:100%.yaml", "line": "1", "endLine": "2", "title": "specc wrong-type"},
        "50% of a: b, c",
    )
    assert parsed_command(third) == (
        "warning",
        {"title": "specc file-not-found"},
        "100%: no\\nfile",
    )
    assert parsed_command(last)[2] == "2 errors, 1 warning, and 1 more error not shown"


SARIF_SCHEMA = Path(__file__).parent / "data" / "sarif-schema-2.1.0.json"


def sarif_run(*diagnostics: Diagnostic, hidden: int = 0) -> dict[str, Any]:
    """The run of a log that follows the standard's schema."""
    log = json.loads(rendered("sarif", *diagnostics, hidden=hidden))
    jsonschema.validate(log, json.loads(SARIF_SCHEMA.read_text(encoding="utf-8")))
    [run] = log["runs"]
    return run


def location(uri: str, place: tuple[int, int, int, int], message: str) -> dict[str, object]:
    keys = ("startLine", "startColumn", "endLine", "endColumn")
    physical = {"artifactLocation": {"uri": uri}, "region": dict(zip(keys, place, strict=True))}
    return {"physicalLocation": physical, "message": {"text": message}}


def test_sarif_result() -> None:
    [result] = sarif_run(MISMATCH)["results"]
    assert result == {
        "ruleId": "shape-mismatch",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": f"{MISMATCH.message}\nhelp: {MISMATCH.help}"},
        "locations": [location("net.yaml", (10, 22, 10, 28), MISMATCH.label)],
        "relatedLocations": [
            location("net.yaml", (3, 23, 3, 25), "conv_2 gives [N, 28, 28, 32]"),
        ],
        "stacks": [
            {
                "frames": [
                    {"location": location("net.yaml", (4, 5, 4, 8), "residual")},
                    {"location": location("net.yaml", (2, 5, 2, 11), "stage.2")},
                ]
            }
        ],
    }


def test_sarif_names_each_code_used_once() -> None:
    run = sarif_run(NOWHERE, MISMATCH, NOWHERE, hidden=7)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("specc", metadata.version("specc"))
    assert [rule["id"] for rule in driver["rules"]] == ["file-not-found", "shape-mismatch"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0]
    assert driver["rules"][0]["fullDescription"]["text"] == CODES["file-not-found"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["properties"] == {"hidden": 7}


def test_sarif_describes_every_code() -> None:
    rules = sarif_run(*(Diagnostic(code, "No.") for code in CODES))["tool"]["driver"]["rules"]
    for rule in rules:
        title = rule["shortDescription"]["text"]
        assert title
        assert "\n" not in title
        assert rule["help"]["text"]


def test_sarif_braces_are_no_placeholders() -> None:
    [result] = sarif_run(Diagnostic("expression-name", "No x in ${x}."))["results"]
    assert result["message"]["text"] == "No x in ${{x}}."


def test_empty_reports() -> None:
    assert sarif_run()["results"] == []
    assert json.loads(rendered("json"))["diagnostics"] == []
    assert rendered("github") == rendered("concise") == rendered("text") == ""


def path_in(output_format: Any, name: str, root: Path) -> str:
    """The file that the format names for a source of that name."""
    fault = report(Diagnostic("arity", "No.", Span(Source(name, ""), 1, 1, 1, 1)))
    found = render(fault, output_format, root=root)
    if output_format == "github":
        return parsed_command(found)[1]["file"]
    document = json.loads(found)
    if output_format == "json":
        return document["diagnostics"][0]["file"]
    [place] = document["runs"][0]["results"][0]["locations"]
    return place["physicalLocation"]["artifactLocation"]["uri"]


@pytest.mark.parametrize("output_format", ["json", "github", "sarif"])
def test_paths_start_at_the_root(
    output_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert path_in(output_format, "net.yaml", tmp_path) == "sub/net.yaml"
    assert path_in(output_format, "../net.yaml", tmp_path) == "net.yaml"
    assert path_in(output_format, str(tmp_path / "a" / "net.yaml"), tmp_path) == "a/net.yaml"


def test_paths_outside_the_root_are_whole(tmp_path: Path) -> None:
    outside = tmp_path / "net.yaml"
    assert path_in("json", str(outside), tmp_path / "sub") == outside.as_posix()
    assert path_in("sarif", str(outside), tmp_path / "sub") == outside.as_uri()


def test_sarif_uris_are_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_in("sarif", "my nets/é#1.yaml", tmp_path) == "my%20nets/%C3%A9%231.yaml"
    assert path_in("sarif", "\udcff.yaml", tmp_path) == "%FF.yaml"
