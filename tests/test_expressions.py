"""The language of `${…}`: its values, its errors and where they point, and its bounds."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specc.codes import CODES
from specc.expressions import FUNCTIONS, Constant, ExpressionError, evaluate, is_template
from specc.tensor import parse_tensor_type

IMAGE = parse_tensor_type("float32[N, 16*h, 16*w, 64]")
NAMES: dict[str, Constant] = {
    "growth": 32,
    "i": 2,
    "zero": 0,
    "big": 2**53,
    "half": 0.5,
    "flag": True,
    "mode": "same",
    "notin": "a name",
    "stages": (6, 12, 24, 16),
    "empty": (),
    "x": IMAGE,
    "sequence": parse_tensor_type("float32[N, T, 8]"),
    "volume": parse_tensor_type("float32[2, 3, 4, 5, 6]"),
}

VALUES: list[tuple[str, Constant]] = [
    # literals
    ("12", 12),
    ("007", 7),
    ("1.5", 1.5),
    (".5", 0.5),
    ("2.", 2.0),
    ("1e-3", 0.001),
    ("9007199254740992", 2**53),
    ("true", True),
    ("True", True),
    ("false", False),
    ("False", False),
    ("'a b'", "a b"),
    ('"it\'s"', "it's"),
    (r"'\\ \' \" \n'", "\\ ' \" \n"),
    ("'}'", "}"),
    ("[]", ()),
    ("[1, 'a', [true,],]", (1, "a", (True,))),
    # arithmetic
    ("2 * growth", 64),
    ("7 // 2", 3),
    ("-7 // 2", -4),
    ("-7 % 3", 2),
    ("6 / 2", 3.0),
    ("2 ** 10", 1024),
    ("2 ** -1", 0.5),
    ("2 ** 3 ** 2", 512),
    ("-2 ** 2", -4),
    ("2 ** -1 ** 2", 0.5),
    ("4 ** half", 2.0),
    ("(-8) ** 3", -512),
    ("(-8.0) ** 2", 64.0),
    ("1 ** big", 1),
    ("(-1) ** big", 1),
    ("0 ** 0", 1),
    ("1 - 2 - 3", -4),
    ("2 * (3 + 4)", 14),
    ("- - 3", 3),
    ("+growth", 32),
    ("7.5 // 2", 3.0),
    ("big - 1 + 1", 2**53),
    # comparisons and logic
    ("0 < i < 3", True),
    ("0 < i < 2", False),
    ("3 > 2 >= 2 != 1", True),
    ("1 == 1.0", True),
    ("true == 1", False),
    ("[true] == [1]", False),
    ("1 != true", True),
    ("mode == 'same'", True),
    ("mode == 3", False),
    ("'a' < 'b'", True),
    ("stages == [6, 12, 24, 16]", True),
    ("stages == [6, 12]", False),
    ("12 in stages", True),
    ("12 not in stages", False),
    ("7 not\n in stages", True),
    ("true in [1, 2]", False),
    ("not i == 3 and flag", True),
    ("not not flag", True),
    ("false and 1 // zero == 1", False),
    ("true or 1 // zero == 1", True),
    ("false or flag", True),
    ("1 // zero if zero != 0 else 5", 5),
    ("1 if i == 0 else 2 if i == 2 else 3", 2),
    ("'shortcut' if growth != 1 else 'x'", "shortcut"),
    ("notin", "a name"),
    # strings and lists
    ("'conv' + '_' + mode", "conv_same"),
    ("[1] + [2, 3]", (1, 2, 3)),
    ("2 * [1, 2]", (1, 2, 1, 2)),
    ("[0] * -1", ()),
    ("stages[0]", 6),
    ("stages[-1]", 16),
    ("[[1, 2], [3]][0][1]", 2),
    ("stages[i - 1]", 12),
    ("stages[1:3]", (12, 24)),
    ("stages[:i]", (6, 12)),
    ("stages[-1:]", (16,)),
    ("stages[:]", (6, 12, 24, 16)),
    ("stages[3:1]", ()),
    ("stages[2:99]", (24, 16)),
    ("[[1, 2], [3]][:1][0][1:]", (2,)),
    # functions
    ("min(3, 1.5, 2)", 1.5),
    ("min(stages)", 6),
    ("max(stages)", 24),
    ("sum(stages)", 58),
    ("sum(empty)", 0),
    ("sum([0.5, 1])", 1.5),
    ("len(stages)", 4),
    ("len(empty)", 0),
    ("range(3)", (0, 1, 2)),
    ("range(5, 0, -2)", (5, 3, 1)),
    ("range(1, 3)", (1, 2)),
    ("round(2.5)", 2),
    ("round(3.5)", 4),
    ("floor(-1.5)", -2),
    ("ceil(1.2)", 2),
    ("int(-1.9)", -1),
    ("int(64 * half)", 32),
    ("float(2)", 2.0),
    ("sqrt(9)", 3.0),
    ("log2(8)", 3.0),
    ("round_to(12, 8)", 16),
    ("round_to(11.9, 8)", 8),
    ("round_to(1, 8)", 8),
    ("round_to(-50, 8)", 8),
    ("round_to(big - 3, 3)", 2**53 - 2),
    ("round_to(11.9, 8, 0.9)", 16),
    ("round_to(10, 8, 0.8)", 8),
    ("round_to(35.2, 8, 0.9)", 32),
    ("round_to(1, 8, 0.9)", 8),
    ("round_to(11, 8, 1)", 16),
    # tensors and symbolic sizes
    ("x.channels // 2", 32),
    ("x.rank", 4),
    ("x.shape[-1]", 64),
    ("x.height - x.height", 0),
    ("x.height % 16", 0),
    ("x.height // x.height", 1),
    ("x.shape == x.shape", True),
    ("x.shape[1] == 7", False),
    ("x.height >= 16", True),
    ("x.height < 16", False),
    ("15 < x.height", True),
    ("x.height == 'same'", False),
    ("x.height != true", True),
    ("[x.height, 1] == [x.width, 2]", False),
    ("x.height in [x.width, x.height]", True),
    ("min(x.height, 1)", 1),
    ("len([x, x])", 2),
    ("volume.depth + volume.height + volume.width + volume.channels", 18),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text: str, value: Constant) -> None:
    result = evaluate(f"${{{text}}}", NAMES)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x.height", "16*h"),
        ("x.height // 2", "8*h"),
        ("-x.height", "-16*h"),
        ("2 * sequence.length + 1", "2*T + 1"),
        ("x.height * x.width", "256*h*w"),
        ("sum([x.height, 2])", "16*h + 2"),
        ("max(x.height, 3, 16)", "16*h"),
    ],
)
def test_symbolic_size_stays_symbolic(text: str, value: str) -> None:
    assert str(evaluate(f"${{{text}}}", NAMES)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$ {i} }", "$ {i} }"),
        ("  ${i}\n", 2),
        ("down.${3 - i}.skip", "down.1.skip"),
        ("${i}${i}", "22"),
        ("${i} ${i}", "2 2"),
        ("${half} ${flag} ${mode} ${1e-7}", "0.5 true same 1e-07"),
        ("size ${x.height // 2}", "size 8*h"),
        ("$${i}", "${i}"),
        ("$$${i}", "$${i}"),
        ("$${${i}}", "${2}"),
        ("a ${'}'} b", "a } b"),
        ("${''}", ""),
    ],
)
def test_scalar(text: str, value: Constant) -> None:
    result = evaluate(text, NAMES)
    assert result == value
    assert type(result) is type(value)


def test_is_template() -> None:
    assert is_template("a ${b}")
    assert is_template("$${b}")
    assert not is_template("$b {c} }{ $ {")


# The part at fault stands between « and ».
ERRORS: list[tuple[str, str]] = [
    # what cannot be read
    ("expression-syntax", "«${»1 + 2"),
    ("expression-syntax", "a ${i} «${»"),
    ("expression-syntax", "${«'»abc}"),
    ("expression-syntax", "${«'»abc"),
    ("expression-syntax", "${«}»"),
    ("expression-syntax", "${1 +«}»"),
    ("expression-syntax", "${(1«}»"),
    ("expression-syntax", "${1«)»}"),
    ("expression-syntax", "${(«)»}"),
    ("expression-syntax", "${().«__class__»}"),
    ("expression-syntax", "${(«)».shape}"),
    ("expression-syntax", "${x.«__class__»}"),
    ("expression-syntax", "${«__import__»('os')}"),
    ("expression-syntax", "${1 «2»}"),
    ("expression-syntax", "${3«x»}"),
    ("expression-syntax", "${f«'a'»}"),
    ("expression-syntax", "${len(stages«=»1)}"),
    ("expression-syntax", "${(y «:=» 1)}"),
    ("expression-syntax", "${«lambda» y: y}"),
    ("expression-syntax", "${[y «for» y in stages]}"),
    ("expression-syntax", "${stages[0:2«:»1]}"),
    ("expression-syntax", "${«{»1: 2}}"),
    ("expression-syntax", "${«None»}"),
    ("expression-syntax", "${i «is» i}"),
    ("expression-syntax", "${flag «&&» flag}"),
    ("expression-syntax", "${«!»flag}"),
    ("expression-syntax", "${i «;» i}"),
    ("expression-syntax", "${i «\u00a0» i}"),
    ("expression-syntax", "${'a«\\q»'}"),
    ("expression-syntax", "${1 if flag«}»"),
    ("expression-syntax", "${«*»i}"),
    ("expression-syntax", "${[1«}»"),
    ("expression-syntax", "${[«,»]}"),
    ("expression-syntax", "${x«.1»}"),
    ("expression-syntax", "${x.«[»0]}"),
    ("expression-syntax", "${len(stages)«(»1)}"),
    ("expression-syntax", "${i «not» 1}"),
    # names
    ("expression-name", "a ${i} b ${«grwth» + 1}"),
    ("expression-name", "${«min»}"),
    ("expression-name", "${«lenn»(stages)}"),
    ("expression-name", "${«eval»('1')}"),
    ("expression-name", "${x.«chanels»}"),
    # types
    ("expression-type", "${«true» + 1}"),
    ("expression-type", "${1 - «flag»}"),
    ("expression-type", "${-«flag»}"),
    ("expression-type", "${'a' + «1»}"),
    ("expression-type", "${1 + «'a'»}"),
    ("expression-type", "${[1] + «'a'»}"),
    ("expression-type", "${2 * «'a'»}"),
    ("expression-type", "${«'a'» * 2}"),
    ("expression-type", "${[1] * «1.0»}"),
    ("expression-type", "${«x» + 1}"),
    ("expression-type", "${«x» < 1}"),
    ("expression-type", "${1 < «'a'»}"),
    ("expression-type", "${0 < i < «'a'»}"),
    ("expression-type", "${«[1]» < [2]}"),
    ("expression-type", "${1 in «3»}"),
    ("expression-type", "${not «1»}"),
    ("expression-type", "${«1» and flag}"),
    ("expression-type", "${flag and «1»}"),
    ("expression-type", "${1 if «i» else 2}"),
    ("expression-type", "${«mode»[0]}"),
    ("expression-type", "${stages[«1.0»]}"),
    ("expression-type", "${stages[«true»]}"),
    ("expression-type", "${stages[«0.5»:]}"),
    ("expression-type", "${stages[:«mode»]}"),
    ("expression-type", "${«mode»[:1]}"),
    ("expression-type", "${round_to(8, 8, «mode»)}"),
    ("expression-type", "${«i».channels}"),
    ("expression-type", "${x.«length»}"),
    ("expression-type", "${sequence.«height»}"),
    ("expression-type", "${«len»()}"),
    ("expression-type", "${«range»(1, 2, 3, 4)}"),
    ("expression-type", "${len(«i»)}"),
    ("expression-type", "${min(1, «flag»)}"),
    ("expression-type", "${min(«i»)}"),
    ("expression-type", "${sum(«[1, 'a']»)}"),
    ("expression-type", "${range(«1.0»)}"),
    ("expression-type", "${int(«'3'»)}"),
    ("expression-type", "${round_to(8, «1.5»)}"),
    ("expression-type", "a ${«stages»}"),
    ("expression-type", "${i} ${«x»}"),
    # values
    ("expression-value", "${1 // «zero»}"),
    ("expression-value", "${1 / («zero»)}"),
    ("expression-value", "${1 % «0.0»}"),
    ("expression-value", "${x.height // «zero»}"),
    ("expression-value", "${0 ** «-1»}"),
    ("expression-value", "${(«-8») ** 0.5}"),
    ("expression-value", "${«1e999»}"),
    ("expression-value", "${1e308 «*» 10}"),
    ("expression-value", "${1e308 «**» 2}"),
    ("expression-value", "${sqrt(«-1»)}"),
    ("expression-value", "${log2(«zero»)}"),
    ("expression-value", "${min(«empty»)}"),
    ("expression-value", "${stages[«4»]}"),
    ("expression-value", "${stages[«-5»]}"),
    ("expression-value", "${range(1, 2, «0»)}"),
    ("expression-value", "${round_to(8, «zero»)}"),
    ("expression-value", "${round_to(8, 8, «1.5»)}"),
    # limits
    ("expression-limit", "${«9007199254740993»}"),
    ("expression-limit", "${big «+» 1}"),
    ("expression-limit", "${-big «-» 1}"),
    ("expression-limit", "${big «*» big}"),
    ("expression-limit", "${9«**»9**9}"),
    ("expression-limit", "${2 «**» 10000}"),
    ("expression-limit", "${2 «**» 54}"),
    ("expression-limit", "${«floor»(1e300)}"),
    ("expression-limit", "${«round_to»(1e300, 8)}"),
    ("expression-limit", "${«range»(10**9)}"),
    ("expression-limit", "${[0] «*» 10**9}"),
    ("expression-limit", "${[[0] * 100] «*» 100}"),
    ("expression-limit", "${range(9999) «+» [1, 2]}"),
    # symbolic sizes
    ("unknown-size", "${«x.height» / 2}"),
    ("unknown-size", "${2 ** «x.height»}"),
    ("unknown-size", "${«x.height» * 0.5}"),
    ("unknown-size", "${0.5 + «x.height»}"),
    ("unknown-size", "${int(«x.height»)}"),
    ("unknown-size", "${float(«x.height»)}"),
    ("unknown-size", "${range(«x.height»)}"),
    ("unknown-size", "${sqrt(«x.height»)}"),
    ("unknown-size", "${round_to(«x.height», 8)}"),
    ("unknown-size", "${stages[«x.height»]}"),
    ("unknown-size", "${stages[:«x.height»]}"),
    ("unknown-size", "${[0] * «x.height»}"),
    ("unknown-size", "${«x.height» == 32}"),
    ("unknown-size", "${32 < «x.height»}"),
    ("unknown-size", "${«x.height» == 0.5}"),
    ("unknown-size", "${«x.height» < 99.5}"),
    ("unknown-size", "${«x.shape» == [1, 16, 16, 64]}"),
    ("unknown-size", "${32 in «[x.height]»}"),
    ("unknown-size", "${«min»(x.height, x.width)}"),
    ("unknown-size", "${sum(«[x.height, 0.5]»)}"),
]


def failure(text: str, names: dict[str, Constant] = NAMES) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, names)
    return caught.value


def outcome(text: str, names: dict[str, Constant]) -> Constant | ExpressionError:
    try:
        return evaluate(text, names)
    except ExpressionError as error:
        return error


@pytest.mark.parametrize(("code", "marked"), ERRORS)
def test_error(code: str, marked: str) -> None:
    start = marked.index("«")
    end = marked.index("»") - 1
    error = failure(marked.replace("«", "").replace("»", ""))
    assert (error.code, error.start, error.end) == (code, start, end)
    assert error.code in CODES
    assert error.message
    assert "\n" not in error.message + error.help
    assert "{operand}" not in error.message


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("${x.height / 2}", "x.height is 16*h: a constant is needed here", "declare that size"),
        ("${true + 1}", "true is a boolean: + takes numbers", ""),
        ("${sum([1, 'a'])}", "item 1 of [1, 'a'] is a string: sum takes numbers", ""),
        ("${sum([x.height, .5])}", "an item of [x.height, .5] is 16*h: a constant is needed", ""),
        ("${x.length}", "float32[N, 16*h, 16*w, 64] has no length: expected rank 3", ""),
        ("${x.chanels}", "only channels, height, width, depth, length, rank, shape", "`channels`"),
        ("${grwth}", "there is no name `grwth` here", "did you mean `growth`?"),
        ("${qqq}", "there is no name `qqq` here", "names here: growth, i, zero"),
        ("${lenn(stages)}", "there is no function `lenn`", "did you mean `len`?"),
        ("${qqq(1)}", "there is no function `qqq`", "log2, round_to"),
        ("${len(1, 2)}", "len takes 1 argument, received 2", "len(list)"),
        ("${min()}", "min takes at least 1 argument, received 0", "min(a, b, …)"),
        ("${range()}", "range takes 1 to 3 arguments, received 0", "range(stop)"),
        ("${[y for y in x]}", "received `for`: comprehensions are not part", "`a if c else b`"),
        ("${().a}", "expected a value, received `)`", "an expression has numbers"),
        ("${", "the expression is not closed", "close it with }"),
        ("${1 +\n [2\n]}", "[2 ] is a list: it cannot be added to an integer", ""),
    ],
)
def test_message(text: str, message: str, help: str) -> None:
    error = failure(text)
    assert message in error.message
    assert help in error.help


# Bounds


def test_expression_has_at_most_256_characters() -> None:
    longest = "${" + " " * 255 + "1}"
    assert evaluate(longest, {}) == 1
    error = failure("${" + " " * 256 + "1}")
    assert (error.code, error.start, error.end) == ("expression-limit", 2, 259)


def test_text_has_at_most_1000_characters() -> None:
    assert evaluate("a" * 996 + "${1}", {}) == "a" * 996 + "1"
    assert failure("a" * 997 + "${1}").code == "expression-limit"
    assert failure("${a}${a}", {"a": "b" * 600}).code == "expression-limit"
    assert failure("${a + a}", {"a": "b" * 600}).code == "expression-limit"
    assert evaluate("a" * 5_000, {}) == "a" * 5_000


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("- ", ""), ("len(", ")")]
)
def test_nesting_is_bounded_on_the_way_down(opening: str, closing: str) -> None:
    error = failure("${" + opening * 33 + "1" + closing * 33 + "}")
    assert (error.code, error.message) == (
        "expression-limit",
        "an expression is nested at most 32 deep",
    )


def test_32_levels_are_allowed() -> None:
    assert evaluate("${len([" + "(-1)," * 40 + "])}", {}) == 40
    assert evaluate("${" + "(" * 32 + "1" + ")" * 32 + "}", {}) == 1
    assert evaluate("${" + "+".join("1" * 128) + "}", {}) == 128


@pytest.mark.parametrize(
    "text",
    [
        "${" + "(" * 10_000,
        "${" + "(" * 10_000 + ")" * 10_000 + "}",
        "${" * 10_000,
        "${" + "'" * 9_999 + "}",
        "${" + "9" * 100_000 + "}",
        "${" + "not " * 60 + "true}",
        "${" + "2**" * 80 + "2}",
        "${" + "1 if true else " * 16 + "[" * 8,
        "${'" + "\\" * 200 + "}",
        "${range(-10**15, 10**15)}",
        "${[[[[[[0]*99]*99]*99]*99]*99]*99}",
        "${10**15*[1]}",
        "${\x00}",
        "${\ud800}",
    ],
)
def test_hostile_text_is_an_error(text: str) -> None:
    assert failure(text).code in ("expression-syntax", "expression-limit")


def test_chained_comparisons_evaluate_no_operand_twice() -> None:
    """Were the middle operand evaluated for each link, this would take 2^31 evaluations."""
    assert evaluate("${" + "0==(" * 31 + "0" + ")==0" * 31 + "}", {}) is False


def test_lists_deep_from_outside_are_refused() -> None:
    nested: Constant = ()
    for _ in range(5_000):
        nested = (nested,)
    assert failure("${[a]}", {"a": nested}).code == "expression-limit"


def test_symbolic_sizes_do_not_grow_without_bound() -> None:
    assert failure("${" + " * ".join(["x.height"] * 20) + "}").code == "expression-limit"


def test_functions_are_listed_once() -> None:
    expected = "min max sum len range round floor ceil int float sqrt log2 round_to"
    assert list(FUNCTIONS) == expected.split()
    for name, description in FUNCTIONS.items():
        assert description.startswith(f"{name}(")
        assert "\n" not in description
        assert failure(f"${{{name}}}").help == description


# Against Python


@dataclass(frozen=True)
class Tree:
    """An arithmetic expression, as text and as what Python computes for it."""

    text: str
    compute: Callable[[], int | float]


BINARY: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def leaf(value: int | float) -> Tree:
    return Tree(repr(value), lambda: value)


def binary(symbol: str, left: Tree, right: Tree) -> Tree:
    return Tree(
        f"({left.text}) {symbol} ({right.text})",
        lambda: checked(BINARY[symbol](left.compute(), right.compute())),
    )


def negative(tree: Tree) -> Tree:
    return Tree(f"-({tree.text})", lambda: -tree.compute())


def chosen(left: Tree, right: Tree) -> Tree:
    return Tree(
        f"(({left.text}) if ({left.text}) < ({right.text}) else min({right.text}, {left.text}))",
        lambda: min(right.compute(), left.compute()),
    )


def checked(value: int | float) -> int | float:
    if isinstance(value, int) and abs(value) > 2**53:
        raise OverflowError
    if not math.isfinite(value):
        raise OverflowError
    return value


LEAVES = st.one_of(
    st.integers(0, 2**53),
    st.integers(0, 9),
    st.floats(0, 1e308, allow_nan=False).filter(math.isfinite),
).map(leaf)
TREES = st.recursive(
    LEAVES,
    lambda trees: st.one_of(
        st.builds(binary, st.sampled_from(sorted(BINARY)), trees, trees),
        st.builds(negative, trees),
        st.builds(chosen, LEAVES, LEAVES),
    ),
    max_leaves=8,
).filter(lambda tree: len(tree.text) <= 250)


@given(TREES)
def test_arithmetic_is_that_of_python(tree: Tree) -> None:
    try:
        expected = tree.compute()
    except ZeroDivisionError:
        assert failure(f"${{{tree.text}}}").code == "expression-value"
        return
    except OverflowError:
        code = failure(f"${{{tree.text}}}").code
        assert code in ("expression-value", "expression-limit")
        return
    result = evaluate(f"${{{tree.text}}}", {})
    assert result == expected
    assert type(result) is type(expected)


@st.composite
def flat_expressions(draw: st.DrawFn) -> str:
    """Integers, signs and infix operators without parentheses: all rests on the precedences."""
    text = str(draw(st.integers(1, 9)))
    for _ in range(draw(st.integers(1, 8))):
        symbol = draw(st.sampled_from(["+", "-", "*", "//", "%", "**", "<", "=="]))
        if symbol in ("<", "==") and ("<" in text or "==" in text):
            continue
        sign = draw(st.sampled_from(["", "", "-"]))
        number = draw(st.integers(1, 2 if symbol == "**" else 9))
        text += f" {symbol} {sign}{number}"
    return text


@given(flat_expressions())
def test_precedence_is_that_of_python(text: str) -> None:
    try:
        expected = eval(text)  # noqa: S307 - digits and operators drawn above
    except ZeroDivisionError:
        expected = None
    result = outcome(f"${{{text}}}", {})
    if isinstance(result, ExpressionError):
        assert expected is None or result.code == "expression-limit"
        return
    assert result == expected
    assert type(result) is type(expected)


WORDS = [
    *"( ) [ ] , . + - * / // % ** < <= == != in and or not if else true 0 1 2.5 1e9 9 '".split(),
    *["' '", '"a"', "not in", "${", "}", "$${", " ", "\\", *FUNCTIONS, *NAMES],
    *[".channels", ".height", ".shape", ".rank", ".length"],
]
GARBAGE = st.one_of(
    st.text(max_size=60).map(lambda text: f"${{{text}}}"),
    st.text("${}'\"\\ ab01.+*([,:=<", max_size=40),
    st.lists(st.sampled_from(WORDS), max_size=25).map(lambda words: f"${{{' '.join(words)}}}"),
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
)


@given(GARBAGE)
@example("${x.height in[x.width]}")
@example("${x.shape+x.shape[1]}")
def test_garbage_raises_nothing_but_expression_errors(text: str) -> None:
    result = outcome(text, NAMES)
    if isinstance(result, ExpressionError):
        assert result.code in CODES
        assert 0 <= result.start < result.end <= len(text)
        assert result.message
