"""Sizes as text: the language in which a spec declares them.

It has integers, symbols, `+ - * //` and parentheses, and `parse_size` reads back what `str` of a
size writes. Length, depth and numbers are bounded; a fault is a `DimSyntaxError` with its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from specc.dims import DimError, Size, symbol, terms_of

MAX_TEXT = 256
MAX_TEXT_DEPTH = 32
MAX_TEXT_NUMBER = 2**53

_TOKEN = re.compile(r"[0-9]+|[A-Za-z][A-Za-z0-9_]*|//|[-+*()]")

_Operator: TypeAlias = Callable[[Size, Size], Size]

_SUMS: dict[str, _Operator] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
}
_PRODUCTS: dict[str, _Operator] = {
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
}


class DimSyntaxError(ValueError):
    """A text is not a size; `start` and `end` are character offsets into it, `end` exclusive."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


def parse_size(text: str) -> Size:
    """The size that `text` denotes: integers, symbols, `+ - * //` and parentheses.

    Reads back what `str` of a size writes. Raises `DimSyntaxError` with offsets into `text`. The
    text has at most 256 characters, is nested at most 32 deep, and no number in it, or made by it,
    is beyond 2^53.
    """
    if len(text) > MAX_TEXT:
        raise DimSyntaxError(f"a size is at most {MAX_TEXT} characters long", 0, len(text))
    parser = _Parser(_tokens(text))
    size = parser.sum(0)
    token = parser.peek
    if token.text:
        raise DimSyntaxError(
            f"expected + - * or //, received {token.text!r}", token.start, token.end
        )
    return size


class _Token(NamedTuple):
    text: str  # empty at the end of the input
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = _skip_space(text, 0)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            remedy = "; division is //" if text[position] == "/" else ""
            raise DimSyntaxError(
                f"unexpected {text[position]!r} in a size{remedy}", position, position + 1
            )
        tokens.append(_Token(match.group(), position, match.end()))
        position = _skip_space(text, match.end())
    return [*tokens, _Token("", len(text), len(text))]


def _skip_space(text: str, position: int) -> int:
    return len(text) - len(text[position:].lstrip())


class _Parser:
    """Recursive descent; `*` and `//` bind equally, to the left, as in Python.

    sum: term (("+" | "-") term)*
    term: factor (("*" | "//") factor)*
    factor: "-" factor | "(" sum ")" | number | symbol
    """

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def peek(self) -> _Token:
        return self._tokens[self._position]

    def _next(self) -> _Token:
        token = self.peek
        self._position += 1
        return token

    def sum(self, depth: int) -> Size:
        return self._chain(_SUMS, self._term, depth)

    def _term(self, depth: int) -> Size:
        return self._chain(_PRODUCTS, self._factor, depth)

    def _chain(
        self,
        operators: Mapping[str, _Operator],
        operand: Callable[[int], Size],
        depth: int,
    ) -> Size:
        start = self.peek.start
        size = operand(depth)
        while self.peek.text in operators:
            operator = operators[self._next().text]
            right = operand(depth)
            size = _bounded(operator, size, right, start, self._tokens[self._position - 1].end)
        return size

    def _factor(self, depth: int) -> Size:
        token = self.peek
        if depth > MAX_TEXT_DEPTH:
            raise DimSyntaxError(
                f"a size is nested deeper than {MAX_TEXT_DEPTH}", token.start, token.end
            )
        if not token.text or token.text in ")*+//":
            received = repr(token.text) if token.text else "the end"
            raise DimSyntaxError(
                f"expected a number or a symbol, received {received}", token.start, token.end
            )
        self._next()
        if token.text == "-":
            return -self._factor(depth + 1)
        if token.text == "(":
            return self._group(token, depth)
        return _number(token) if token.text[0].isdigit() else symbol(token.text)

    def _group(self, opening: _Token, depth: int) -> Size:
        size = self.sum(depth + 1)
        if self.peek.text != ")":
            raise DimSyntaxError("this parenthesis is not closed", opening.start, opening.end)
        self._next()
        return size


def _number(token: _Token) -> int:
    value = int(token.text)
    if value > MAX_TEXT_NUMBER:
        raise DimSyntaxError("a number in a size is at most 2^53", token.start, token.end)
    return value


def _bounded(operator: _Operator, left: Size, right: Size, start: int, end: int) -> Size:
    try:
        size = operator(left, right)
    except ZeroDivisionError:
        raise DimSyntaxError("a size is divided by zero", start, end) from None
    except DimError as error:
        raise DimSyntaxError(str(error), start, end) from None
    if any(abs(c) > MAX_TEXT_NUMBER for c in terms_of(size).values()):
        raise DimSyntaxError("a number in a size is at most 2^53", start, end)
    return size
