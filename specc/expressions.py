"""The language of `${…}`: its tokens, its syntax tree, and the value of a scalar.

It is a language of its own; nothing here reaches Python's `eval` or `ast`. Every fault is an
`ExpressionError` with a code of `specc.codes` and the narrowest part of the scalar at fault. An
expression is bounded in length and depth before it is read, and its values are bounded before they
are computed (`specc.operations`). No part of an expression is evaluated twice.

A scalar that is one `${…}` has the value of the expression. In a longer scalar each `${…}` is put
in as text. `$${` stands for the characters `${`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from specc import operations
from specc.names import did_you_mean
from specc.operations import DEPTH_LIMIT, STRING_LIMIT, Constant, OperationError
from specc.source import printable

__all__ = [
    "EXPRESSION_LIMIT",
    "FUNCTIONS",
    "Constant",
    "ExpressionError",
    "evaluate",
    "is_template",
]

EXPRESSION_LIMIT = 256
"""Characters between `${` and `}`."""

_LISTED_NAMES = 10
_Names: TypeAlias = "Mapping[str, Constant]"

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {name: function.description for name, function in operations.FUNCTIONS.items()}
)
"""Each function of the language, and what it is in one line."""


class ExpressionError(Exception):
    """A scalar that has no value.

    code: `expression-syntax`, `-name`, `-type`, `-value`, `-limit`, or `unknown-size`.
    start, end: the part of the scalar at fault, as character offsets; the end is exclusive.
    help: what to do, as one line; may be empty.
    """

    def __init__(self, code: str, message: str, start: int, end: int, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def is_template(text: str) -> bool:
    """Whether a scalar has an expression, or an escaped `$${`, in it."""
    return "${" in text


def evaluate(text: str, names: Mapping[str, Constant]) -> Constant:
    """The value of a whole scalar, with `names` in scope.

    Raises `ExpressionError`. A scalar is parsed once, however often it is evaluated.
    """
    return _parse(text).evaluate(names) if is_template(text) else text


class _Mark(NamedTuple):
    """The part of a scalar from `start` up to but not including `end`."""

    scalar: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The marked text, on one line."""
        return " ".join(self.scalar[self.start : self.end].split())

    def error(self, code: str, message: str, help: str = "") -> ExpressionError:
        return ExpressionError(code, message, self.start, self.end, help)


def _located(fault: OperationError, sign: _Mark, operands: Sequence[_Node]) -> ExpressionError:
    """The fault of the operation at `sign`, with its place."""
    if fault.operand is None:
        return sign.error(fault.code, fault.message, fault.help)
    mark = operands[fault.operand].mark
    return mark.error(fault.code, fault.message.replace("{operand}", mark.text), fault.help)


# --- the syntax tree ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node(ABC):
    """A part of a scalar that has a value."""

    mark: _Mark

    @abstractmethod
    def evaluate(self, names: _Names) -> Constant:
        """The value with `names` in scope. Raises `ExpressionError`."""


@dataclass(frozen=True, slots=True)
class _Literal(_Node):
    value: Constant

    def evaluate(self, names: _Names) -> Constant:
        return self.value


@dataclass(frozen=True, slots=True)
class _Name(_Node):
    name: str

    def evaluate(self, names: _Names) -> Constant:
        try:
            return names[self.name]
        except KeyError:
            raise self._unknown(names) from None

    def _unknown(self, names: _Names) -> ExpressionError:
        if self.name in FUNCTIONS:
            message = f"`{self.name}` is a function, and is used here as a name"
            return self.mark.error("expression-name", message, FUNCTIONS[self.name])
        known = ", ".join(map(printable, islice(names, _LISTED_NAMES)))
        help = did_you_mean(self.name, names) or (f"names here: {known}" if known else "")
        return self.mark.error("expression-name", f"there is no name `{self.name}` here", help)


