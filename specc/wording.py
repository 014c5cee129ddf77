"""How messages put things, so that they speak in one voice: values, counts, lists, columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from specc.source import printable

_LISTED = 10  # names, so that a message stays short


def shown(value: object) -> str:
    """A value of a spec as a message calls it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 1_000:  # Python refuses to write the largest
            return f"an integer of {value.bit_length():,} bits"
        case str():
            return f'the string "{printable(value)}"'
        case Mapping():
            return "a mapping"
        case tuple():
            items = ", ".join(shown(item) for item in value[:4])  # type: ignore[arg-type]
            return f"[{items}{', …' if len(value) > 4 else ''}]"  # type: ignore[arg-type]
        case _:
            return printable(str(value))


def example(value: object) -> str:
    """A value in an example of what to write: a number as it is, `…` for any other."""
    return str(value) if isinstance(value, int | float) else "…"


def count(number: int, noun: str) -> str:
    """`1 input`, `2 inputs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(what: str, names: Iterable[str]) -> str:
    """`there are a, b`: the first ten of `names`; empty without names."""
    first = [f"`{printable(name)}`" for _, name in zip(range(_LISTED), names, strict=False)]
    return f"{what} {', '.join(first)}" if first else ""


def bindings(sizes: Mapping[str, int]) -> str:
    """What symbols stand for: `h=7, w=5`."""
    return ", ".join(f"{name}={size}" for name, size in sizes.items())


def aligned(rows: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """The rows as lines: the first `left` columns flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
