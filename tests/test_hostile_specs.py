"""Any spec is answered: with a graph or with coded errors, never with a traceback.

Each spec below goes through the command line in a process of its own that may use 512 MB.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import limited_checks
import pytest

from specc.checking import check_file

HEADER = "specc: 1\ninputs: {x: 'float32[N, 8]'}\n"


Checked = Callable[[Path], tuple[int, list[str]]]


@pytest.fixture(scope="module")
def checked() -> Iterator[Checked]:
    """What `specc check` says of a file: its exit status, and the codes it prints, each once."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, limited_checks.__file__]
    with subprocess.Popen(command, text=True, bufsize=1, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, answers = process.stdin, process.stdout

        def check(path: Path) -> tuple[int, list[str]]:
            to.write(f"{path}\n")
            status, printed = json.loads(answers.readline())
            assert "Traceback" not in printed
            return status, sorted({*re.findall(r"error\[([a-z-]+)\]", printed)})

        yield check
        to.close()


def network(*entries: str, before: str = "") -> str:
    return HEADER + before + "layers:\n" + "".join(f"  - {entry}\n" for entry in entries)


def nested(depth: int, head: str, body: str) -> str:
    """Loops in each other, on one line, with `body` in the innermost."""
    return f"{{{head}, layers: [" * depth + body + "]}" * depth


def ladder(levels: int, calls: int, last: str = "ReLU") -> str:
    """Blocks of which each calls the next one `calls` times; the last one holds `last`."""
    blocks = [
        f"  b{level}: {{layers: [{', '.join([f'b{level + 1}'] * calls)}]}}"
        for level in range(levels)
    ]
    return "blocks:\n" + "\n".join([*blocks, f"  b{levels}: {{layers: [{last}]}}"]) + "\n"


def named(name: str) -> str:
    return network(f"{{ReLU: , name: {name}}}")


def trained(**section: object) -> str:
    """A network and how it is trained; JSON is YAML."""
    whole = {"optimizer": "adam", "loss": "mse", "epochs": 1, **section}
    return network("Dense: 3") + f"train: {json.dumps(whole)}\n"


def warmed_up(times: int) -> object:
    return {"warm_up": {"steps": 1, "learning_rate": warmed_up(times - 1)}} if times else 0.1


LONG = "b" * 90
ERRORS = [f"Dense: {{unit: {n}}}" for n in range(10_000)]
JUNK = ", ".join("[1, {a: b}, null]" for _ in range(30_000))

FAULTY = {
    **{
        f"filters: {value}": (network(f"Dense: {value}"), ["invalid-parameter"])
        for value in ("yes", "true", "3.0", '"3"', ".nan", ".inf", "2^40", "null_", "[3]")
    },
    "units: 1099511627776": (network("Dense: 1099511627776"), ["invalid-parameter"]),
    "units: 10^30": (network(f"Dense: 1{'0' * 30}"), ["number-too-large"]),
    "repeat: 10^9 as text": (network("{repeat: 10^9, layers: [ReLU]}"), ["wrong-type"]),
    "repeat: 10^9": (network("{repeat: 1000000000, layers: [ReLU]}"), ["too-many-layers"]),
    "a computed 10^9": (network("{repeat: '${10**9}', layers: [ReLU]}"), ["too-many-layers"]),
    "eight nested repeats": (network(nested(8, "repeat: 100", "ReLU")), ["too-many-layers"]),
    "nine nested repeats": (network(nested(9, "repeat: 100", "ReLU")), ["too-many-loops"]),
    "nested empty repeats": (network(nested(8, "repeat: 100", "")), ["too-many-layers"]),
    "wide empty repeats": (network(nested(2, "repeat: 100000", "")), ["too-many-layers"]),
    "a tower of powers": (network("Dense: '${9**9**9**9}'"), ["expression-limit"]),
    "10,000 parentheses": (
        network(f"Dense: '${{{'(' * 10_000}1{')' * 10_000}}}'"),
        ["expression-limit"],
    ),
    "100 parentheses": (network(f"Dense: '${{{'(' * 100}1{')' * 100}}}'"), ["expression-limit"]),
    "100 lists": (network(f"Dense: '${{{'[' * 100}{']' * 100}}}'"), ["expression-limit"]),
    "a dunder": (network("Dense: '${().__class__}'"), ["expression-syntax"]),
    "an attribute's dunder": (network("Dense: '${x.__class__}'"), ["expression-syntax"]),
    "an import": (network("""Dense: "${__import__('os')}" """), ["expression-syntax"]),
    "division by zero": (network("Dense: '${1 // 0}'"), ["expression-value"]),
    "modulo zero": (network("Dense: '${1 % 0}'"), ["expression-value"]),
    "a text bomb": (network("Dense: \"${'aaaaaaaa' * 10**15}\""), ["expression-type"]),
    "a list bomb": (
        network("Dense: '${bomb[0]}'", before="params: {bomb: '${[0] * 10**15}'}\n"),
        ["expression-limit"],
    ),
    "a range bomb": (
        network("{for: {i: '${range(10**15)}'}, layers: [ReLU]}"),
        ["expression-limit"],
    ),
    "doubling params": (
        network(
            "Dense: 3",
            before="params:\n  p0: [1, 2, 3, 4]\n"
            + "".join(f"  p{n}: '${{p{n - 1} + p{n - 1}}}'\n" for n in range(1, 60)),
        ),
        ["expression-limit"],
    ),
    "a recursive block": (
        network("a", before="blocks: {a: {layers: [b]}, b: {layers: [a]}}\n"),
        ["recursive-block"],
    ),
    "blocks that double 40 times": (network("b0", before=ladder(40, 2)), ["too-many-layers"]),
    "a chain of 2,000 blocks": (network("b0", before=ladder(2_000, 1)), ["too-deep"]),
    "a circle of 2,000 blocks": (
        network("b0", before=ladder(2_000, 1, last="b0")),
        ["recursive-block", "too-deep"],
    ),
    "blocks of groups": (
        network(
            "b0",
            before=ladder(64, 1)
            .replace("layers: [", "layers: [" + "{layers: [" * 28)
            .replace("]}\n", "]}" * 28 + "]}\n"),
        ),
        ["too-deep"],
    ),
    "long names in each other": (
        network(
            LONG + "0",
            before=ladder(60, 1)
            .replace("b", LONG)
            .replace(LONG + "locks", "blocks")
            .replace("ReLU", "{repeat: 19000, layers: [ReLU]}"),
        ),
        ["too-deep"],
    ),
    "10,000 errors": (network(*ERRORS), ["unknown-parameter"]),
    "10,000 unknown names": (
        network(*(f"{{ReLU: , inputs: nothing{n}}}" for n in range(10_000))),
        ["unknown-name"],
    ),
    "10,000 unknown names in expressions": (
        network(*(f"Dense: '${{nothing{n} + 1}}'" for n in range(10_000))),
        ["expression-name"],
    ),
    "10,000 unknown layers": (network(*(f"Lair{n}" for n in range(10_000))), ["unknown-layer"]),
    "10,000 unknown blocks": (network(*(f"lair{n}" for n in range(10_000))), ["unknown-block"]),
    "10,000 unknown keys": (
        network("ReLU") + "".join(f"key{n}: 1\n" for n in range(10_000)),
        ["unknown-key"],
    ),
    "10,000 inputs that are no types": (
        "specc: 1\ninputs:\n"
        + "".join(f"  i{n}: float32[N, {n} {n}]\n" for n in range(10_000))
        + "layers: [{ReLU: , inputs: i0}]\n",
        ["invalid-tensor-type"],
    ),
    "200,000 nodes of junk": (network(f"Dense: [{JUNK}]"), ["invalid-parameter"]),
    "junk for a document": (f"specc: 1\nlayers: [{JUNK}]\n", ["invalid-entry"]),
    "more layers than there may be": (network(*["ReLU"] * 20_001), ["too-many-layers"]),
    "a list of 100,000": (
        network(f"{{for: {{i: [{'1, ' * 100_000}]}}, layers: [ReLU]}}"),
        ["too-many-layers"],
    ),
    "a tensor of 2^60": (network("Dense: 2147483647", *["{ReLU: }"]), []),
    "a large input": (
        network("Flatten").replace("[N, 8]", "[N, 2000000000, 2000000000]"),
        ["tensor-too-large"],
    ),
    "a polynomial without end": (
        network("Flatten").replace("[N, 8]", f"[N, {'(a+b+c+d+e)*' * 30}1]"),
        ["invalid-tensor-type"],
    ),
    "sizes of many terms": (
        network("{repeat: 19000, layers: [{Reshape: [-1, 4]}]}").replace(
            "[N, 8]", "[N, (a+b+c+d)*(e+f+g), h//2+h//3+h//5+h//7+h//11, 4]"
        ),
        ["invalid-dim"],
    ),
    "20,000 unknown metrics": (
        trained(metrics=[f"metric{n}" for n in range(20_000)]),
        ["wrong-type"],
    ),
    "20,000 metrics": (trained(metrics=["mae"] * 20_000), ["wrong-type"]),
    "60,000 metrics": (trained(metrics=["mae"] * 60_000), ["section-too-large"]),
    "12,000 unknown outputs": (
        trained(loss=None, outputs={f"o{n}": {"loss": "mse"} for n in range(12_000)}),
        ["unknown-output"],
    ),
    "20,000 unknown keys of training": (
        trained(**{f"key{n}": 1 for n in range(20_000)}),
        ["unknown-key"],
    ),
    "20,000 arguments of an optimizer": (
        trained(optimizer={"adam": {f"key{n}": 1 for n in range(20_000)}}),
        ["unknown-parameter"],
    ),
    "20,000 optimizers": (
        trained(optimizer={f"adam{n}": 1 for n in range(20_000)}),
        ["wrong-type"],
    ),
    "20,000 weights that are words": (trained(class_weight=["x"] * 20_000), ["wrong-type"]),
    "20,000 weights of classes": (trained(class_weight=[1] * 20_000), ["class-weight"]),
    "warm-ups in each other": (
        trained(optimizer={"adam": {"learning_rate": warmed_up(25)}}),
        ["wrong-type"],
    ),
    "20,000 class names": (
        network("Dense: 3") + f"data: {{class_names: {json.dumps(['a'] * 20_000)}}}\n",
        ["wrong-type"],
    ),
    "a rate that is no number": (
        trained(optimizer="RATE").replace('"RATE"', "{adam: {learning_rate: .nan}}"),
        ["wrong-type"],
    ),
    "nothing for everything": (
        network("ReLU") + "train: {optimizer: , loss: , epochs: , metrics: , checkpoint: }\n",
        ["wrong-type"],
    ),
    "a name that is a dunder": (named("__init__"), ["invalid-name"]),
    "a name that is a keyword": (named("class"), ["invalid-name"]),
    "a name that is a path": (named("../x"), ["invalid-name"]),
    "a name with a newline": (named('"a\\nb"'), ["invalid-name"]),
    "a name with a quote": (named("'a\"b'"), ["invalid-name"]),
    "a name with a bidi mark": (named('"a\\u202eb"'), ["control-character"]),
    "a computed name with a newline": (named("\"${'a\\\\nb'}\""), ["invalid-name"]),
    "a name of 60,000 letters": (named("a" * 60_000), ["invalid-name"]),
    "a reference of many dots": (
        network(f"{{ReLU: , inputs: x{'.a' * 20_000}}}"),
        ["unknown-name"],
    ),
    "a layer of 1,000 letters": (network(f"{'A' * 1_000}: 3"), ["unknown-layer"]),
    "a key of 1,000 letters": (network("ReLU") + f"{'a' * 1_000}: 3\n", ["unknown-key"]),
    "a param of 1,000 letters": (network(f"ReLU: {{{'a' * 1_000}: 3}}"), ["unknown-parameter"]),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_hostile_spec_gets_its_codes(name: str, checked: Checked, tmp_path: Path) -> None:
    text, codes = FAULTY[name]
    path = tmp_path / "net.yaml"
    path.write_text(text, "utf-8")
    assert checked(path) == (1 if codes else 0, codes)


SOUND = {
    "20,000 symbolic layers": network(
        "{repeat: 20000, layers: [{Conv2D: {filters: 4, kernel_size: 3}}]}"
    ).replace("[N, 8]", "[N, h, 2*w, 4]"),
    "20,000 layers": network(*["ReLU"] * 20_000),
    "90 blocks in each other": network("b0", before=ladder(90, 1)),
    "10,000 inputs and params": "specc: 1\ninputs:\n"
    + "".join(f"  i{n}: float32[N, 8]\n" for n in range(10_000))
    + "params:\n"
    + "".join(f"  p{n}: {n}\n" for n in range(10_000))
    + "layers: [{ReLU: , inputs: i9999}]\n",
}


def test_near_names_are_looked_for_where_the_fault_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[str] = []
    search = difflib.get_close_matches

    def counted(word: str, *args: Any, **kwargs: Any) -> list[str]:
        searches.append(word)
        return search(word, *args, **kwargs)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    path = tmp_path / "net.yaml"
    path.write_text("specc: 1\n" + "".join(f"key{n}: 1\n" for n in range(10_000)), "utf-8")
    assert check_file(path).report.hidden > 9_000
    assert 100 <= len(searches) <= 1_000


@pytest.mark.parametrize("name", SOUND)
def test_a_large_spec_is_checked(name: str, checked: Checked, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SOUND[name], "utf-8")
    assert checked(path) == (0, [])


INCLUDES = {
    "..": ("../other.yaml", "include-path"),
    "a path that goes down and up": ("a/../../other.yaml", "include-path"),
    "an absolute path": ("/etc/passwd", "include-path"),
    "a URL": ("https://example.com/a.yaml", "include-path"),
    "a drive": ("C:/a.yaml", "include-path"),
    "a backslash": ("..\\\\a.yaml", "include-path"),
    "a home": ("~/a.yaml", "include-path"),
    "a link that leads out": ("link.yaml", "include-path"),
    "a link to itself": ("circle.yaml", "include-path"),
    "a link to a device": ("zero.yaml", "include-path"),
    "a pipe": ("pipe.yaml", "file-unreadable"),
    "a folder": ("folder", "file-unreadable"),
    "nothing": ("", "include-path"),
    "itself": ("net.yaml", "include-cycle"),
    "a circle": ("first.yaml", "include-cycle"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with all that an include should not lead to."""
    (tmp_path / "outside.yaml").write_text("specc: 1\n")
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    (inside / "link.yaml").symlink_to("../outside.yaml")
    (inside / "circle.yaml").symlink_to("circle.yaml")
    (inside / "zero.yaml").symlink_to("/dev/zero")
    os.mkfifo(inside / "pipe.yaml")
    (inside / "first.yaml").write_text("specc: 1\ninclude: second.yaml\n")
    (inside / "second.yaml").write_text("specc: 1\ninclude: first.yaml\n")
    return inside


@pytest.mark.parametrize("name", INCLUDES)
def test_an_include_stays_in_its_folder(name: str, checked: Checked, folder: Path) -> None:
    target, code = INCLUDES[name]
    (folder / "net.yaml").write_text(f'{network("ReLU")}include: "{target}"\n')
    assert checked(folder / "net.yaml") == (1, [code])


def test_includes_are_counted(checked: Checked, tmp_path: Path) -> None:
    for number in range(200):
        text = f"specc: 1\ninclude: n{number + 1}.yaml\n"
        (tmp_path / f"n{number}.yaml").write_text(text)
    (tmp_path / "net.yaml").write_text(network("ReLU") + "include: n0.yaml\n")
    assert checked(tmp_path / "net.yaml") == (1, ["too-many-includes"])
