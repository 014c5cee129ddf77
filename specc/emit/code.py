"""Expressions of emitted source: text with literals in it that may differ from use to use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from specc.ir import Value

NO_DEFAULT: Any = object()


class Function(str):
    """The name of a function that is a constant, as `F.relu` is where a class is handed one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `hint` names the parameter it becomes where it differs between uses.

    value: a number, a string, a function, or the call that makes a module.
    scope: what it belongs to, which tells it from others of that name.
    default: that of the parameter, where the literal is no argument that has one.
    """

    value: object
    hint: str
    scope: str = ""
    default: object = NO_DEFAULT


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call. One that equals its `default` everywhere is not written."""

    value: Code
    keyword: str = ""
    default: object = NO_DEFAULT


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`."""

    function: Code
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Parts written one after the other."""

    parts: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor, until it gets the name of a variable."""

    value: Value


Code = str | Literal | Call | Join | Ref
"""An expression; a plain string is text as it stands."""

Show = Callable[[Literal], str]
"""How a literal is written: its `repr`, or the name of the parameter it became."""


class Place(NamedTuple):
    """Where a literal stands: the argument that it is or begins, if any."""

    literal: Literal
    argument: Argument | None = None


def join(*parts: Code) -> Code:
    """Parts written one after the other."""
    return Join(parts)


def separated(items: Iterable[Code], separator: str) -> Code:
    """The items with the separator between each two: `a + b + c`."""
    parts: list[Code] = [part for item in items for part in (separator, item)]
    return Join(tuple(parts[1:]))


def listed(items: Iterable[Code]) -> Code:
    """A list of the items: `[a, b]`."""
    return join("[", separated(items, ", "), "]")


def argument(
    value: object, keyword: str = "", hint: str = "", default: object = NO_DEFAULT
) -> Argument:
    """An argument. A value that is not code is a literal, named `hint` or after its keyword."""
    if isinstance(value, Code):
        return Argument(value, keyword, default)
    return Argument(Literal(value, hint or keyword), keyword, default)


def call(function: Code, *arguments: object, **keywords: object) -> Call:
    """A call. Python values become literals; pass `Argument`s for hints and defaults."""
    given = [item if isinstance(item, Argument) else argument(item) for item in arguments]
    given += [_keyword(name, value) for name, value in keywords.items()]
    return Call(function, tuple(given))


def _keyword(name: str, value: object) -> Argument:
    """The argument `name=value`; a literal without a hint is named after the keyword."""
    if not isinstance(value, Argument):
        return argument(value, name)
    code = value.value
    if isinstance(code, Literal) and not code.hint:
        code = Literal(code.value, name)
    return Argument(code, name, value.default)


def text(value: str, hint: str = "") -> Literal:
    """A string of the emitted program, in quotes."""
    return Literal(value, hint)


def optional(value: object, default: object, hint: str = "") -> Argument:
    """A keyword argument's value that is left out where it is the default everywhere."""
    return argument(value, hint=hint, default=default)


def literals(code: Code) -> Iterator[Literal]:
    """The literals of an expression, in the order of the text."""
    return (place.literal for place in places(code))


def places(code: Code, argument: Argument | None = None) -> Iterator[Place]:
    """The literals of an expression, in the order of the text, with where each stands.

    argument: the one that `code` is or begins.
    """
    match code:
        case Literal():
            yield Place(code, argument)
        case Call(function, arguments):
            yield from places(function)
            for item in arguments:
                yield from places(item.value, item)
        case Join(parts):
            for index, part in enumerate(parts):
                yield from places(part, None if index else argument)
        case str() | Ref():
            return


def replace_literals(code: Code, new: Iterator[Code]) -> Code:
    """The expression with its literals, in order, replaced by the next of `new`."""
    return _rebuild(code, lambda _: next(new), lambda ref: ref)


def scoped(code: Code, scope: str) -> Code:
    """The expression, all of whose literals belong to `scope`."""
    return _rebuild(code, lambda literal: replace(literal, scope=scope), lambda ref: ref)


def name_tensors(code: Code, names: Mapping[Value, str]) -> Code:
    """The expression with variables for its tensors."""
    return _rebuild(code, lambda literal: literal, lambda ref: names[ref.value])


def replace_tensors(code: Code, new: Mapping[Value, Value]) -> Code:
    """The expression with other tensors for those in `new`."""
    return _rebuild(code, lambda literal: literal, lambda ref: Ref(new.get(ref.value, ref.value)))


def _rebuild(
    code: Code, on_literal: Callable[[Literal], Code], on_ref: Callable[[Ref], Code]
) -> Code:
    match code:
        case str():
            return code
        case Literal():
            return on_literal(code)
        case Ref():
            return on_ref(code)
        case Join(parts):
            return Join(tuple(_rebuild(part, on_literal, on_ref) for part in parts))
        case Call(function, arguments):
            return Call(
                _rebuild(function, on_literal, on_ref),
                tuple(
                    Argument(_rebuild(item.value, on_literal, on_ref), item.keyword, item.default)
                    for item in arguments
                ),
            )


def tensors(code: Code) -> Iterator[Value]:
    """The tensors an expression uses."""
    match code:
        case Ref(value):
            yield value
        case Call(function, arguments):
            yield from tensors(function)
            for item in arguments:
                yield from tensors(item.value)
        case Join(parts):
            for part in parts:
                yield from tensors(part)
        case _:
            return


def skeleton(code: Code) -> object:
    """The expression without the values of its literals: equal for uses of one template."""
    match code:
        case Literal():
            return Literal
        case Call(function, arguments):
            return (skeleton(function), tuple((a.keyword, skeleton(a.value)) for a in arguments))
        case Join(parts):
            return tuple(skeleton(part) for part in parts)
        case str() | Ref():
            return code


def render(code: Code, show: Show) -> str:
    """The text of an expression.

    `show` writes a literal; calls leave out what is at its default.
    """
    match code:
        case str():
            return code
        case Literal():
            return show(code)
        case Ref(value):
            return value.name
        case Join(parts):
            return "".join(render(part, show) for part in parts)
        case Call(function, arguments):
            called = render(function, show)  # first, since `show` goes from literal to literal
            written = [_argument_text(item, show) for item in arguments]
            return f"{called}({', '.join(item for item in written if item)})"


def _argument_text(item: Argument, show: Show) -> str:
    value = render(item.value, show)
    if item.default is not NO_DEFAULT and value == python(item.default):
        return ""
    return f"{item.keyword}={value}" if item.keyword else value


def python(value: object) -> str:
    """The source of a constant or a call, strings in double quotes as ruff writes them."""
    match value:
        case Function():
            return str(value)
        case str():
            return _string(value)
        case Call():
            return render(value, lambda literal: python(literal.value))
        case float() if value != value or value in (float("inf"), float("-inf")):
            return f'float("{value}")'
        case tuple():
            items = [python(item) for item in value]  # type: ignore[misc]
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        case list():
            return f"[{', '.join(python(item) for item in value)}]"  # type: ignore[misc]
        case _:
            return repr(value)


def _string(value: str) -> str:
    written = repr(value)
    if written.startswith("'") and '"' not in value:
        return f'"{written[1:-1]}"'
    return written
