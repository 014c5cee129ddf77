"""The pages say what specc does: their specs are right, their commands print what stands below.

A page is read from top to bottom in a folder of its own. A `yaml` block with `specc:` is a whole
spec: it is saved as `net.yaml` and must check without a fault or a warning. A block with lines
`$ specc …` is run, and what stands below each command must be its whole output. An HTML comment on
the line before a block says what else it is:

    file: NAME         the spec, or the Python code, is saved under this name
    included: NAME     the same, for a file that is no network of its own
    faulty             the spec has faults; the commands that follow show them
    plugin: NAME       this spec and those below need a plugin, a file saved before
    edit: OLD => NEW   the spec saved last is changed before the commands run
    copy: NAME         this file of the repository is there when the commands run
    part of: specc …   the block is a part of what this command prints

A command with `--plugin` runs in a process of its own: its layers are not for the other tests.
`pytest tests/test_docs.py --update-golden` writes the outputs anew.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from specc.cli.app import app
from specc.expressions import EXPRESSION_LIMIT, FUNCTIONS
from specc.operations import ATTRIBUTES, LIST_LIMIT
from specc.passes import limits
from specc.syntax import yaml
from specc.syntax.document import Block, Document, Expect

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGE = (ROOT / "docs" / "language.md").read_text("utf-8")

BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (.+)\n", re.MULTILINE)
VERDICT = re.compile(r"^(?:backends|\w+ / \w+)  .*$", re.MULTILINE)
"""A row that `specc verify` prints."""
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def output_of(command: str) -> tuple[int, str]:
    """The exit status and the output of a command line that begins with `specc`."""
    program, *arguments = shlex.split(command)
    assert program == "specc", command
    if "--plugin" in arguments:
        return output_alone(arguments)
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def output_alone(arguments: list[str]) -> tuple[int, str]:
    """The same from another process, which takes its time."""
    command = [sys.executable, "-m", "specc.cli", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


class Reader:
    """Reads a page in the current folder."""

    def __init__(self) -> None:
        self.spec = Path("net.yaml")
        self.options = ""

    def refreshed(self, page: str) -> str:
        """The page with what its commands print now. Fails if what it claims is not so."""
        return BLOCK.sub(self._block, page)

    def _block(self, block: re.Match[str]) -> str:
        kind, _, argument = (block["note"] or "").partition(": ")
        body = block["body"]
        if kind == "part of":
            assert body in output_of(argument)[1], f"not a part of `{argument}`:\n{body}"
        if block["language"] == "yaml" and body.startswith("specc:"):
            self._save(kind, argument, body)
        if block["language"] == "python":
            ast.parse(dedent(body))
            if kind == "file":
                Path(argument).write_text(body, "utf-8")
        if not body.startswith("$ specc"):
            return block[0]
        if kind == "copy":
            self._copy(argument)
        if kind == "edit":
            self._edit(*argument.split(" => "))
        return block[0].replace(body, self._commands(body))

    def _save(self, kind: str, argument: str, text: str) -> None:
        if kind == "plugin":
            self.options, argument = f"--plugin {argument}", ""
        self.spec = Path(argument or "net.yaml")
        self.spec.parent.mkdir(exist_ok=True)
        self.spec.write_text(text, "utf-8")
        if kind != "included":
            status, output = output_of(f"specc check --all-variants {self.spec} {self.options}")
            assert status == int(kind == "faulty"), output
            assert "warning" not in output

    def _edit(self, old: str, new: str) -> None:
        text = self.spec.read_text("utf-8")
        assert old in text
        self._save("", str(self.spec), text.replace(old, new))

    def _copy(self, name: str) -> None:
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, name)

    def _commands(self, body: str) -> str:
        return "".join(map(_shown, COMMAND.findall(body)))


def _shown(command: str) -> str:
    """A command line with what it prints."""
    status, output = output_of(command)
    assert status == int("error[" in output), output
    return f"$ {command}\n{output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_what_specc_prints(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    written = page.read_text("utf-8")
    refreshed = Reader().refreshed(written)
    if update_golden:
        page.write_text(refreshed, "utf-8")
    assert settled(refreshed) == settled(page.read_text("utf-8"))


def settled(page: str) -> str:
    """The page without what the processor decides: how far backends are apart, and where most."""

    def without(row: re.Match[str]) -> str:
        return re.sub(r" \S+ \d\.\de-\d\d ", " ", " ".join(row[0].split()))

    return VERDICT.sub(without, page)


def test_a_verdict_counts_but_not_how_far_backends_are_apart() -> None:
    head = "backends        sizes  largest difference at  of its scale  tensors\n"
    row = "pytorch / onnx  N=2    dense                        {}        5  {}\n"
    written = settled(head + row.format("1.5e-07", "ok"))
    assert written == settled(head + row.format("3.0e-08", "ok").replace("dense  ", "conv2d "))
    assert written != settled(head + row.format("1.5e-07", "DIFFERS"))
    assert written != settled(head + row.format("1.5e-07", "ok").replace("N=2", "N=3"))
    assert written.splitlines()[1] == "pytorch / onnx N=2 5 ok"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_to_files(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


SPEC = """```yaml
specc: 1
inputs: {x: "float32[N, 4]"}
layers:
  - Dense: 2
```
"""


@pytest.mark.parametrize(
    "page",
    [
        SPEC.replace("Dense", "Dens"),
        "<!-- faulty -->\n" + SPEC,
        SPEC + "```\n$ specc check net.yaml\n$ ls\n```\n",
        SPEC + "<!-- part of: specc expand net.yaml -->\n```text\nanother network\n```\n",
        SPEC + "```python\nimport\n```\n",
    ],
    ids=["a fault", "no fault", "another program", "not a part", "not Python"],
)
def test_a_page_that_is_wrong_is_found_out(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((AssertionError, SyntaxError)):
        Reader().refreshed(page)


def test_an_output_that_is_wrong_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = SPEC + "\n<!-- edit: Dense: 2 => Dense: 3 -->\n```\n$ specc check net.yaml\nold\n```\n"
    assert "\nnet.yaml: ok, 1 layer, 15 parameters\n```\n" in Reader().refreshed(page)


# The language guide is whole


def test_every_function_is_in_the_guide() -> None:
    assert re.findall(r"^\| `(\w+)\(", LANGUAGE, re.MULTILINE) == list(FUNCTIONS)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_attribute_is_in_the_guide(attribute: str) -> None:
    assert f"`.{attribute}`" in LANGUAGE


@pytest.mark.parametrize("key", [*Document.model_fields, *Block.model_fields, *Expect.model_fields])
def test_every_key_is_in_the_guide(key: str) -> None:
    assert f"`{key}`" in LANGUAGE


@pytest.mark.parametrize(
    "limit",
    [
        EXPRESSION_LIMIT,
        LIST_LIMIT,
        yaml.MAX_DEPTH,
        yaml.MAX_NODES,
        limits.MAX_DEPTH,
        limits.MAX_PATH,
        limits.MAX_LAYERS,
        limits.MAX_LOOP_DEPTH,
        limits.MAX_STEPS,
        limits.MAX_VALUES,
    ],
)
def test_the_limits_in_the_guide_are_those_of_the_code(limit: int) -> None:
    assert re.search(rf"^\| .* \| {limit:,} ", LANGUAGE, re.MULTILINE)
