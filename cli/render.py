"""What `specc check --format` writes: text, concise lines, JSON, GitHub commands or SARIF.

`text` and `concise` name a file as the user named it. The other three are for programs: they name a
file by its path from a root folder, with `/`. Lines and columns are 1-based and count characters
(Unicode code points); an end column is exclusive. No result ends with a line break.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from specc.codes import CODES
from specc.diagnostics import Diagnostic, Report
from specc.rendering import summary, text_report
from specc.source import Span, escaped

Format = Literal["text", "concise", "json", "github", "sarif"]

Json = dict[str, object]


def render(
    report: Report,
    output_format: Format,
    *,
    color: bool = False,
    root: Path,
    expect_skipped: Sequence[str] = (),
) -> str:
    """The report in one of the formats.

    color: whether `text` holds ANSI colours; the others never do.
    root: the folder that the paths of `json`, `github` and `sarif` start from, absolute.
    expect_skipped: the specs whose `expect` was not held against them, which `json` names.
    """
    match output_format:
        case "text":
            return text_report(report, color=color)
        case "concise":
            return concise(report)
        case "json":
            return as_json(report, root, expect_skipped)
        case "github":
            return github(report, root)
        case "sarif":
            return sarif(report, root)


def concise(report: Report) -> str:
    """One line for each fault, `file:line:column: error[code]: message`, as editors read them."""
    lines = [escaped(str(each)) for each in report.diagnostics]
    return "\n".join([*lines, summary(report)] if report.hidden else lines)


def _path(span: Span, root: Path) -> Path:
    """The file of the span, from `root` if it is inside."""
    path = Path(os.path.normpath(Path.cwd() / span.source.name))
    return path.relative_to(root) if path.is_relative_to(root) else path


def _advice(diagnostic: Diagnostic) -> str:
    """The message and the fix, for a place that shows nothing else."""
    lines = [diagnostic.message]
    if diagnostic.help:
        lines += f"help: {diagnostic.help}".splitlines()
    return "\n".join(map(escaped, lines))


# --- JSON ---------------------------------------------------------------------------------------


def as_json(report: Report, root: Path, expect_skipped: Sequence[str] = ()) -> str:
    """One object, whose form changes only with its `version`.

    {version: 1, errors, warnings, hidden: how many more faults are not listed,
     expect_skipped: the specs whose `expect` was skipped, since --set changes them, diagnostics: [
      {code, severity, message, file, line, column, end_line, end_column, label, help,
       labels: [{file, line, column, end_line, end_column, message}],
       trace: [{file, line, column, end_line, end_column, name}]}]}

    A fault of no place in a file has null for its place. A trace goes from the innermost scope out.
    """
    severities = [each.severity for each in report.diagnostics]
    document: Json = {
        "version": 1,
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "hidden": report.hidden,
        "expect_skipped": list(expect_skipped),
        "diagnostics": [_json_diagnostic(each, root) for each in report.diagnostics],
    }
    return json.dumps(document, indent=2)


def _json_diagnostic(diagnostic: Diagnostic, root: Path) -> Json:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_json_place(diagnostic.span, root),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "labels": [
            {**_json_place(label.span, root), "message": label.message}
            for label in diagnostic.labels
        ],
        "trace": [
            {**_json_place(frame.span, root), "name": frame.name} for frame in diagnostic.trace
        ],
    }


def _json_place(span: Span | None, root: Path) -> Json:
    return {
        "file": _path(span, root).as_posix() if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
    }


# --- GitHub -------------------------------------------------------------------------------------


def github(report: Report, root: Path) -> str:
    """One workflow command for each fault, which GitHub shows as an annotation on the line.

    Source: docs.github.com, "Workflow commands for GitHub Actions".
    """
    commands = [_github_command(each, root) for each in report.diagnostics]
    if report.hidden:
        commands.append(f"::notice title=specc::{_github_data(summary(report))}")
    return "\n".join(commands)


def _github_command(diagnostic: Diagnostic, root: Path) -> str:
    properties = {**_github_place(diagnostic.span, root), "title": f"specc {diagnostic.code}"}
    written = ",".join(f"{key}={_github_property(value)}" for key, value in properties.items())
    return f"::{diagnostic.severity} {written}::{_github_data(_advice(diagnostic))}"


def _github_place(span: Span | None, root: Path) -> dict[str, str]:
    if span is None:
        return {}
    place = {
        "file": _path(span, root).as_posix(),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    if span.line == span.end_line:  # GitHub takes columns only within one line
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


# --- SARIF --------------------------------------------------------------------------------------


def sarif(report: Report, root: Path) -> str:
    """A SARIF 2.1.0 log of one run, whose rules are the codes that the report uses.

    The marks of other places are `relatedLocations`, the trace is a stack. How many faults are not
    listed is `hidden` among the properties of the run.

    Source: the OASIS standard "Static Analysis Results Interchange Format (SARIF) 2.1.0".
    """
    codes = list(dict.fromkeys(each.code for each in report.diagnostics))
    driver: Json = {
        "name": "specc",
        "version": metadata.version("specc"),
        "rules": [_sarif_rule(code) for code in codes],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, codes, root) for each in report.diagnostics],
        "properties": {"hidden": report.hidden},
    }
    log: Json = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2)


def _sarif_rule(code: str) -> Json:
    title, _, text = CODES[code].partition("\n")
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": CODES[code]},
        "help": {"text": text.strip() or title},
    }


def _sarif_result(diagnostic: Diagnostic, codes: list[str], root: Path) -> Json:
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": _sarif_message(_advice(diagnostic)),
        "locations": [],
    }
    if diagnostic.span:
        result["locations"] = [_sarif_location(diagnostic.span, diagnostic.label, root)]
    if diagnostic.labels:
        result["relatedLocations"] = [
            _sarif_location(label.span, label.message, root) for label in diagnostic.labels
        ]
    if diagnostic.trace:
        frames = [
            {"location": _sarif_location(frame.span, frame.name, root)}
            for frame in diagnostic.trace
        ]
        result["stacks"] = [{"frames": frames}]
    return result


def _sarif_location(span: Span, message: str, root: Path) -> Json:
    place: Json = {
        "artifactLocation": {"uri": _uri(_path(span, root))},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }
    location: Json = {"physicalLocation": place}
    return {**location, "message": _sarif_message(message)} if message else location


def _sarif_message(text: str) -> Json:
    """A plain message. Single braces would be placeholders (section 3.11.5 of the standard)."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}


def _uri(path: Path) -> str:
    """The percent-encoded path; a name that is not UTF-8 keeps its bytes."""
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), errors="surrogateescape")
