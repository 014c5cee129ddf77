"""The scopes inside loops and blocks, and the regions of the graph that they become."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from specc.diagnostics import Frame
from specc.expressions import Constant
from specc.ir import Region
from specc.passes.loops import Variables
from specc.passes.scope import Binding, Scope, Wire
from specc.syntax.document import Entry, ForEntry, RepeatEntry
from specc.syntax.program import Definition


def region(
    scope: Scope,
    kind: Literal["block", "loop", "iteration"],
    label: str,
    inputs: Iterable[tuple[str, Wire]],
    outputs: Iterable[tuple[str, Wire]],
    entry: Entry,
) -> Region | None:
    """The region of a finished scope; None if a fault left it without some of its values."""
    given, made = tuple(inputs), tuple(outputs)
    taken = tuple((name, wire) for name, wire in given if wire is not None)
    left = tuple((name, wire) for name, wire in made if wire is not None)
    if len(taken) + len(left) < len(given) + len(made):
        return None
    items = tuple(scope.members)
    return Region(scope.path, kind, label, items, taken, left, scope.owner, entry.whole)


def entering(
    entry: Entry,
    definition: Definition,
    path: str,
    owner: str,
    variables: dict[str, Constant],
    inputs: tuple[tuple[str, Wire], ...],
    scope: Scope,
) -> Scope:
    """The scope inside the block that `entry` calls, where its inputs have their names."""
    return Scope(
        path,
        owner,
        definition.document,
        variables,
        definition.block.layers,
        trace=_trace_inside(path, entry, scope),
        prev=tuple(wire for _, wire in inputs) if len(inputs) == 1 else (),
        depth=scope.depth,
        names={name: Binding((wire,), wire and wire.span) for name, wire in inputs},
    )


def _trace_inside(path: str, entry: Entry, scope: Scope) -> tuple[Frame, ...]:
    """The trace inside a block; a block that is a whole iteration takes the iteration's place."""
    outer = scope.trace
    if outer and outer[0].name == path:
        outer = outer[1:]
    return (Frame(path, entry.whole), *outer)


def iterating(
    entry: RepeatEntry | ForEntry, index: int, variables: Variables, loop: Scope
) -> Scope:
    """The scope of one iteration, which sees the names around the loop."""
    return Scope(
        loop.path,
        loop.owner,
        loop.document,
        {**loop.variables, **variables} if variables else loop.variables,
        entry.layers,
        parent=loop.parent,
        trace=(Frame(f"{loop.path}.{index}", entry.whole), *loop.trace),
        prev=loop.prev,
        depth=loop.depth,
    )
