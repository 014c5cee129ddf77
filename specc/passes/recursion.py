"""Blocks that use themselves, directly or through others, whether or not anything uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specc.diagnostics import Diagnostic, Report
from specc.syntax.document import BlockEntry, Entry, ForEntry, GroupEntry, RepeatEntry
from specc.syntax.program import Definition

_Step = tuple[str, Iterator[BlockEntry]]
"""A block on the way down, and its calls that are yet to be followed."""


def check_recursion(blocks: Mapping[str, Definition], report: Report) -> None:
    """Report each call that leads back to the block it stands in."""
    done: set[str] = set()
    for name in blocks:
        if name not in done:
            _descend(name, blocks, done, report)


def _descend(start: str, blocks: Mapping[str, Definition], done: set[str], report: Report) -> None:
    """Follow the calls from `start`, depth first; a stack of our own has no limit to hit."""
    way: list[_Step] = [(start, _calls(blocks[start].block.layers))]
    open_blocks = {start: None}
    while way:
        name, calls = way[-1]
        call = next(calls, None)
        if call is None:
            way.pop()
            del open_blocks[name]
            done.add(name)
        elif call.head in open_blocks:
            _report(call, list(open_blocks), report)
        elif call.head in blocks and call.head not in done:
            open_blocks[call.head] = None
            way.append((call.head, _calls(blocks[call.head].block.layers)))


def _report(call: BlockEntry, way: list[str], report: Report) -> None:
    circle = [*way[way.index(call.head) :], call.head]
    shown = circle if len(circle) <= 8 else [*circle[:4], "…", *circle[-3:]]
    report.add(
        Diagnostic(
            "recursive-block",
            f"the block `{call.head}` uses itself: {' → '.join(shown)}",
            call.key_span(call.head),
            help="a network is finite: use `repeat` for a fixed number of times",
        )
    )


def _calls(entries: tuple[Entry, ...]) -> Iterator[BlockEntry]:
    for entry in entries:
        if isinstance(entry, BlockEntry):
            yield entry
        elif isinstance(entry, RepeatEntry | ForEntry | GroupEntry):
            yield from _calls(entry.layers)
