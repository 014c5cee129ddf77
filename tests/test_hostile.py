"""Any file is answered: with data or with coded errors, in bounded memory, without blocking.

The files below go through a fresh process that may use 512 MB.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from specc.diagnostics import Diagnostic, SpecError
from specc.source import Source, Span
from specc.syntax.reading import MAX_BYTES, read_include, read_source

READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
from specc.diagnostics import SpecError
from specc.syntax.reading import read_source
from specc.syntax.yaml import read_yaml
try:
    read_yaml(read_source(Path(sys.argv[1])))
except SpecError as error:
    str(error)
    print(*sorted({each.code for each in error.report.diagnostics}))
"""


def codes_of(path: Path) -> str:
    """The codes of the faults of the file at `path`, read in a process of 512 MB."""
    command = [sys.executable, "-c", READ, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.strip()


def _bomb(first: str, link: str) -> str:
    """Each line repeats the one before it ten times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {link.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 30)]
    return "\n".join(lines)


HUGE = MAX_BYTES - 100
FILES = {
    "brackets": ("[" * 1_000_000, "yaml-depth"),
    "brackets on lines": ("[\n" * 1_000_000, "yaml-depth"),
    "braces": ("{a: " * 1_000_000, "yaml-depth"),
    "dashes": ("- " * 100_000, "yaml-depth"),
    "question marks": ("? " * 100_000, "yaml-depth"),
    "indents": ("".join(f"{' ' * n}a:\n" for n in range(2000)), "yaml-depth"),
    "alias bomb": (_bomb("[x]", "[{}]"), "yaml-alias"),
    "merge bomb": (_bomb("{x: 1}", "{{<<: [{}]}}"), "yaml-alias yaml-merge"),
    "self alias": ("a: &a [*a]", "yaml-alias"),
    "python tag": ("a: !!python/object/apply:os.system [id]", "yaml-tag"),
    "many tags": ("a: [" + "!x y, " * 90_000 + "]", "yaml-tag"),
    "tag directives": ("".join(f"%TAG !{n}! x\n" for n in range(200_000)), "yaml-tag"),
    "many anchors": ("a: [" + ", ".join(f"&x{n} 1" for n in range(300_000)) + "]", "yaml-size"),
    "duplicate keys": ("a: 1\n" * 90_000, "duplicate-key"),
    "many nodes": ("a: [" + "1," * 300_000 + "]", "yaml-size"),
    "NUL": ("a: \0", "control-character"),
    "only NULs": ("\0" * HUGE, "control-character"),
    "bidi": ("a: \u202e", "control-character"),
    "UTF-16": ("a: 1".encode("utf-16"), "encoding"),
    "UTF-16 without its mark": ("a: 1".encode("utf-16-le"), "control-character"),
    "UTF-32": ("a: 1".encode("utf-32"), "encoding"),
    "Latin-1": ("a: é".encode("latin-1"), "encoding"),
    "surrogate": (b"a: \xed\xa0\x80", "encoding"),
    "random bytes": (bytes(range(256)) * 1000, "encoding"),
    "empty": ("", "empty-document"),
    "blank": (" \n" * 2_000_000, "empty-document"),
    "comment": ("#" * HUGE, "empty-document"),
    "documents": ("---\na: 1\n" * 100_000, "yaml-documents"),
    "tab": ("a:\n\tb: 1", "yaml-syntax"),
    "tabs": ("\t" * HUGE, "yaml-syntax"),
    "keys of all kinds": ("1: a\n~: b\n[]: c\n{}: d\ntrue: e", "key-type"),
    "long integer": ("a: " + "9" * 100_000, "number-too-large scalar-too-long"),
    "long hexadecimal": ("a: 0x" + "f" * 60_000, "number-too-large"),
    "long float": ("a: 0." + "1" * HUGE, "scalar-too-long"),
    "long exponent": ("a: 1e" + "9" * 60_000, "number-too-large"),
    "long scalar": ("a: " + "x" * HUGE, "scalar-too-long"),
    "long quoted": ('a: "' + "\\x41" * (HUGE // 4) + '"', "scalar-too-long"),
    "long folded": ("a: >\n" + " x\n" * (HUGE // 3), "scalar-too-long"),
    "long key": ("x" * HUGE + ": 1", "scalar-too-long yaml-syntax"),
    "50 MB": ("a: " + "x" * 50_000_000, "file-too-large"),
    "never closed": ("a: '" + "x\n" * 2_000_000, "yaml-syntax"),
    "colons": ("a: " + ": " * 2_000_000, "yaml-syntax"),
    "one long line": ("- " * 20 + "x:y " * 1_000_000, "scalar-too-long wrong-type"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_hostile_file(name: str, tmp_path: Path) -> None:
    content, codes = FILES[name]
    path = tmp_path / "net.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert codes_of(path) == codes


# What is no file


def fault(path: Path) -> Diagnostic:
    with pytest.raises(SpecError) as caught:
        read_source(path)
    [only] = caught.value.report.diagnostics
    return only


def test_reads_text(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\n")
    assert read_source(path).text == "a: é\r\n"
    assert read_source(path).name == str(path)
    assert read_source(path, name="short").name == "short"


def test_size_limit_is_inclusive(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_source(path).text) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert fault(path).code == "file-too-large"


def test_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.touch()
    os.truncate(path, 1 << 30)
    assert codes_of(path) == "file-too-large"


def test_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "densenet.yaml").touch()
    missing = fault(tmp_path / "densnet.yaml")
    assert missing.code == "file-not-found"
    assert "densenet.yaml" in missing.help
    assert fault(tmp_path / "no" / "folder.yaml").code == "file-not-found"
    assert fault(tmp_path / "densenet.yaml" / "x").code == "file-not-found"


def test_pipe_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert codes_of(path) == "file-unreadable"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/", "a\0b", "x" * 5000])
def test_what_is_no_file(path: str) -> None:
    found = fault(Path(path))
    assert found.code == "file-unreadable"
    assert found.message.isprintable()


def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is at most 107 bytes long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert fault(Path("s")).code == "file-unreadable"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "net.yaml"
    path.touch()
    monkeypatch.setattr(os, "open", refuse)  # root may read anything
    assert fault(path).code == "file-unreadable"
    assert "Permission denied" in fault(path).message


def test_replaced_by_a_pipe_after_the_first_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pipe = tmp_path / "net.yaml", tmp_path / "pipe"
    path.touch()
    os.mkfifo(pipe)
    opened = os.open
    monkeypatch.setattr(os, "open", lambda _, flags: opened(pipe, flags))
    assert fault(path).code == "file-unreadable"


def test_symlink_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert fault(path).code == "file-unreadable"


def test_names_are_shown_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\n\x1b[2J\u202e.yaml"
    assert fault(path).message.isprintable()
    path.write_text("a: 1")
    assert read_source(path).name.isprintable()


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"\xff", 1, 1), (b"a: 1\nb: \xc3\xa9\xe9", 2, 5), (b"a: \xe9\n", 1, 4), (b"\xe2\x82", 1, 1)],
)
def test_bad_byte_has_a_place(data: bytes, line: int, column: int, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    found = fault(path)
    assert found.code == "encoding"
    assert found.span is not None
    assert (found.span.line, found.span.column) == (line, column)


MODEL = b"\x08\x08\x12\x05specc\xe9"
LARGE = b"\0" * 5_000_000


@pytest.mark.parametrize(
    ("data", "name", "help"),
    [
        (MODEL, "model.bin", "the name of an ONNX model ends in .onnx"),
        (MODEL + LARGE, "model", "the name of an ONNX model ends in .onnx"),
        (MODEL, "model.onnx", "`specc view` shows an ONNX model"),
        (MODEL + LARGE, "model.ONNX", "`specc view` shows an ONNX model"),
        (b"a: \xe9", "net.yaml", "save the file as UTF-8"),
        (b"a: 1" + b" " * 5_000_000, "net.yaml", "split it with `include`"),
    ],
)
def test_what_is_no_text_is_taken_for_a_model(
    data: bytes, name: str, help: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert help in fault(path).help


# Includes

HERE = Span(Source("net.yaml", "include: [x]"), 1, 11, 1, 12)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with a file in a folder, beside a file that must not be reached."""
    folder = tmp_path / "specs"
    (folder / "blocks").mkdir(parents=True)
    (folder / "blocks" / "dense.yaml").write_text("inside: 1")
    (tmp_path / "secret.yaml").write_text("secret: 1")
    return folder


def include_fault(base: Path, relative: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_include(base, relative, HERE)
    [only] = caught.value.report.diagnostics
    assert only.span == HERE
    assert only.message.isprintable()
    return only.code


@pytest.mark.parametrize("relative", ["blocks/dense.yaml", "./blocks/./dense.yaml"])
def test_include(base: Path, relative: str) -> None:
    source = read_include(base, relative, HERE)
    assert source.text == "inside: 1"
    assert source.name == str(base / "blocks" / "dense.yaml")


@pytest.mark.parametrize(
    "relative",
    [
        *("", "..", "../secret.yaml", "blocks/../../secret.yaml", "blocks/../blocks/dense.yaml"),
        *("/etc/passwd", "//host/x", "~/x", "~root", "C:/x", "C:\\x", "blocks\\dense.yaml"),
        *("https://host/x.yaml", "file:///etc/passwd", "data:,a", "a\nb", "a\0b", "a\u202eb"),
    ],
)
def test_include_is_a_plain_path(base: Path, relative: str) -> None:
    assert include_fault(base, relative) == "include-path"


@pytest.mark.parametrize("relative", ["blocks/dens.yaml", "no/x.yaml", "blocks/dense.yaml/x"])
def test_include_is_missing(base: Path, relative: str) -> None:
    assert include_fault(base, relative) == "file-not-found"


def test_include_does_not_follow_links_out(base: Path) -> None:
    (base / "link.yaml").symlink_to("../secret.yaml")
    (base / "up").symlink_to("..")
    (base / "absolute.yaml").symlink_to("/etc/hostname")
    (base / "loop").symlink_to("loop")
    assert include_fault(base, "link.yaml") == "include-path"
    assert include_fault(base, "up/secret.yaml") == "include-path"
    assert include_fault(base, "absolute.yaml") == "include-path"
    assert include_fault(base, "loop") in {"include-path", "file-unreadable"}


def test_include_has_one_name(base: Path) -> None:
    (base / "here").symlink_to(".")
    source = read_include(base, "here/here/blocks/dense.yaml", HERE)
    assert source.name == str(base / "blocks" / "dense.yaml")


def test_include_is_a_file(base: Path) -> None:
    os.mkfifo(base / "pipe")
    (base / "zero").symlink_to("/dev/zero")
    assert include_fault(base, "pipe") == "file-unreadable"
    assert include_fault(base, "zero") == "include-path"
    assert include_fault(base, "blocks") == "file-unreadable"
    assert include_fault(base, "x" * 5000) == "file-unreadable"
    (base / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert include_fault(base, "large.yaml") == "file-too-large"
