"""Line breaks, as ruff and Black make them, so that emitted source needs no formatter."""

from __future__ import annotations

from collections.abc import Iterator

WIDTH = 88
INDENT = "    "

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


def statement(text: str, level: int = 0) -> str:
    """One statement, indented `level` times and broken at its brackets if it is too long."""
    indent = INDENT * level
    if len(indent) + len(text) <= WIDTH:
        return indent + text
    return "\n".join(_broken(text, indent))


def _broken(text: str, indent: str) -> Iterator[str]:
    """The lines of a statement that is too long for one."""
    target, equals, value = _assignment(text)
    if text.startswith("return ") and len(_split(text[7:])) > 1:
        yield from _lines(f"return ({text[7:]})", indent)
    elif equals and len(indent) + len(f"{target} = (") > WIDTH and len(_split(target)) > 1:
        yield from _lines(f"({target}) = {value}", indent)
    elif equals and len(_split(target)) > 1 and not _head_fits(text, indent):
        yield f"{indent}{target} = ("
        yield from _lines(value, indent + INDENT)
        yield f"{indent})"
    elif equals and _fits_in_parentheses(target, value, indent) and not _head_fits(text, indent):
        yield f"{indent}{target} = ("
        yield f"{indent}{INDENT}{value}"
        yield f"{indent})"
    else:
        yield from _lines(text, indent)


def _fits_in_parentheses(target: str, value: str, indent: str) -> bool:
    """Whether an assignment takes three lines, its value whole on the second."""
    longest = max(len(f"{target} = ("), len(INDENT) + len(value))
    return len(indent) + longest <= WIDTH


def _assignment(text: str) -> tuple[str, str, str]:
    """The target, `=` and the value of an assignment; the last two are empty for what is none."""
    for position, character in _characters(text):
        if character in _OPENING:
            break
        if character == "=" and text[position - 1 : position + 2] == " = ":
            return text[: position - 1], "=", text[position + 2 :]
    return text, "", ""


def _lines(text: str, indent: str, tail: str = "") -> Iterator[str]:
    """The lines of `text` followed by `tail`, a comma or nothing."""
    bracket = _breaking_bracket(text, indent)
    if len(indent) + len(text) + len(tail) <= WIDTH or bracket is None:
        yield f"{indent}{text}{tail}"
        return
    opening, closing = bracket
    yield indent + text[: opening + 1]
    yield from _inside(text, opening, closing, indent + INDENT)
    yield from _lines(text[closing:], indent, tail)


def _inside(text: str, opening: int, closing: int, indent: str) -> Iterator[str]:
    """What stands in brackets: on one line, or one line a clause or an item."""
    inside = text[opening + 1 : closing]
    if len(indent) + len(inside) <= WIDTH and not _is_display(text, opening, inside):
        yield indent + inside
    elif " for " in _top_level(inside):
        element, _, clause = inside.partition(" for ")
        yield from _lines(element, indent)
        yield f"{indent}for {clause}"
    else:
        items = _split(inside)
        alone = len(items) == 1 and _is_call(text, opening)
        for item in items:
            yield from _lines(item, indent, "" if alone else ",")


def _breaking_bracket(text: str, indent: str) -> tuple[int, int] | None:
    """The bracket to break at: the last before which all fits on a line, or else the first.

    None if there is nothing in any. A `def` breaks at its parameters.
    """
    pairs = [(start, close) for start, close in _outer_pairs(text) if close > start + 1]
    if not pairs:
        return None
    if text.startswith("def "):
        return pairs[0]
    return next((pair for pair in reversed(pairs) if len(indent) + pair[0] < WIDTH), pairs[0])


def _head_fits(text: str, indent: str) -> bool:
    """Whether a line is long enough for `text` up to its first bracket."""
    first = min((start for start, _ in _outer_pairs(text)), default=len(text))
    return len(indent) + first < WIDTH


def _is_call(text: str, opening: int) -> bool:
    return text[opening] == "(" and _is_trailer(text, opening)


def _is_display(text: str, opening: int, inside: str) -> bool:
    """Whether brackets hold a list or a tuple, which is broken into its items if at all."""
    comprehension = " for " in _top_level(inside)
    return not _is_trailer(text, opening) and not comprehension and len(_split(inside)) > 1


def _is_trailer(text: str, opening: int) -> bool:
    """Whether brackets follow what is called or indexed."""
    before = text[:opening][-1:]
    return before.isalnum() or before in ("_", ")", "]")


def _outer_pairs(text: str) -> list[tuple[int, int]]:
    """The positions of matching brackets that are in no other."""
    outer: list[tuple[int, int]] = []
    for start, close in sorted(_pairs(text)):
        if not outer or start > outer[-1][1]:
            outer.append((start, close))
    return outer


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """The positions of matching brackets, outside of strings; one that closes alone is no match."""
    stack: list[int] = []
    for position, character in _characters(text):
        if character in _OPENING:
            stack.append(position)
        elif character in _CLOSING and stack:
            yield stack.pop(), position


def _split(text: str) -> list[str]:
    """The parts between the commas that are in no bracket."""
    parts, depth, start = list[str](), 0, 0
    for position, character in _characters(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _top_level(text: str) -> str:
    """The text that is in no bracket."""
    kept, depth = list[str](), 0
    for _, character in _characters(text):
        depth -= character in _CLOSING
        if depth == 0:
            kept.append(character)
        depth += character in _OPENING
    return "".join(kept)


def _characters(text: str) -> Iterator[tuple[int, str]]:
    """The characters that are not in a string."""
    quote, escaped = "", False
    for position, character in enumerate(text):
        if quote:
            if not escaped and character == quote:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        else:
            yield position, character
