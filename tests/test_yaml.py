"""YAML 1.2 core data with exact spans, and each fault of YAML with its code and place."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from specc.diagnostics import SpecError
from specc.source import Source, Span, printable
from specc.syntax.yaml import Mapping, Sequence, inner_span, read_yaml, span_at


def read(text: str) -> Mapping:
    return read_yaml(Source("net.yaml", text))


def faults(text: str) -> list[tuple[str, int, int]]:
    """The code, line and column of each fault of `text`."""
    with pytest.raises(SpecError) as caught:
        read(text)
    spans = [(each.code, each.span) for each in caught.value.report.diagnostics]
    return [(code, span.line, span.column) for code, span in spans if span is not None]


def place(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def _both_parsers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may come without libyaml; nothing may depend on it but the time."""
    if request.param == "python":
        monkeypatch.setattr(yaml, "__with_libyaml__", False)


# Scalars

SCALARS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "0": 0, "-0": 0, "+12": 12, "007": 7, "0o17": 15, "0x1F": 31, "0x1f": 31,
    "9007199254740992": 2**53, "-9007199254740992": -(2**53),
    "1e-3": 0.001, "1E3": 1000.0, "1.": 1.0, ".5": 0.5, "-1.5e+2": -150.0, "1.0e30": 1e30,
    ".inf": math.inf, "+.INF": math.inf, "-.Inf": -math.inf,
}  # fmt: skip
STRINGS = """
    no yes on off y n tRUE nULL 1:30 2017-01-01 1_000 0b1 0o8 -0x1F 0x 1e . - .e3 +.nan 1.2.3 ١٢ <<x
    = nan inf e3 ${x} a:b http://x/y Conv2D -x .x
""".split()  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_core_scalar(text: str, value: object) -> None:
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan(text: str) -> None:
    found = read(f"a: {text}")["a"]
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize("text", [text for text in STRINGS if text != "-"])
def test_everything_else_is_a_string(text: str) -> None:
    assert read(f"a: {text}")["a"] == text


@pytest.mark.parametrize("text", [*SCALARS, ".nan"])
def test_quoted_is_a_string(text: str) -> None:
    assert read(f"a: '{text}'\nb: \"{text}\"") == {"a": text, "b": text}


@pytest.mark.parametrize(
    "number",
    [
        *("9007199254740993", "-9007199254740993", "0x20000000000001", "0o400000000000000001"),
        *("9" * 1000, "1e400", "-1e400"),
    ],
)
def test_number_too_large(number: str) -> None:
    assert faults(f"a: {number}") == [("number-too-large", 1, 4)]


def test_leading_zeros_do_not_count() -> None:
    assert read("a: " + "0" * 1000 + "7") == {"a": 7}


# Data and spans

SPEC = """\
# comment
layers:
  - Conv2D: {filters: 64, padding: "same"}
    name: c1   # first
  - ReLU

outputs:
- c1
text: |
  one

  two


empty:
list: [1, [2,
  3]]
last: a plain
  scalar
"""


def test_data_is_plain() -> None:
    data = read(SPEC)
    assert data == {
        "layers": ({"Conv2D": {"filters": 64, "padding": "same"}, "name": "c1"}, "ReLU"),
        "outputs": ("c1",),
        "text": "one\n\ntwo\n",
        "empty": None,
        "list": (1, (2, 3)),
        "last": "a plain scalar",
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), (2, 1, 19, 9)),
        (("layers",), (3, 3, 5, 9)),
        (("layers", 0), (3, 5, 4, 13)),
        (("layers", 0, "Conv2D"), (3, 13, 3, 43)),
        (("layers", 0, "Conv2D", "filters"), (3, 23, 3, 25)),
        (("layers", 0, "Conv2D", "padding"), (3, 36, 3, 42)),
        (("layers", 0, "name"), (4, 11, 4, 13)),
        (("layers", 1), (5, 5, 5, 9)),
        (("outputs",), (8, 1, 8, 5)),
        (("text",), (9, 7, 12, 6)),
        (("empty",), (15, 7, 15, 7)),
        (("list",), (16, 7, 17, 6)),
        (("list", 1), (16, 11, 17, 5)),
        (("last",), (18, 7, 19, 9)),
    ],
)
def test_span_is_the_narrowest(
    path: tuple[str | int, ...], expected: tuple[int, int, int, int]
) -> None:
    assert place(span_at(read(SPEC), path)) == expected


