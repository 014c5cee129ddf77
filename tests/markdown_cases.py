"""Diagnostics as Markdown: a heading names a case, and its fenced blocks are the case.

The first `yaml` block is the spec; one with a file name (`yaml blocks.yaml`) is a file beside it,
and one with `@name` is checked as that variant. A `text` block is the whole output. What must be
reported is marked in the YAML, and the marks are taken out before the spec is checked:

    - Densee: 10   # error[unknown-layer]: there is no layer; help: did you mean `Dense`?

says that a diagnostic starts on this line, with a part of its message and, after `; help: `, of its
help. A line of its own below marks the columns too:

    - Densee: 10
    # ^^^^^^ error[unknown-layer]

A spec without marks is one without faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from specc.diagnostics import Diagnostic

FOLDER = Path(__file__).parent / "diagnostics"

_HEADING = re.compile(r"#+ (.+)")
_FENCE = re.compile(r"```(\w+)? *(\S*)")
_MARK = re.compile(r" *# (?=(?:error|warning)\[)")
_POINTER = re.compile(r" *#(?P<gap> *)(?P<carets>\^+) (?P<claim>(?:error|warning)\[.*)")
_CLAIM = re.compile(
    r"(?P<severity>error|warning)\[(?P<code>[a-z-]+)\]"
    r"(?:: (?P<message>.*?))?(?:; help: (?P<help>.*))?"
)


@dataclass(frozen=True)
class Mark:
    """What must be reported on a line, and at which columns if the mark says so."""

    file: str
    line: int
    severity: str
    code: str
    message: str = ""
    help: str = ""
    columns: tuple[int, int] | None = None

    def fits(self, diagnostic: Diagnostic) -> bool:
        span = diagnostic.span
        return (
            span is not None
            and (span.source.name, span.line) == (self.file, self.line)
            and (diagnostic.severity, diagnostic.code) == (self.severity, self.code)
            and self.message in diagnostic.message
            and self.help in diagnostic.help
            and self.columns in (None, (span.column, span.end_column))
        )


@dataclass
class Case:
    """One spec with its files, its marks and, for some, its whole output."""

    name: str
    home: Path = FOLDER
    files: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    variant: str | None = None
    output: str | None = None

    def write(self, folder: Path) -> Path:
        """Write the files into `folder`; the path of the spec."""
        for name, text in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return folder / next(iter(self.files))

    def rewrite_output(self, output: str) -> None:
        """Put `output` where the Markdown file has the expected one."""
        text = self.home.read_text("utf-8")
        old, new = (f"```text\n{each}\n```" for each in (self.output, output))
        self.home.write_text(text.replace(old, new, 1), "utf-8")


def all_cases() -> list[Case]:
    return [case for file in sorted(FOLDER.glob("*.md")) for case in cases_of(file)]


def cases_of(file: Path) -> Iterator[Case]:
    """The cases of one Markdown file: its headings that have a `yaml` block below them."""
    case = Case("", file)
    lines = iter(file.read_text("utf-8").splitlines())
    for line in lines:
        if heading := _HEADING.fullmatch(line):
            if case.files:
                yield case
            case = Case(f"{file.stem}: {heading[1]}", file)
        elif fence := _FENCE.fullmatch(line):
            _add(case, fence[1], fence[2], list(_until_fence(lines)))
    if case.files:
        yield case


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("```"):
            return
        yield line


def _add(case: Case, language: str, info: str, lines: list[str]) -> None:
    if language == "text":
        case.output = "\n".join(lines)
    elif language == "yaml":
        if info.startswith("@"):
            case.variant = info[1:]
        name = info if info and not info.startswith("@") else "net.yaml"
        case.files[name] = "".join(f"{line}\n" for line in _read(case, name, lines))


def _read(case: Case, file: str, lines: list[str]) -> Iterator[str]:
    """The lines without their marks, which go to `case.marks`."""
    number = 0
    for line in lines:
        if pointer := _POINTER.fullmatch(line):
            columns = pointer.start("carets") + 1, pointer.end("carets") + 1
            case.marks.append(_mark(file, number, pointer["claim"], columns))
            continue
        number += 1
        text, *claims = _MARK.split(line)
        case.marks += [_mark(file, number, claim, None) for claim in claims]
        yield text


def _mark(file: str, line: int, text: str, columns: tuple[int, int] | None) -> Mark:
    claim = _CLAIM.fullmatch(text)
    assert claim, f"{file}:{line}: not a mark: {text}"
    message, help = claim["message"] or "", claim["help"] or ""
    return Mark(file, line, claim["severity"], claim["code"], message, help, columns)
