"""How wide text is, without a font: as wide as the widest of those that viewers have.

The widths are those of DejaVu Sans (public, as Verdana's), which Helvetica, Arial, Liberation Sans,
Roboto and Segoe UI stay below; a text that fits by them fits in any of these.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_CHARACTERS = {
    0.30: "'",
    0.35: " ,./:;IJijl\\|·",
    0.40: "()-[]f",
    0.45: "!rt",
    0.50: '"*_`–',
    0.55: "?csz",
    0.60: "FLkvxy",
    0.65: "$0123456789EPSTYabdeghnopqu{}",
    0.70: "ABCKRVXZ",
    0.75: "NU",
    0.80: "&DGHOQ",
    0.85: "#+<=>^w~×→",
    0.90: "M",
    1.00: "%@Wm…",
}
_WIDTHS = {character: width for width, text in _CHARACTERS.items() for character in text}
_BOLD = 1.145
_WIDE = 1.0  # an ideograph, a symbol
_OTHER = 1.1  # a letter of another alphabet
_ROUNDING = 1e-6


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in the unit of `size`, which is that of the font."""
    return sum(map(_width, text)) * size * (_BOLD if bold else 1)


def _width(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    return _OTHER if unicodedata.category(character).startswith("L") and character < "ⰰ" else _WIDE


def fitted(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """The text, cut to `width` with an ellipsis if it is longer."""
    if text_width(text, size, bold=bold) <= width + _ROUNDING:
        return text
    left = width - text_width("…", size, bold=bold)
    for end, character in enumerate(text):
        left -= text_width(character, size, bold=bold)
        if left < 0:
            return text[:end].rstrip() + "…"
    return text


def wrapped(text: str, size: float, width: float, lines: int) -> Iterator[str]:
    """The text in at most so many lines, broken at spaces; the last is cut if it must be."""
    words = text.split(" ")
    while words and lines > 1:
        end = _fitting(words, size, width)
        yield fitted(" ".join(words[:end]), size, width)
        words, lines = words[end:], lines - 1
    if words:
        yield fitted(" ".join(words), size, width)


def _fitting(words: list[str], size: float, width: float) -> int:
    """How many words go into a line: one at least."""
    line = words[0]
    for end, word in enumerate(words[1:], 1):
        line = f"{line} {word}"
        if text_width(line, size) > width + _ROUNDING:
            return end
    return len(words)
