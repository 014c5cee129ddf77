"""Scopes: what a name or a dotted path stands for at a place in the network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from typing import Any

from specc.diagnostics import Frame
from specc.expressions import Constant
from specc.ir import Item, Value
from specc.layer import LAYERS
from specc.names import snake_case
from specc.passes.params import FAULTY
from specc.passes.reporting import Skip
from specc.source import Span
from specc.syntax.document import BlockEntry, Document, Entry, GroupEntry, LayerEntry, ReuseEntry

Wire = Value | None
"""A value, or None where its entry has a fault: what depends on it is not reported."""


@dataclass(frozen=True, slots=True)
class Application:
    """How an entry made its item, so that `reuse` can make it again on other inputs."""

    item: Item
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name stands for.

    wires: the outputs; the name itself means the first. A loop that takes no input may have none.
    parts: what a dotted path reaches: a loop's iterations, their names, a block's outputs.
    application: for `reuse`; None for what cannot be used again.
    unfinished: whether it is a loop whose iterations are being made; `parts` has those made so far.
    """

    wires: tuple[Wire, ...]
    span: Span | None = None
    parts: Mapping[str, Binding] = field(default_factory=dict[str, "Binding"])
    application: Application | None = None
    unfinished: bool = False

    @property
    def is_faulty(self) -> bool:
        """Whether the entry has a fault, so that nothing is known of its parts."""
        return not self.parts and self.wires == (None,)


@dataclass(slots=True, eq=False)
class Scope(Mapping[str, Constant]):
    """The names of one body, which are also the names its expressions see.

    path, owner: the dotted prefix of the items, and of their weights (another's under `reuse`).
    document: where the body is written; its `defaults` hold.
    variables: params and loop variables.
    parent: the scope around it, whose names it sees; None for the model and for a block.
    prev: the output before; an empty tuple if there is none yet.
    members: the nodes and regions made so far.
    current: the entry that is elaborated; those after it come later.
    left_out: the named entries that their `when` leaves out.
    numbers: how many default names of each kind were given out.
    uncertain: whether an entry has a fault and no name, so that default names may be missing.
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
    members: list[Item] = field(default_factory=list[Item])
    current: Entry | None = None
    left_out: dict[str, Span] = field(default_factory=dict[str, Span])
    uncertain: bool = False
    numbers: Counter[str] = field(default_factory=Counter[str])
    _named: dict[int, str] = field(default_factory=dict[int, str])
    _given: frozenset[str] | None = None

    @classmethod
    def bare(cls, document: Document) -> Scope:
        """A scope outside the network, without a name in it."""
        return cls("", "", document, {}, ())

    # --- paths and names ------------------------------------------------------------------------

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def owner_of(self, name: str) -> str:
        return f"{self.owner}.{name}" if self.owner else name

    def default_name(self, entry: Entry, base: str) -> str:
        """The name of an entry that gives itself none: asked again, it is the same."""
        if id(entry) not in self._named:
            self._named[id(entry)] = self._number(base)
        return self._named[id(entry)]

    def _number(self, base: str) -> str:
        """The next free default name: `conv2d`, `conv2d_1`, …, stepping over given names."""
        if self._given is None:
            self._given = frozenset(entry.name for entry in entries_of(self.body) if entry.name)
        while True:
            count = self.numbers[base]
            self.numbers[base] += 1
            name = f"{base}_{count}" if count else base
            if name not in self._given and name not in self.names:
                return name

    # --- references -----------------------------------------------------------------------------

    def find(self, reference: str) -> Binding | None:
        """What a name or a dotted path stands for; None if there is no such thing."""
        first, *rest = reference.split(".")
        if first == "prev" and not rest:
            return Binding(self.prev) if self.prev else None
        binding = self._visible(first)
        for part in rest:
            if binding is None or binding.is_faulty:
                return binding
            binding = binding.parts.get(part)
        return binding

    def _visible(self, name: str) -> Binding | None:
        for scope in self.around():
            if name in scope.names:
                return scope.names[name]
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

    def later_entries(self) -> Iterator[Entry]:
        """The entries of this scope from the current one on."""
        entries = entries_of(self.body)
        return dropwhile(lambda entry: entry is not self.current, entries)

    def later(self, name: str) -> Entry | None:
        """The entry that gives `name`, in this scope or around it, but comes later."""
        for scope in self.around():
            numbers = Counter(scope.numbers)
            for entry in islice(scope.later_entries(), _LOOKED_AT):
                if name in _given_names(entry) or name == _default_name(entry, numbers):
                    return entry
        return None

    def may_be_missing(self, name: str) -> bool:
        """Whether `name` would be there but for a fault that is reported."""
        return _looks_default(name) and any(scope.uncertain for scope in self.around())

    # --- the names of expressions ---------------------------------------------------------------

    def __getitem__(self, name: str) -> Constant:
        if name in self.variables:
            value = self.variables[name]
            if value is FAULTY:
                raise Skip
            return value
        binding = self.find(name)
        if binding is None or not binding.wires:
            raise KeyError(name)
        wire = binding.wires[0]
        if wire is None:
            raise Skip
        return wire.type

    def __iter__(self) -> Iterator[str]:
        yield from self.variables
        yield from self.visible_names()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def entries_of(body: tuple[Entry, ...]) -> Iterator[Entry]:
    """The entries of one scope: those of groups are the scope's own."""
    for entry in body:
        if isinstance(entry, GroupEntry):
            yield from entries_of(entry.layers)
        else:
            yield entry


def default_base(entry: Entry) -> str:
    """What the default name of an entry without a name begins with."""
    if isinstance(entry, LayerEntry | BlockEntry):
        return snake_case(entry.head)
    return "" if isinstance(entry, ReuseEntry) else "loop"


def _given_names(entry: Entry) -> tuple[str | None, ...]:
    return (entry.name, *(entry.outputs or ()))


def _default_name(entry: Entry, numbers: Counter[str]) -> str:
    """The default name of a later entry, if all before it are in; `numbers` counts along."""
    base = "" if entry.name else default_base(entry)
    count = numbers[base]
    numbers[base] += 1
    return f"{base}_{count}" if count else base


_LOOKED_AT = 1_000  # later entries, to tell a forward reference from an unknown name
_NUMBER = re.compile(r"_\d+$")


def _looks_default(name: str) -> bool:
    """Whether `name` may be one that an entry without a name gets."""
    base = _NUMBER.sub("", name.partition(".")[0])
    return base == "loop" or any(snake_case(layer) == base for layer in LAYERS)
