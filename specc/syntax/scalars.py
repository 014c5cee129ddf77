"""The YAML 1.2 core schema: what a plain scalar means.

Only what the schema lists is a null, a boolean or a number. Everything else is a string, also what
YAML 1.1 took for something else: `no`, `on`, `1:30`, `2017-01-01`, `1_000`.
Source: YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import math
import re

MAX_INTEGER = 2**53
"""The largest magnitude of an integer: beyond it a float64, as in JSON, no longer counts."""

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, float | bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMBER_STARTS = frozenset("0123456789+-.")
_BASES = {"0o": 8, "0x": 16}


def core_scalar(text: str) -> Scalar:
    """The value of the plain scalar `text`.

    Raises OverflowError for an integer beyond `MAX_INTEGER` and for a float beyond float64. Digits
    are counted first: a number of a million digits costs no more than reading it.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def _integer(text: str) -> int:
    base = _BASES.get(text[:2], 10)
    digits = (text[2:] if base != 10 else text.lstrip("+-")).lstrip("0")
    if len(digits) > 18 or (size := int(digits or "0", base)) > MAX_INTEGER:
        raise OverflowError("an integer beyond 2^53")
    return -size if text[0] == "-" else size


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise OverflowError("a number beyond the largest float")
    return value