@dataclass(frozen=True, slots=True)
class _Operation(_Node):
    """An operator, function, index, attribute, list or text: `call` applied to its operands.

    sign: what stands for the operation in an error that is no operand's.
    """

    sign: _Mark
    call: Callable[..., Constant]
    operands: tuple[_Node, ...]

    def evaluate(self, names: _Names) -> Constant:
        values = [operand.evaluate(names) for operand in self.operands]
        try:
            return self.call(*values)
        except OperationError as fault:
            raise _located(fault, self.sign, self.operands) from None


@dataclass(frozen=True, slots=True)
class _Comparison(_Node):
    """A chain such as `0 < i < 3`: link k compares operand k with operand k + 1.

    It ends at the first that does not hold, and evaluates no operand twice.
    """

    links: tuple[_Token, ...]
    operands: tuple[_Node, ...]

    def evaluate(self, names: _Names) -> Constant:
        left = self.operands[0].evaluate(names)
        for position, link in enumerate(self.links):
            right = self.operands[position + 1].evaluate(names)
            try:
                if not operations.holds(link.text, left, right):
                    return False
            except OperationError as fault:
                pair = self.operands[position : position + 2]
                raise _located(fault, link.mark, pair) from None
            left = right
        return True


@dataclass(frozen=True, slots=True)
class _Logical(_Node):
    """`and` or `or`, which leaves out its right side where the left decides."""

    word: str
    left: _Node
    right: _Node

    def evaluate(self, names: _Names) -> Constant:
        if _truth(self.left, names, self.word) is (self.word == "or"):
            return self.word == "or"
        return _truth(self.right, names, self.word)


@dataclass(frozen=True, slots=True)
class _Conditional(_Node):
    """`chosen if condition else other`; only one of the two is evaluated."""

    condition: _Node
    chosen: _Node
    other: _Node

    def evaluate(self, names: _Names) -> Constant:
        branch = self.chosen if _truth(self.condition, names, "if") else self.other
        return branch.evaluate(names)


def _truth(node: _Node, names: _Names, word: str) -> bool:
    value = node.evaluate(names)
    try:
        return operations.truth(value, word)
    except OperationError as fault:
        raise _located(fault, node.mark, (node,)) from None


# --- tokens -------------------------------------------------------------------------------------

_KEYWORDS = frozenset({"and", "or", "not", "in", "not in", "if", "else"})
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_ESCAPES = {"\\\\": "\\", "\\'": "'", '\\"': '"', "\\n": "\n"}

_FOREIGN = {
    "=": "keyword arguments and assignments are not part of the language",
    ":=": "assignments are not part of the language",
    "for": "comprehensions are not part of the language",
    "lambda": "functions of your own are not part of the language",
    "is": "the language has == for this",
    "None": "the language has no None",
    "&&": "the language has `and` for this",
    "||": "the language has `or` for this",
    "!": "the language has `not` for this",
    "^": "the language has ** for this",
    "?": "the language has `a if c else b` for this",
    "{": "mappings and sets are not part of the language",
}
"""What other languages write, and what to say of it."""

_LANGUAGE = (
    "an expression has numbers, true and false, strings, lists, names, items[0], items[1:], "
    "+ - * / // % **, "
    "comparisons, in, and, or, not, `a if c else b`, a tensor's "
    f"{' '.join(f'.{name}' for name in operations.ATTRIBUTES)}, "
    f"and the functions {' '.join(FUNCTIONS)}"
)

