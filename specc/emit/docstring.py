"""Docstrings of emitted source: whatever a spec's text holds, it stays inside."""

from __future__ import annotations

import textwrap

from specc.emit.format import WIDTH
from specc.source import printable


def docstring(text: str, indent: int) -> str:
    """`text` as a docstring whose paragraphs are filled; `indent` columns are left to its lines."""
    width = WIDTH - indent
    paragraphs = [_filled(part, width) for part in _inert(text).split("\n\n")]
    first, *rest = [lines for lines in paragraphs if lines]
    if not rest and len(first) == 1 and len(first[0]) + 6 <= width and first[0][-1] != '"':
        return f'"""{first[0]}"""'
    # What would fit but for the quotation marks takes two lines: formatters keep them on one.
    lines = _filled(f'"""{_joined(first)}', width if rest or len(first) > 1 else width - 4)
    for paragraph in rest:
        lines += ["", *paragraph]
    return "\n".join([*lines, '"""'])


def _joined(lines: list[str]) -> str:
    """One paragraph; a quotation mark at its start is kept off those of the docstring."""
    text = " ".join(lines)
    return f" {text}" if text.startswith('"') else text


def _filled(text: str, width: int) -> list[str]:
    """Lines of whole words: a long one that was cut could end in half an escape sequence."""
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _inert(text: str) -> str:
    """`text` without what could end a docstring, or could not be seen in it."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    shown = "\n\n".join(printable(part, len(part)) for part in paragraphs)
    return shown.replace("\\", "\\\\").replace('"""', "'''").strip()