def test_span_at_stops_where_the_path_does() -> None:
    data = read(SPEC)
    filters = span_at(data, ("layers", 0, "Conv2D", "filters"))
    assert span_at(data, ("layers", 0, "Conv2D", "filters", "int", 3)) == filters
    assert span_at(data, ("layers", 9, "name")) == span_at(data, ("layers",))
    assert span_at(data, ("layers", "0")) == span_at(data, ("layers",))
    assert span_at(data, ("nothing",)) == data.span


def test_keys_have_spans() -> None:
    data = read(SPEC)
    assert place(data.key_spans["layers"]) == (2, 1, 2, 7)
    entry = data["layers"]
    assert isinstance(entry, Sequence)
    assert isinstance(entry[0], Mapping)
    assert place(entry[0].key_spans["name"]) == (4, 5, 4, 9)
    assert entry.item_spans[0] == entry[0].span
    assert list(entry[0].value_spans) == ["Conv2D", "name"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_columns_count_characters(newline: str) -> None:
    data = read(newline.join(["a: '😀é'", "😀: {b: 𝔁, c: 1}", "d:", "  - x"]))
    assert place(data.value_spans["a"]) == (1, 4, 1, 8)
    assert place(data.key_spans["😀"]) == (2, 1, 2, 2)
    assert place(span_at(data, ("😀", "c"))) == (2, 14, 2, 15)
    assert place(span_at(data, ("d", 0))) == (4, 5, 4, 6)
    assert place(data.span) == (1, 1, 4, 6)


def test_a_key_alone_has_its_null_beside_it() -> None:
    data = read("? a\n? b\n\n? c")
    assert data == {"a": None, "b": None, "c": None}
    assert place(data.value_spans["b"]) == (2, 4, 2, 4)
    assert place(data.span) == (1, 1, 4, 4)


def test_pydantic_takes_the_data_as_it_is() -> None:
    adapter = TypeAdapter(dict[str, tuple[int, ...]])
    assert adapter.validate_python(read("a: [1, 2]\nb: []"), strict=True) == {"a": (1, 2), "b": ()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: x ${y} z", (1, 8, 1, 9)),
        ("a: 'x ${y} z'", (1, 9, 1, 10)),
        ('a: "x ${y} z"', (1, 9, 1, 10)),
        ('a: "x\\u0020${y} z"', (1, 4, 1, 19)),
        ("a: >-\n  x\n  ${y} z", (1, 4, 3, 9)),
    ],
)
def test_inner_span(text: str, expected: tuple[int, int, int, int]) -> None:
    data = read(text)
    value = data["a"]
    assert value == "x ${y} z"
    assert place(inner_span(data.value_spans["a"], "x ${y} z", 4, 5)) == expected


# Aliases


def test_alias_stands_for_its_anchor() -> None:
    data = read("a: &x {b: 1}\nc: *x\nd: [&y 2, *y]")
    assert data == {"a": {"b": 1}, "c": {"b": 1}, "d": (2, 2)}
    assert place(data.value_spans["c"]) == (2, 4, 2, 6)
    assert place(span_at(data, ("c", "b"))) == (1, 11, 1, 12)


def test_aliases_nest_no_deeper_than_lists() -> None:
    lines = [f"a0: &a0 {'[' * 20}{']' * 20}"]
    lines += [f"a{i}: &a{i} {'[' * 20}*a{i - 1}{']' * 20}" for i in (1, 2, 3)]
    assert read("\n".join(lines[:3]))
    assert faults("\n".join(lines)) == [("yaml-depth", 4, 29)]


# Faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("duplicate-key", 3, 1)]),
        ("x: {a: 1, 'a': 2}", [("duplicate-key", 1, 11)]),
        ("a: !!int 3", [("yaml-tag", 1, 4)]),
        ("a: &k !x [1]", [("yaml-tag", 1, 7)]),
        ("a: ! 3", [("yaml-tag", 1, 4)]),
        ("%TAG !e! tag:x,1:\n---\na: 1", [("yaml-tag", 1, 1)]),
        ("a: *b", [("yaml-alias", 1, 4)]),
        ("a: &b [1, *b]", [("yaml-alias", 1, 11)]),
        ("a: &b 1\nc: &b [*b]", [("yaml-alias", 2, 8)]),
        ("<<: {a: 1}", [("yaml-merge", 1, 1)]),
        ("a: 1\n---\nb: 2", [("yaml-documents", 2, 1)]),
        ("1: a", [("key-type", 1, 1)]),
        ("a: {true: 1, ~: 2}", [("key-type", 1, 5), ("key-type", 1, 14)]),
        ("[a]: 1", [("key-type", 1, 1)]),
        ("? {a: 1}\n: 2", [("key-type", 1, 3)]),
        ("?\n: 1", [("key-type", 1, 2)]),
        ("", [("empty-document", 1, 1)]),
        (" \n\n", [("empty-document", 1, 1)]),
        ("# nothing", [("empty-document", 1, 1)]),
        ("---\n", [("empty-document", 1, 1)]),
        ("- a", [("wrong-type", 1, 1)]),
        ("text", [("wrong-type", 1, 1)]),
        ("a: x\0y", [("control-character", 1, 5)]),
        ("a: 1\nb: é\u202ex\u2066", [("control-character", 2, 5), ("control-character", 2, 7)]),
        ("a: x\ry: 2", [("control-character", 1, 5)]),
        ("\ufeffa: 1", [("control-character", 1, 1)]),
        ("a: '\ud800'", [("control-character", 1, 5)]),
        ('a: "\\e[2J"', [("control-character", 1, 4)]),
        ("a: " + "x" * 65537, [("scalar-too-long", 1, 4)]),
        ("a: " + "[" * 64 + "]" * 64, [("yaml-depth", 1, 67)]),
    ],
)  # fmt: skip
def test_fault(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert faults(text) == expected


def test_limits_are_inclusive() -> None:
    assert read("a: " + "[" * 63 + "]" * 63)
    assert read("a: " + "x" * 65536)


@pytest.mark.parametrize("quoted", ["'<<': 1", '"1": 1', "'~': 1", "'a:b': 1"])
def test_quoted_keys_are_strings(quoted: str) -> None:
    assert list(read(quoted).values()) == [1]


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "help"),
    [
        ("a:\n\tb: 1", 2, 1, "tab", "spaces"),
        ("a:\n  b: 1\n \tc: 1", 3, 2, "tab", "spaces"),
        ("a: [1, 2\nb: 3", 1, 4, "`]`", "close"),
        ("a: {b: 1\n", 1, 4, "`}`", "close"),
        ("a: 'b\nc: 2", 1, 4, "never closed", "close"),
        ('a: "b', 1, 4, "never closed", "close"),
        ("a:1\nb: 2", 1, 1, "space after the colon", "`a: 1`"),
        ("l:\n  - D:\n    units:64\n    k: 3", 3, 5, "space after the colon", "`units: 64`"),
        ("a: {b:1, c: 2}", 1, 5, "space after the colon", "`b: 1`"),
        ("a: [x, ${y}]", 1, 8, "needs quotes", '"${y}"'),
        ("a: 1\n  b: 2", 2, 4, "may not stand here", "same column"),
        ("a:\n    b: 1\n   c: 2", 3, 4, "line up", "same column"),
        ("a: 1\n- b", 2, 1, "line up", "same column"),
        ("a: b: c", 1, 5, "line to end", "quotes"),
        ("a: 'b' c", 1, 8, "line to end", "quotes"),
        ("a: - b", 1, 4, "may not stand here", "new line"),
        ("a: @b", 1, 4, "may not start", "quotes"),
        ("a: 1\nb\nc: 2", 2, 1, "a colon", "key: value"),
        ("a: }", 1, 4, "a value", "quotes"),
        (": 1", 1, 1, "line up", "same column"),
        ("a: 1\n...\nb: 2", 3, 1, "one document", "its own"),
        ("%YAML 3.0\n---\na: 1", 1, 1, "YAML 1.1 or 1.2", "%YAML"),
        ("a: [1,", 1, 7, "a value", "quotes"),
    ],
)
def test_syntax(text: str, line: int, column: int, message: str, help: str) -> None:
    assert faults(text) == [("yaml-syntax", line, column)]
    with pytest.raises(SpecError) as caught:
        read(text)
    [fault] = caught.value.report.diagnostics
    assert message in fault.message
    assert help in fault.help


