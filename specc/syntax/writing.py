"""Plain data to YAML text that `read_yaml` reads as the same data.

The text looks as a person would write a spec: what is short stands on one line, the rest in lines
of its own. A string is quoted where YAML 1.2 would take it for something else, and a float has all
its digits.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from specc.syntax.scalars import core_scalar

Collection: TypeAlias = "Mapping[str, Written] | tuple[Written, ...] | list[Written]"
Written: TypeAlias = "Collection | str | int | float | bool | None"

WIDTH = 100
"""Columns of a line, where it can be broken."""

_PLAIN = re.compile(r"[^\W\d][\w./+*()-]*(?: [\w./+*()-]+)*", re.ASCII)
"""Strings that need no quotes wherever they stand, unless they are a constant such as `null`."""

_TENSOR_TYPE = re.compile(r"[a-z]\w*\[[\w */+(),-]+\]", re.ASCII)
"""`float32[N, 28, 28, 1]`, which needs quotes inside brackets only."""


def yaml_text(data: Mapping[str, Written]) -> str:
    """The text of a document. What takes several lines has an empty one around it."""
    sections = ["\n".join(_section(key, value)) for key, value in data.items()]
    text = sections[0]
    for before, section in pairwise(sections):
        text += ("\n\n" if "\n" in before + section else "\n") + section
    return text + "\n"


def _section(key: str, value: Written) -> Iterator[str]:
    """One key of the document: a mapping is never on its line."""
    if isinstance(value, Mapping) and value:
        yield f"{_inline(key)}:"
        yield from _lines(value, "  ")
    else:
        yield from _below(f"{_inline(key)}:", value, "")


def _lines(value: Collection, margin: str) -> Iterator[str]:
    """The lines of a collection that is not empty."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _below(f"{margin}{_inline(key)}:", item, margin)
    else:
        for item in value:
            yield from _entry(item, margin)


def _below(key: str, value: Written, margin: str) -> Iterator[str]:
    """`key: value` on one line if it fits, else the value below the key."""
    if value is None:
        yield key
    elif isinstance(value, str):
        yield from _string(key, value, margin)
    elif isinstance(value, Mapping | list | tuple) and not _fits(value, len(key) + 1):
        yield key
        yield from _lines(value, margin + "  ")
    else:
        yield f"{key} {_inline(value)}"


def _entry(value: Written, margin: str) -> Iterator[str]:
    """`- value` on one line if it fits; the keys of a mapping stand one below the other."""
    if isinstance(value, Mapping | list | tuple) and not _is_short(value, len(margin) + 2):
        first, *others = _lines(value, margin + "  ")
        yield f"{margin}- {first.lstrip(' ')}"
        yield from others
    else:
        yield f"{margin}- {_inline(value)}"


def _is_short(value: Collection, before: int) -> bool:
    return not value if isinstance(value, Mapping) else _fits(value, before)


def _string(key: str, value: str, margin: str) -> Iterator[str]:
    """A string beside its key; a long one of plain words is folded below it."""
    line = f"{key} {value if _TENSOR_TYPE.fullmatch(value) else _inline(value)}"
    if len(line) <= WIDTH or value != " ".join(value.split()) or not value.isprintable():
        yield line
        return
    yield f"{key} >-"
    for words in textwrap.wrap(
        value, WIDTH - len(margin) - 2, break_long_words=False, break_on_hyphens=False
    ):
        yield f"{margin}  {words}"


def _fits(value: Collection, before: int) -> bool:
    """Whether a collection may stand on one line, after so many columns."""
    return not value or (not _lists_mappings(value) and before + len(_inline(value)) <= WIDTH)


def _lists_mappings(value: Written) -> bool:
    """Whether there is a list with a mapping in it, such as one of layers."""
    if isinstance(value, Mapping):
        return any(_lists_mappings(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(isinstance(item, Mapping) or _lists_mappings(item) for item in value)
    return False


def _inline(value: Written) -> str:
    """A value as it may stand in brackets, on one line."""
    if isinstance(value, Mapping):
        items = (f"{_inline(key)}: {_inline(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _number(value)


def _quoted(value: str) -> str:
    """A string, in quotes if it needs them."""
    if _PLAIN.fullmatch(value) and core_scalar(value) == value:
        return value
    # JSON's strings are YAML's, but for the pairs in which it escapes what is beyond 16 bits.
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
