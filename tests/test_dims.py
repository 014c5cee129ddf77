"""Sizes against the integers they stand for."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from specc.dim_syntax import DimSyntaxError, parse_size
from specc.dims import DimError, Size, evaluate, product, substitute, symbol, symbols
from specc.proofs import Proof, at_least, compare, hint, lower_bound, upper_bound

N, h, w, k = map(symbol, ("N", "h", "w", "k"))

Bindings = Mapping[str, int]
Pair = tuple[Size, Callable[[Bindings], int]]


def _sum(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], lambda env: a[1](env) + b[1](env)


def _difference(a: Pair, b: Pair) -> Pair:
    return a[0] - b[0], lambda env: a[1](env) - b[1](env)


def _product(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0], lambda env: a[1](env) * b[1](env)


def _floor(a: Pair, divisor: int) -> Pair:
    return a[0] // divisor, lambda env: a[1](env) // divisor


def _remainder(a: Pair, divisor: int) -> Pair:
    return a[0] % divisor, lambda env: a[1](env) % divisor


def _extend(pairs: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    divisors = st.integers(1, 12)
    return st.one_of(
        st.builds(_sum, pairs, pairs),
        st.builds(_difference, pairs, pairs),
        st.builds(_product, pairs, pairs),
        st.builds(_floor, pairs, divisors),
        st.builds(_floor, pairs, divisors),
        st.builds(_remainder, pairs, divisors),
    )


LEAVES = st.one_of(
    st.sampled_from("hwN").map(lambda name: (symbol(name), lambda env: env[name])),
    st.integers(-9, 40).map(lambda value: (value, lambda env: value)),
)
PAIRS = st.recursive(LEAVES, _extend, max_leaves=10)
SMALL = st.recursive(LEAVES, _extend, max_leaves=4)  # what is made of two stays within the limits
BINDINGS = st.lists(
    st.fixed_dictionaries({name: st.integers(1, 50) for name in "hwN"}), min_size=4, max_size=8
)


@settings(max_examples=600)
@given(PAIRS, BINDINGS)
def test_arithmetic_is_that_of_integers(pair: Pair, environments: list[Bindings]) -> None:
    size, function = pair
    for env in environments:
        assert evaluate(size, env) == function(env)


@settings(max_examples=600)
@given(PAIRS, PAIRS, BINDINGS)
def test_no_binding_contradicts_a_verdict(a: Pair, b: Pair, environments: list[Bindings]) -> None:
    equal, ordered = compare(a[0], b[0]), at_least(a[0], b[0])
    for env in environments:
        left, right = a[1](env), b[1](env)
        assert (left == right) in {
            Proof.EQUAL: (True,),
            Proof.DIFFERENT: (False,),
            Proof.UNKNOWN: (True, False),
        }[equal]
        assert ordered is None or ordered == (left >= right)


@settings(max_examples=600)
@given(PAIRS, BINDINGS)
def test_no_binding_contradicts_a_bound(pair: Pair, environments: list[Bindings]) -> None:
    size, function = pair
    low, high = lower_bound(size), upper_bound(size)
    for env in environments:
        assert low is None or low <= function(env)
        assert high is None or high >= function(env)


@settings(max_examples=600)
@given(PAIRS)
def test_a_size_reads_back_from_its_text(pair: Pair) -> None:
    size = pair[0]
    if len(str(size)) <= 256:
        assert parse_size(str(size)) == size


@given(PAIRS, PAIRS)
def test_equal_sizes_have_equal_hashes_and_texts(a: Pair, b: Pair) -> None:
    there_and_back = (a[0] + b[0]) - b[0]
    assert there_and_back == a[0]
    assert hash(there_and_back) == hash(a[0])
    assert str(there_and_back) == str(a[0])


@settings(max_examples=300)
@given(SMALL, SMALL, BINDINGS)
def test_substitution_and_evaluation_agree(a: Pair, b: Pair, environments: list[Bindings]) -> None:
    try:
        size = substitute(a[0], {"h": 2 * b[0] * b[0] + 1})
    except DimError:
        reject()
    for env in environments:
        assert evaluate(size, env) == a[1]({**env, "h": 2 * b[1](env) ** 2 + 1})


@settings(max_examples=300)
@given(SMALL, SMALL, BINDINGS)
def test_the_quotient_of_a_product(a: Pair, b: Pair, environments: list[Bindings]) -> None:
    if b[0] == 0:
        return
    try:
        quotient = (a[0] * b[0]) // b[0]
    except DimError:
        reject()
    for env in environments:
        if b[1](env):
            assert evaluate(quotient, env) == a[1](env)


@settings(max_examples=300)
@given(PAIRS, PAIRS)
def test_every_comparison_has_a_hint(a: Pair, b: Pair) -> None:
    assert hint(a[0], b[0])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((32 * h) // 2, 16 * h),
        ((h - 1) // 2 + 1, (h + 1) // 2),
        (((h + 1) // 2 + 1) // 2, (h + 3) // 4),
        ((h // 2) // 3, h // 6),
        ((h // 2 + w) // 3, (h + 2 * w) // 6),
        ((3 * h + 5) // 2, h + 2 + (h + 1) // 2),
        ((4 * h + 3) // 6, (2 * h + 1) // 3),
        ((2 * (h // 2) + 1) // 4, h // 4),
        (h // -2, -h // 2),
        ((48 * N * h * w) // (3 * h), 16 * N * w),
        ((h * h - 1) // (h - 1), h + 1),
        ((h + 1) * (h - 1), h * h - 1),
        (h // 1, h),
        (-(-h // 2), (h + 1) // 2),
        (h - h // 2, (h + 1) // 2),
        (h // 2 + (h + 1) // 2, h),
        (-(-(h - h // 2) // 2), (h + 3) // 4),
        (N * h - N * (h // 2), N * ((h + 1) // 2)),
        ((2 * (h // 3) + w) // 3, h // 3 + (w - h // 3) // 3),
        (0 // h, 0),
    ],
)
def test_one_canonical_form(left: Size, right: Size) -> None:
    assert left == right
    assert compare(left, right) is Proof.EQUAL


def test_a_constant_is_an_int() -> None:
    assert type((h + 3) - h) is int
    assert type((32 * h) % 32) is int
    assert type(0 * h) is int
    assert type(product([])) is int
    assert product([N, 4, h, 2]) == 8 * N * h


def test_what_is_not_an_integer_is_a_type_error() -> None:
    for operation in (lambda: h + 0.5, lambda: h * 2.0, lambda: h // 2.0, lambda: 1.5 - h):
        with pytest.raises(TypeError):
            operation()


def test_a_zero_divisor() -> None:
    for operation in (lambda: h // 0, lambda: h % 0):
        with pytest.raises(ZeroDivisionError):
            operation()


def test_dims_are_values() -> None:
    size = N * ((h + 1) // 2)
    assert pickle.loads(pickle.dumps(size)) == size  # noqa: S301  # our own bytes
    assert copy.deepcopy(size) == size
    assert {size: 1}[((h - 1) // 2 + 1) * N] == 1
    with pytest.raises(AttributeError):
        size.terms = {}  # type: ignore[misc]


def _grow(step: Callable[[Size], Size]) -> None:
    size: Size = h
    for _ in range(100):
        size = step(size)


@pytest.mark.parametrize(
    "step",
    [
        lambda size: size * h,
        lambda size: size * 2**10,
        lambda size: size * (h + w + N + 1),
        lambda size: (size * w + 1) // 3,
        lambda size: (size * size + N) // (size + h),
        lambda size: size // 2**10,
    ],
)
def test_growth_is_stopped(step: Callable[[Size], Size]) -> None:
    with pytest.raises(DimError):
        _grow(step)


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [
        (7, 7, 7),
        (h, 1, None),
        (16 * h - 3, 13, None),
        (3 - 2 * h, None, 1),
        ((h + 1) // 2, 1, None),
        (h // 2, 0, None),
        (h % 4, 0, 3),
        (h - 2 * (h // 2), 0, 1),
        (h * w - h, 0, None),
        (N * ((h + 1) // 2) * ((w + 1) // 2), 1, None),
        (h - h // 2, 1, None),
        (h - w, None, None),
    ],
)
def test_bounds(size: Size, low: int | None, high: int | None) -> None:
    assert (lower_bound(size), upper_bound(size)) == (low, high)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (64, 64, Proof.EQUAL),
        (64, 32, Proof.DIFFERENT),
        (2 * h, 2 * k + 1, Proof.DIFFERENT),
        (h, h + 1, Proof.DIFFERENT),
        (h + 3, 2, Proof.DIFFERENT),
        (N, w, Proof.UNKNOWN),
        (2 * (h // 2), h, Proof.UNKNOWN),
        (2 * (h // 2), h + 1, Proof.DIFFERENT),
    ],
)
def test_verdicts(left: Size, right: Size, verdict: Proof) -> None:
    assert compare(left, right) is verdict
    assert compare(right, left) is verdict


def test_at_least() -> None:
    assert at_least(16 * h, 16) is True
    assert at_least(3, h + 3) is False
    assert at_least(h, 3) is None
    assert at_least(h, h // 2) is True


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (2 * (h // 2), h, "declare h as 2*h"),
        (4 * ((h + 3) // 4), h, "declare h as 4*h"),
        (4 * N * (h // 2) * (w // 2), N * h * w, "declare h as 2*h and w as 2*w"),
        (2 * (h // 2) * w, h * w, "declare h as 2*h"),
        (N, symbol("M"), "write the same symbol for N and M"),
        (N, 32, "declare N as 32"),
        (16 * h, w, "declare w as 16*h"),
        (h * h, 3 * w, "declare the inputs so that h*h and 3*w are the same expression"),
    ],
)
def test_hint(left: Size, right: Size, expected: str) -> None:
    assert compare(left, right) is Proof.UNKNOWN
    assert hint(left, right) == expected


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (N, "N"),
        (16 * h, "16*h"),
        (w * h, "h*w"),
        (2 * h - 1, "2*h - 1"),
        (3 - h, "3 - h"),
        ((h + 1) // 2, "(h + 1)//2"),
        (h // 2 + 3, "h//2 + 3"),
        (w - h // 2, "w - h//2"),
        (3 * (h // 2) * N, "3*N*(h//2)"),
        (-(h // 2) - w, "-w - h//2"),
        (-(h // 2), "-(h//2)"),
        (-((h // 2) * (w // 2)), "-((h//2)*(w//2))"),
        (-3 * ((h // 2) * (h // w)) - 1, "-(3*(h//2)*(h//w)) - 1"),
        ((3 * h) // 4, "(3*h)//4"),
        (h % 2, "h - 2*(h//2)"),
        (7 // h, "7//h"),
        (N // (h * w), "N//(h*w)"),
    ],
)
def test_text(size: Size, text: str) -> None:
    assert str(size) == text
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32", 32),
        (" T+1 ", symbol("T") + 1),
        ("32*h", 32 * h),
        ("2 * (h - 1) // 3", (2 * (h - 1)) // 3),
        ("-h + w", w - h),
        ("h - w - k", h - w - k),
        ("h // 2 * 2", 2 * (h // 2)),
        ("batch_2", symbol("batch_2")),
        ("(((3)))", 3),
    ],
)
def test_parse(text: str, size: Size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", (0, 0), "expected a number or a symbol, received the end"),
        ("  ", (2, 2), "received the end"),
        ("h +", (3, 3), "received the end"),
        ("2 h", (2, 3), "expected + - * or //, received 'h'"),
        ("h / 2", (2, 3), "division is //"),
        ("h // 0", (0, 6), "divided by zero"),
        ("1 + h // (w - w)", (4, 16), "divided by zero"),
        ("(h + 1", (0, 1), "not closed"),
        ("h)", (1, 2), "received ')'"),
        ("h ** 2", (3, 4), "received '*'"),
        ("1.5", (1, 2), "unexpected '.'"),
        ("_h", (0, 1), "unexpected '_'"),
        ("h\u00e9", (1, 2), "unexpected"),
        ("\u0663", (0, 1), "unexpected"),
        ("().__class__", (2, 3), "unexpected '.'"),
        ("()", (1, 2), "received ')'"),
        ("9007199254740993", (0, 16), "2^53"),
        ("9" * 200, (0, 200), "2^53"),
        ("4294967296 * 4294967296 * h", (0, 23), "2^53"),
        ("h" * 257, (0, 257), "256"),
        ("(" * 100 + "h", (33, 34), "deeper than 32"),
        ("-" * 100 + "h", (33, 34), "deeper than 32"),
        ("*".join(["h"] * 40), (0, 33), "16 factors"),
    ],
)
def test_syntax_errors(text: str, at: tuple[int, int], says: str) -> None:
    with pytest.raises(DimSyntaxError) as caught:
        parse_size(text)
    assert says in caught.value.message
    assert (caught.value.start, caught.value.end) == at


@given(st.text(alphabet="hwN019+-*/() ", max_size=40))
def test_any_text_is_a_size_or_a_syntax_error(text: str) -> None:
    try:
        parse_size(text)
    except DimSyntaxError as error:
        start, end = error.start, error.end
    else:
        return
    assert 0 <= start <= end <= len(text)


def test_symbols_substitute_evaluate() -> None:
    size = N * ((h + 1) // 2) + w // h
    assert symbols(size) == {"N", "h", "w"}
    assert symbols(4) == frozenset()
    assert substitute(h + w, {"h": w, "w": h}) == h + w
    assert substitute(size, {"h": 4 * k, "w": 8 * k}) == 2 * N * k + 2
    assert evaluate(size, {"N": 2, "h": 3, "w": 10}) == 7
    with pytest.raises(KeyError, match="w"):
        evaluate(h + w, {"h": 1})
