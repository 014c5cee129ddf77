"""What of a network is drawn where: blocks closed, equal iterations of a loop put together.

A loop is no level of its own. Consecutive iterations that have the same layers with the same
parameters, wired alike, are one part that says how many they are; sizes may differ, as the channels
of a DenseNet's layers do. Other iterations are drawn one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from specc.ir import Item, Node, Region, Value

Turns = tuple[tuple[int, int], ...]
"""Which iteration of which run of equal ones a node belongs to, outermost first."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What is drawn in one place.

    items: all that is drawn there, equal to each other; the first is shown.
    times: how many of them follow each other as iterations of one loop.
    children: what is inside, if it is opened.
    """

    items: tuple[Item, ...]
    times: int
    children: tuple[Part, ...] = ()

    @property
    def first(self) -> Item:
        return self.items[0]

    @property
    def last(self) -> Item:
        """The last of the iterations that the first is shown for."""
        return self.items[self.times - 1]

    def leaves(self) -> Iterator[Part]:
        """The parts that are not opened, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True)
class Folding:
    """The parts of a network, and the turn of each node in what was put together."""

    parts: tuple[Part, ...] = ()
    turns: dict[Node, Turns] = field(default_factory=lambda: defaultdict[Node, Turns](tuple))
    _runs: int = 0

    def opened(self, bundle: Sequence[Item], depth: int) -> Iterator[Part]:
        """The parts of what stands in one place of the graph; `bundle` is it and its equals."""
        first = bundle[0]
        if not any(nodes_of(first)):
            return
        if isinstance(first, Node) or first.kind != "loop":
            yield self._part(bundle, 1, depth)
            return
        loops = [loop.items for loop in bundle if isinstance(loop, Region)]
        start = 0
        for times in _run_lengths(first.items):
            yield from self._run([items[start : start + times] for items in loops], depth)
            start += times

    def _run(self, copies: list[tuple[Item, ...]], depth: int) -> Iterator[Part]:
        """Equal iterations of a loop, in the loop and in its equals."""
        bundle = [item for items in copies for item in items]
        times = len(copies[0])
        if times == 1:
            yield from self.opened(bundle, depth)
            return
        self._runs += 1
        for items in copies:
            for turn, item in enumerate(items):
                for node in nodes_of(item):
                    self.turns[node] += ((self._runs, turn),)
        yield self._part(bundle, times, depth)

    def _part(self, bundle: Sequence[Item], times: int, depth: int) -> Part:
        items = tuple(bundle)
        if depth == 0 or isinstance(items[0], Node):
            return Part(items, times)
        regions = [item.items for item in items if isinstance(item, Region)]
        aligned = zip(*regions, strict=True)
        children = (part for bundle in aligned for part in self.opened(bundle, depth - 1))
        return Part(items, times, tuple(children))


def fold(items: Sequence[Item], depth: int) -> Folding:
    """The parts of a network whose body has `items`, with `depth` levels of blocks opened."""
    folding = Folding()
    folding.parts = tuple(part for item in items for part in folding.opened((item,), depth))
    return folding


def nodes_of(item: Item) -> Iterator[Node]:
    """The nodes of an item, however deep."""
    return iter((item,)) if isinstance(item, Node) else item.nodes()


def _run_lengths(iterations: Sequence[Item]) -> Iterator[int]:
    """How many iterations follow each other that are equal."""
    forms = map(_form, iterations)
    return (len(list(run)) for _, run in groupby(forms))


def _form(item: Item) -> list[object]:
    """What equal items have in common: names, layers, whose weights they use, wiring inside."""
    places: dict[Value, int] = {}
    lines: list[object] = []
    for node in nodes_of(item):
        wiring = [places.get(value) for value in node.inputs]
        owner = node.owner.removeprefix(item.path)
        lines.append((node.path.removeprefix(item.path), node.layer, owner, wiring))
        places |= {value: len(places) + place for place, value in enumerate(node.outputs)}
    return lines
