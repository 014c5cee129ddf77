"""What a region takes and gives, read off the uses of values.

A region takes the values used inside and made outside, and the modules it uses whose weights are
another's. It gives the values made inside and used outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from specc.emit.naming import relative, variable
from specc.ir import Graph, Item, Node, Region, Value


@dataclass(frozen=True, slots=True)
class Interface:
    """Of one item.

    inputs: the values it takes. A block's declared inputs come first.
    outputs: the values it gives to what comes after; for a node all that it makes.
    borrowed: the paths of the layers and blocks outside of it whose weights it uses.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    borrowed: tuple[str, ...]


class Interfaces:
    """The interface of every item of a graph.

    hoisted: the paths of the layers that are made outside of all regions, so that every use of
        them, the first too, borrows; of a block used again its layers are borrowed one by one. None
        where each is made at its first use, and a block as a whole.
    """

    def __init__(self, graph: Graph, hoisted: frozenset[str] | None = None) -> None:
        self._hoisted = hoisted
        self._uses = Counter[Value](graph.outputs.values())
        for item in graph.body.descendants():
            self._uses.update(item.inputs if isinstance(item, Node) else _returned(item))
        self._known: dict[Item, Interface] = {}
        self._inside: dict[Item, Counter[Value]] = {}
        self._made: dict[Item, dict[Value, None]] = {}
        for item in graph.body.items:
            self._visit(item)

    def __getitem__(self, item: Item) -> Interface:
        return self._known[item]

    def uses(self, value: Value) -> int:
        """How often a value is used: by nodes, and as an output of the model or of a block."""
        return self._uses[value]

    def _visit(self, item: Item) -> None:
        if isinstance(item, Node):
            self._inside[item] = Counter(item.inputs)
            self._made[item] = dict.fromkeys(item.outputs)
            inputs = tuple(dict.fromkeys(item.inputs))
            borrowed = (item.owner,) if self._borrows(item) else ()
            self._known[item] = Interface(inputs, item.outputs, borrowed)
            return
        for child in item.items:
            self._visit(child)
        self._inside[item] = inside = Counter[Value]()
        for child in item.items:
            inside.update(self._inside[child])
        self._made[item] = {value: None for child in item.items for value in self._made[child]}
        self._known[item] = Interface(
            self._inputs(item), self._outputs(item), tuple(dict.fromkeys(self._borrowed(item)))
        )
        inside.update(_returned(item))

    def _inputs(self, region: Region) -> tuple[Value, ...]:
        made, inside = self._made[region], self._inside[region]
        declared = [value for _, value in region.inputs if value in inside]
        used = [value for child in region.items for value in self._known[child].inputs]
        return tuple(value for value in dict.fromkeys((*declared, *used)) if value not in made)

    def _outputs(self, region: Region) -> tuple[Value, ...]:
        if region.kind == "block":
            return _returned(region)
        made, inside = self._made[region], self._inside[region]
        named = [value for _, value in region.outputs if value in made]
        return tuple(
            value for value in dict.fromkeys((*named, *made)) if inside[value] < self._uses[value]
        )

    def _borrowed(self, region: Region) -> Iterator[str]:
        if self._borrows(region):
            yield region.owner
            return
        for child in region.items:
            for owner in self._known[child].borrowed:
                if self._hoisted is not None or not owner.startswith(f"{region.path}."):
                    yield owner

    def _borrows(self, item: Item) -> bool:
        if self._hoisted is None:
            return item.shared
        return isinstance(item, Node) and item.owner in self._hoisted


def _returned(region: Region) -> tuple[Value, ...]:
    """What a block gives of what it makes: the same for all calls, whatever each uses of it."""
    if region.kind != "block":
        return ()
    made = {value for node in region.nodes() for value in node.outputs}
    return tuple(dict.fromkeys(value for _, value in region.outputs if value in made))


def inner_first(root: Region, wanted: Callable[[Region], bool]) -> list[list[Region]]:
    """The regions that are `wanted`, those of one label together, after all that they contain.

    Where a label is inside itself it is by height: those that contain no other region come first.
    """
    regions = [region for region in _below(root) if wanted(region)]
    try:
        order = [*TopologicalSorter(_inner_labels(root)).static_order()]
        groups = ([item for item in regions if item.label == label] for label in order)
    except CycleError:
        heights = {region: _height(region) for region in regions}
        levels = sorted({*heights.values()})
        groups = ([item for item in regions if heights[item] == level] for level in levels)
    return [group for group in groups if group]


def _below(region: Region) -> Iterator[Region]:
    """The regions in a region and it, the inner ones first."""
    for item in region.items:
        if isinstance(item, Region):
            yield from _below(item)
    yield region


def _inner_labels(root: Region) -> dict[str, list[str]]:
    """Of each label of blocks and iterations those that it contains."""
    found: dict[str, list[str]] = {}
    for region in _below(root):
        if region.kind != "loop" and region is not root:
            found.setdefault(region.label, []).extend(item.label for item in _direct(region))
    return found


def _direct(region: Region) -> Iterator[Region]:
    """The blocks and iterations in a region that are in none of these."""
    for item in region.items:
        if isinstance(item, Region):
            yield from _direct(item) if item.kind == "loop" else (item,)


def _height(region: Region) -> int:
    return 1 + max((_height(item) for item in region.items if isinstance(item, Region)), default=-1)


def output_names(item: Item, scope: str, outputs: tuple[Value, ...]) -> tuple[str, ...]:
    """The names a reader, in the scope at the path `scope`, would give to what an item makes."""
    name = variable(relative(item.path, scope))
    if len(outputs) == 1:
        return (name,)
    if isinstance(item, Node):
        ends = [value.name.rpartition(".")[2] for value in outputs]
        return tuple(f"{name}_{end}" if end.isdigit() else end for end in ends)
    named = {value: key for key, value in item.outputs}
    return tuple(f"{name}_{named.get(value) or index}" for index, value in enumerate(outputs))
