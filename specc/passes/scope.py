"""Scopes: what a name or a dotted path stands for at a place in the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from specc.diagnostics import Frame
from specc.expressions import Value as Constant
from specc.ir import Item, Value
from specc.source import Span
from specc.syntax.document import Document, Entry

Wire = Value | None
"""A value, or None where the entry that makes it has a fault: what depends on it is not reported."""


class Poisoned(Exception):
    """A tensor was asked for that an entry with a fault should have made."""


@dataclass(frozen=True, slots=True)
class Application:
    """How an entry made its item, so that `reuse` can make it again on other inputs."""

    item: Item
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name stands for.

    wires: the outputs; the name itself means the first.
    parts: what a dotted path reaches: iterations of a loop, names of an iteration, outputs of a block.
    application: for `reuse`; None for what cannot be used again.
    """

    wires: tuple[Wire, ...]
    span: Span | None = None
    parts: Mapping[str, Binding] = field(default_factory=dict[str, "Binding"])
    application: Application | None = None


@dataclass(slots=True, eq=False)
class Scope(Mapping[str, Constant]):
    """The names of one body, which are also the names its expressions see.

    path, owner: the dotted prefix of the items, and that of their weights (another's under `reuse`).
    document: where the body is written; its `defaults` hold.
    variables: params and loop variables.
    parent: the scope around it, whose names it sees; None for the model and for a block.
    prev: the output before; an empty tuple if there is none yet.
    """

    path: str
    owner: str
    document: Document
    variables: dict[str, Constant]
    body: tuple[Entry, ...]
    parent: Scope | None = None
    trace: tuple[Frame, ...] = ()
    prev: tuple[Wire, ...] = ()
    depth: int = 0
    names: dict[str, Binding] = field(default_factory=dict[str, Binding])
    items: list[Item] = field(default_factory=list[Item])
    left_out: dict[str, Span] = field(default_factory=dict[str, Span])
    uncertain: bool = False
    _numbers: Counter[str] = field(default_factory=Counter[str])
    _given: frozenset[str] | None = None

    # Paths and names ----------------------------------------------------------------------------

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def owner_of(self, name: str) -> str:
        return f"{self.owner}.{name}" if self.owner else name

    def number(self, base: str) -> str:
        """The next free default name: `conv2d`, `conv2d_1`, …, stepping over names that are given."""
        if self._given is None:
            self._given = frozenset(entry.name for entry in entries_of(self.body) if entry.name)
        while True:
            count = self._numbers[base]
            self._numbers[base] += 1
            name = f"{base}_{count}" if count else base
            if name not in self._given and name not in self.names:
                return name

    # References ---------------------------------------------------------------------------------

    def find(self, reference: str) -> Binding | None:
        """What a name or a dotted path stands for; None if there is no such thing."""
        first, *rest = reference.split(".")
        if first == "prev" and not rest:
            return Binding(self.prev) if self.prev else None
        binding = self._visible(first)
        for part in rest:
            if binding is None:
                return None
            binding = binding.parts.get(part)
        return binding

    def _visible(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def around(self) -> Iterator[Scope]:
        """This scope and those whose names it sees, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def visible_names(self) -> list[str]:
        """Every name that a reference may start with."""
        return [name for scope in self.around() for name in scope.names]

    # The names of expressions -------------------------------------------------------------------

    def __getitem__(self, name: str) -> Constant:
        if name in self.variables:
            return self.variables[name]
        binding = self.find(name)
        if binding is None:
            raise KeyError(name)
        wire = binding.wires[0]
        if wire is None:
            raise Poisoned
        return wire.type

    def __iter__(self) -> Iterator[str]:
        yield from self.variables
        yield from self.visible_names()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def entries_of(body: tuple[Entry, ...]) -> Iterator[Entry]:
    """The entries of one scope: those of groups are the scope's own."""
    for entry in body:
        if entry.kind == "group":
            yield from entries_of(entry.layers)  # type: ignore[attr-defined]
        else:
            yield entry