_TOKEN = re.compile(
    r"""
      (?P<blank>  [ \t\r\n]++ )
    | (?P<number> (?: [0-9]++ (?: \.[0-9]*+ )? | \.[0-9]++ ) (?: [eE][+-]?[0-9]++ )? )
    | (?P<word>   not[ \t\r\n]++in\b | [A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<string> ' (?: [^'\\] | \\. )*+ ' | " (?: [^"\\] | \\. )*+ " )
    | (?P<symbol> \*\* | // | [<>=!]= | := | && | \|\| | [-+*/%<>()\[\],.=:!?&|^{] )
    | (?P<end>    } )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_OPENING = re.compile(r"\$\$\{|\$\{")


class _Token(NamedTuple):
    """kind: number, word, string, symbol (keywords too), or end, which is the closing brace."""

    kind: str
    text: str
    mark: _Mark

    @property
    def description(self) -> str:
        """What it is called in messages."""
        return "the end of the expression" if self.kind == "end" else f"`{self.mark.text}`"


def _tokens(scalar: str, opening: _Mark) -> list[_Token]:
    """The tokens after the `${` at `opening`, up to the `}` that closes it."""
    tokens: list[_Token] = []
    position = opening.end
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(scalar, position)
        if match is None:
            raise _unreadable(scalar, opening, position)
        _check_expression_length(scalar, opening.end, match)
        if match.lastgroup != "blank":
            tokens.append(_token(match))
        position = match.end()
    return tokens


def _token(match: re.Match[str]) -> _Token:
    kind, text = str(match.lastgroup), " ".join(match.group().split())
    mark = _Mark(match.string, match.start(), match.end())
    if kind == "string":
        return _Token(kind, match.group(), mark)
    if text.startswith("__"):
        raise _syntax_error(
            mark, f"`{text}`: names that begin with __ are not part of the language"
        )
    return _Token("symbol" if text in _KEYWORDS or text in _FOREIGN else kind, text, mark)


def _check_expression_length(scalar: str, start: int, match: re.Match[str]) -> None:
    end = match.start() if match.lastgroup == "end" else match.end()
    if end - start > EXPRESSION_LIMIT:
        mark = _Mark(scalar, start, end)
        message = f"an expression has at most {EXPRESSION_LIMIT} characters"
        raise mark.error("expression-limit", message)


def _unreadable(scalar: str, opening: _Mark, position: int) -> ExpressionError:
    """The error of a place where no token begins."""
    mark = _Mark(scalar, position, position + 1)
    if scalar[position : position + 1] in ("'", '"'):
        return _syntax_error(
            mark, "the string is not closed", "close it with the quote it began with"
        )
    if "}" not in scalar[position:]:
        help = "close it with }, or write $${ for the characters ${"
        return _syntax_error(opening, "the expression is not closed", help)
    return _syntax_error(mark, f"{scalar[position]!r} is not part of the language")


def _syntax_error(mark: _Mark, message: str, help: str = _LANGUAGE) -> ExpressionError:
    return mark.error("expression-syntax", message, help)


# --- the parser ---------------------------------------------------------------------------------

_NOT, _COMPARED, _SIGNED, _POWER = 3, 4, 7, 8
_PRECEDENCE: Mapping[str, int] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(operations.COMPARISONS, _COMPARED),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "//", "%"), 6),
    "**": _POWER,
}


class _Parser:
    """Reads one expression from its tokens, the last of which is its end."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def parse(self) -> _Node:
        node = self._expression()
        if self._token.kind != "end":
            raise self._unexpected("an operator or `}`")
        return node

    @property
    def _token(self) -> _Token:
        return self._tokens[self._position]

    @property
    def _symbol(self) -> str:
        """The operator, bracket or keyword that comes next, or nothing."""
        return self._token.text if self._token.kind == "symbol" else ""

    def _advance(self) -> _Token:
        token = self._token
        self._position += 1
        return token

    def _accept(self, symbol: str) -> _Token | None:
        return self._advance() if self._symbol == symbol else None

    def _expect(self, symbol: str, expected: str = "") -> None:
        if not self._accept(symbol):
            raise self._unexpected(expected or f"`{symbol}`")

    def _unexpected(self, expected: str) -> ExpressionError:
        token = self._token
        message = f"expected {expected}, received {token.description}"
        if token.text in _FOREIGN:
            message = f"{message}: {_FOREIGN[token.text]}"
        return _syntax_error(token.mark, message)

    def _since(self, start: _Token) -> _Mark:
        """From `start` to the token read last."""
        return _Mark(start.mark.scalar, start.mark.start, self._tokens[self._position - 1].mark.end)

    def _nested(self, parse: Callable[[], _Node]) -> _Node:
        """What `parse` reads, one level deeper: looked at on the way down, not on the way up."""
        if self._depth == DEPTH_LIMIT:
            message = f"an expression is nested at most {DEPTH_LIMIT} deep"
            raise self._token.mark.error("expression-limit", message)
        self._depth += 1
        node = parse()
        self._depth -= 1
        return node

    def _expression(self) -> _Node:
        start = self._token
        chosen = self._operation(0)
        if not self._accept("if"):
            return chosen
        condition = self._operation(0)
        self._expect("else")
        other = self._nested(self._expression)
        return _Conditional(self._since(start), condition, chosen, other)

    def _operation(self, floor: int) -> _Node:
        """Operands joined by operators that bind tighter than `floor`."""
        start = self._token
        left = self._prefixed()
        while (precedence := _PRECEDENCE.get(self._symbol, 0)) > floor:
            left = self._infix(start, left, precedence)
        return left

    def _infix(self, start: _Token, left: _Node, precedence: int) -> _Node:
        if precedence == _COMPARED:
            return self._comparison(start, left)
        sign = self._advance()
        if precedence == _POWER:  # 2 ** -3 ** 2 is 2 ** (-(3 ** 2))
            right = self._nested(partial(self._operation, _SIGNED))
        else:
            right = self._operation(precedence)
        mark = self._since(start)
        if sign.text in ("and", "or"):
            return _Logical(mark, sign.text, left, right)
        return _Operation(mark, sign.mark, operations.OPERATORS[sign.text], (left, right))

    def _comparison(self, start: _Token, first: _Node) -> _Node:
        links: list[_Token] = []
        operands = [first]
        while _PRECEDENCE.get(self._symbol) == _COMPARED:
            links.append(self._advance())
            operands.append(self._operation(_COMPARED))
        return _Comparison(self._since(start), tuple(links), tuple(operands))

    def _prefixed(self) -> _Node:
        start = self._token
        if self._symbol not in operations.PREFIXES:
            return self._postfixed()
        sign = self._advance()
        floor = _NOT if sign.text == "not" else _SIGNED
        operand = self._nested(partial(self._operation, floor))
        return _Operation(self._since(start), sign.mark, operations.PREFIXES[sign.text], (operand,))

    def _postfixed(self) -> _Node:
        start = self._token
        node = self._atom()
        while True:
            if self._accept("["):
                node = self._indexed(start, node)
            elif self._accept("."):
                name = self._attribute_name()
                call = partial(operations.attribute, name.text)
                node = _Operation(self._since(start), name.mark, call, (node,))
            else:
                return node

    def _indexed(self, start: _Token, items: _Node) -> _Node:
        """`items[index]`, or `items[begin:end]`, each end of which may be left out."""
        begin = self._bound(":", 0)
        colon = self._accept(":")
        if not colon:
            self._expect("]")
            return _Operation(self._since(start), begin.mark, operations.item, (items, begin))
        end = self._bound("]", operations.LIST_LIMIT)
        self._expect("]")
        return _Operation(self._since(start), colon.mark, operations.part, (items, begin, end))

    def _bound(self, closing: str, default: int) -> _Node:
        if self._symbol == closing:
            return _Literal(self._token.mark, default)
        return self._nested(self._expression)

    def _attribute_name(self) -> _Token:
        if self._token.kind != "word":
            raise self._unexpected("an attribute")
        token = self._advance()
        if token.text not in operations.ATTRIBUTES:
            message = (
                f"a tensor has no attribute `{token.text}`, only {', '.join(operations.ATTRIBUTES)}"
            )
            help = did_you_mean(token.text, operations.ATTRIBUTES)
            raise token.mark.error("expression-name", message, help)
        return token

    def _atom(self) -> _Node:
        token = self._token
        match token.kind:
            case "number" | "string":
                return _Literal(self._advance().mark, _literal(token))
            case "word":
                return self._word(self._advance())
            case _:
                return self._bracketed()

    def _word(self, token: _Token) -> _Node:
        if token.text in _BOOLEANS:
            return _Literal(token.mark, _BOOLEANS[token.text])
        return self._call(token) if self._accept("(") else _Name(token.mark, token.text)

    def _bracketed(self) -> _Node:
        start = self._token
        if self._accept("("):
            node = self._nested(self._expression)
            self._expect(")")
            return node
        if self._accept("["):
            items = self._items("]")
            return _Operation(self._since(start), self._since(start), operations.make_list, items)
        raise self._unexpected("a value")

    def _call(self, name: _Token) -> _Node:
        arguments = self._items(")")
        function = operations.FUNCTIONS.get(name.text)
        if function is None:
            help = did_you_mean(name.text, FUNCTIONS) or f"the functions are {', '.join(FUNCTIONS)}"
            raise name.mark.error("expression-name", f"there is no function `{name.text}`", help)
        if not function.fewest <= len(arguments) <= function.most:
            message = f"{name.text} takes {function.arity}, received {len(arguments)}"
            raise name.mark.error("expression-type", message, function.description)
        return _Operation(self._since(name), name.mark, function.call, arguments)

    def _items(self, closing: str) -> tuple[_Node, ...]:
        """Expressions with commas between them, up to and with `closing`."""
        items: list[_Node] = []
        while not self._accept(closing):
            items.append(self._nested(self._expression))
            if not self._accept(","):
                self._expect(closing, f"`,` or `{closing}`")
                break
        return tuple(items)


def _literal(token: _Token) -> Constant:
    if token.kind == "string":
        return _string(token)
    number = int(token.text) if token.text.isdigit() else float(token.text)
    try:
        return operations.bounded(number)
    except OperationError as fault:
        raise _located(fault, token.mark, ()) from None


def _string(token: _Token) -> str:
    def unescape(match: re.Match[str]) -> str:
        if match.group() in _ESCAPES:
            return _ESCAPES[match.group()]
        start = token.mark.start + 1 + match.start()
        mark = _Mark(token.mark.scalar, start, start + 2)
        raise _syntax_error(mark, f"{mark.text} is no escape", "the escapes are \\\\ \\' \\\" \\n")

    return re.sub(r"\\.", unescape, token.text[1:-1], flags=re.DOTALL)


# --- scalars ------------------------------------------------------------------------------------


class _Text(_Literal):
    """The text around expressions."""

    __slots__ = ()


@lru_cache(maxsize=4096)
def _parse(scalar: str) -> _Node:
    """The tree of a whole scalar: the one expression that it is, or the join of its parts."""
    whole = _Mark(scalar, 0, len(scalar))
    if len(scalar) > STRING_LIMIT:
        message = f"text with an expression in it has at most {STRING_LIMIT:,} characters"
        raise whole.error("expression-limit", message)
    parts = tuple(_parts(scalar))
    filled = [part for part in parts if part.mark.text]
    if len(filled) == 1 and not isinstance(filled[0], _Text):
        return filled[0]
    return _Operation(whole, whole, operations.join, parts)


def _parts(scalar: str) -> Iterator[_Node]:
    position = 0
    while opening := _OPENING.search(scalar, position):
        yield _text(scalar, position, opening.start())
        mark = _Mark(scalar, opening.start(), opening.end())
        position = opening.end()
        if opening.group() == "$${":
            yield _Text(mark, "${")
            continue
        tokens = _tokens(scalar, mark)
        yield _Parser(tokens).parse()
        position = tokens[-1].mark.end
    yield _text(scalar, position, len(scalar))


def _text(scalar: str, start: int, end: int) -> _Text:
    return _Text(_Mark(scalar, start, end), scalar[start:end])
