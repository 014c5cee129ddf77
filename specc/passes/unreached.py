"""What elaboration did not reach is checked by itself: blocks nobody calls, entries left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from specc.passes.calls import Calls
from specc.passes.parameters import Parameters
from specc.passes.reporting import Skip
from specc.passes.scope import Scope
from specc.syntax.document import (
    BlockEntry,
    Document,
    Entry,
    ForEntry,
    GroupEntry,
    LayerEntry,
    RepeatEntry,
)
from specc.syntax.program import Program


def check_unreached(
    program: Program, visited: Collection[int], parameters: Parameters, calls: Calls
) -> None:
    """Report what is wrong in the parts of `program` whose entries are not in `visited`."""
    check = _Check(visited, parameters, calls)
    for document in program.documents:
        parameters.check_defaults(document)
        check.entries(document.layers, document)
        for block in document.blocks.values():
            check.entries(block.layers, document)


@dataclass(frozen=True, slots=True)
class _Check:
    """visited: the ids of the entries that were elaborated."""

    visited: Collection[int]
    parameters: Parameters
    calls: Calls

    def entries(self, entries: tuple[Entry, ...], document: Document) -> None:
        for entry in entries:
            if isinstance(entry, RepeatEntry | ForEntry | GroupEntry):
                self.entries(entry.layers, document)
            elif id(entry) not in self.visited:
                self.entry(entry, document)

    def entry(self, entry: Entry, document: Document) -> None:
        scope = Scope.bare(document)
        try:
            if isinstance(entry, LayerEntry):
                self.parameters.check(entry, scope)
            elif isinstance(entry, BlockEntry):
                self.calls.definition(entry, scope)
        except Skip:
            return