def test_unknown_escape() -> None:
    [(code, line, _)] = faults('a: "C:\\dir\\q"')
    assert (code, line) == ("yaml-syntax", 1)


def test_all_faults_in_one_run() -> None:
    text = "a: 1\na: 2\n<<: 3\n4: 5\nb: !x 6\nc: 9999999999999999999\nd: *e\n---\nf: 1\n"
    codes = [code for code, _, _ in faults(text)]
    assert codes == [
        "duplicate-key",
        "yaml-merge",
        "key-type",
        "yaml-tag",
        "number-too-large",
        "yaml-alias",
        "yaml-documents",
    ]


def test_faults_before_a_syntax_error_are_kept() -> None:
    codes = [code for code, _, _ in faults("a: 1\na: 2\nb: [\n")]
    assert codes == ["duplicate-key", "yaml-syntax"]


def test_duplicate_key_shows_the_first() -> None:
    with pytest.raises(SpecError) as caught:
        read("b: 0\na: 1\na: 2")
    [label] = caught.value.report.diagnostics[0].labels
    assert place(label.span) == (2, 1, 2, 2)


def test_key_type_suggests_the_quotes() -> None:
    with pytest.raises(SpecError) as caught:
        read("0x1F: 1")
    assert caught.value.report.diagnostics[0].help == 'write it with quotes: "0x1F"'


def test_messages_show_what_cannot_be_seen() -> None:
    assert printable("a\nb\x1b[2J\u202e\ud800") == "a\\nb\\x1b[2J\\u202e\\ud800"
    assert printable("x" * 100, limit=10) == "x" * 9 + "…"
    with pytest.raises(SpecError) as caught:
        read('"a\\nb": 1\n"a\\nb": 2')
    assert caught.value.report.diagnostics[0].message.isprintable()


# Any text, any data

TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"]) | st.just("\n")
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


class QuotingDumper(yaml.SafeDumper):
    """Quotes every string: YAML 1.1, which PyYAML writes, leaves `1e3` plain."""


QuotingDumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def with_tuples(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: with_tuples(value) for key, value in data.items()}
    return tuple(map(with_tuples, data)) if isinstance(data, list) else data


@given(
    data=st.dictionaries(TEXT, DATA, min_size=1, max_size=5),
    flow=st.sampled_from([False, True, None]),
    unicode=st.booleans(),
)
def test_what_was_dumped_is_read(data: dict[str, Any], flow: bool | None, unicode: bool) -> None:
    text = yaml.dump(data, Dumper=QuotingDumper, default_flow_style=flow, allow_unicode=unicode)
    assert read(text) == with_tuples(data)


WORDS = st.from_regex(r"[A-Za-z_](?:[A-Za-z0-9_ ,.#-]*[A-Za-z0-9_])?", fullmatch=True)


@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS, max_size=3), min_size=1, max_size=4))
def test_plain_words_are_read(data: dict[str, Any]) -> None:
    assert read(yaml.safe_dump(data)) == with_tuples(data)


PIECES = """
    a b 1 1e3 null "x" 'y' : ? - , [ ] { } & * ! | > # % @ ` ${x} << &a *a !t --- ... \\ ~
""".split()
BROKEN = st.lists(
    st.sampled_from(
        [*PIECES, " ", "  ", "\n", "\n", "\n  ", "\t", ": ", "- ", "\r\n", "\r", '"', "'", "é😀"]
    )
).map("".join)


@given(st.text() | BROKEN)
def test_any_text_is_data_or_an_error_in_the_text(text: str) -> None:
    try:
        data = read(text)
    except SpecError as error:
        lines = text.count("\n") + 1
        for fault in error.report.diagnostics:
            assert fault.message.isprintable()
            assert fault.span is not None
            assert 1 <= fault.span.line <= fault.span.end_line <= lines
            assert fault.span.column >= 1
            assert (
                fault.span.line < fault.span.end_line or fault.span.column <= fault.span.end_column
            )
            assert fault.span.column <= len(fault.span.source.lines[fault.span.line - 1]) + 1
    else:
        check_spans(data)


def check_spans(data: Mapping | Sequence) -> None:
    """Each part stands within its parent."""
    parts = data.value_spans.values() if isinstance(data, Mapping) else data.item_spans
    whole = place(data.span)
    for span in parts:
        assert whole[:2] <= place(span)[:2] <= place(span)[2:] <= whole[2:]
