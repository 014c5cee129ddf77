"""Runs of alike expressions: what a loop gives, turn by turn, as one expression in `i`."""

from __future__ import annotations

from itertools import pairwise

from specc.emit.code import Code, Join, Literal, literals, python, replace_literals, skeleton


def progression(codes: list[Code]) -> Code | None:
    """One expression in `i` for all of `codes`, the i-th being its value at i.

    None if there is none.
    """
    if len({skeleton(code) for code in codes}) != 1:
        return None
    columns = list(zip(*(literals(code) for code in codes), strict=True))
    terms = [_term(column) for column in columns]
    if any(term is None for term in terms):
        return None
    return replace_literals(codes[0], iter([term for term in terms if term is not None]))


def _term(column: tuple[Literal, ...]) -> Code | None:
    """A literal for all, or `start + step * i`."""
    first = column[0]
    values = [item.value for item in column]
    if all(python(value) == python(values[0]) for value in values):
        return first
    if not all(type(value) is int for value in values):
        return None
    numbers = [value for value in values if isinstance(value, int)]
    step = numbers[1] - numbers[0]
    if any(b - a != step for a, b in pairwise(numbers)) or step < 0:
        return None
    return Join((first, " + ", Literal(step, f"{first.hint}_step"), " * i"))


def segments(codes: list[Code]) -> list[tuple[int, int, Code]]:
    """The codes as runs (start, length, expression in `i`); a run of one is the code itself.

    Two codes are a run only if they are equal: any two numbers are a progression.
    """
    runs: list[tuple[int, int, Code]] = []
    start = 0
    while start < len(codes):
        length = _run_length(codes, start)
        code = progression(codes[start : start + length])
        if code is None or (length == 2 and codes[start] != codes[start + 1]):
            length, code = 1, codes[start]
        runs.append((start, length, code))
        start += length
    return runs


def _run_length(codes: list[Code], start: int) -> int:
    """How many codes from `start` on are in one progression: each step is that of the first two."""
    length = min(2, len(codes) - start)
    while start + length < len(codes):
        if progression(codes[start + length - 2 : start + length + 1]) is None:
            break
        length += 1
    return length if progression(codes[start : start + length]) else 1
