"""Line breaks, as ruff and Black make them, so that emitted source needs no formatter."""

from __future__ import annotations

from collections.abc import Iterator

WIDTH = 88
INDENT = "    "

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


def statement(text: str, level: int = 0) -> str:
    """One statement, indented `level` times and broken at its brackets if it is too long."""
    return "\n".join(_lines(text, INDENT * level))


def _lines(text: str, indent: str, tail: str = "") -> Iterator[str]:
    """The lines of `text` followed by `tail`, a comma or nothing."""
    if len(indent) + len(text) + len(tail) <= WIDTH:
        yield f"{indent}{text}{tail}"
        return
    opening = _last_bracket(text)
    if opening is None:
        yield f"{indent}{text}{tail}"
        return
    closing = _match(text, opening)
    inside = text[opening + 1 : closing]
    yield indent + text[: opening + 1]
    inner = indent + INDENT
    if len(inner) + len(inside) <= WIDTH or " for " in _top_level(inside):
        yield from _inside(inside, inner)
    else:
        for part in _split(inside):
            yield from _lines(part, inner, ",")
    yield f"{indent}{text[closing:]}{tail}"


def _inside(text: str, indent: str) -> Iterator[str]:
    """The content of brackets on a line of its own, or a comprehension on one line a clause."""
    if len(indent) + len(text) <= WIDTH:
        yield indent + text
        return
    element, _, clause = text.partition(" for ")
    yield from _lines(element, indent)
    yield f"{indent}for {clause}"


def _last_bracket(text: str) -> int | None:
    """The opening bracket that matches the last closing one; None if there is nothing inside."""
    end = max((text.rfind(closing) for closing in _CLOSING), default=-1)
    if end < 0:
        return None
    for start, close in _pairs(text):
        if close == end:
            return start if close > start + 1 else None
    return None


def _match(text: str, opening: int) -> int:
    return next(close for start, close in _pairs(text) if start == opening)


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """The positions of matching brackets, outside of strings."""
    stack: list[int] = []
    for position, character in _characters(text):
        if character in _OPENING:
            stack.append(position)
        elif character in _CLOSING:
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
