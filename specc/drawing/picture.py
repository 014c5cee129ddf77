"""A picture of a network before it has a format: boxes, frames around them, and edges.

Everything that the network has more of than a picture can show is put together or refused here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from specc.diagnostics import SpecError
from specc.dims import Shape
from specc.drawing.folding import Part, Turns, fold, nodes_of
from specc.drawing.labels import Row, row_of
from specc.ir import Graph, Node, Value
from specc.tensor import shape_text
from specc.wording import count

MAX_BOXES, MAX_EDGES = 1_000, 3_000
"""More of them are no picture."""

_FOLLOWING = frozenset({"activation", "normalization", "regularization"})


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A layer, some layers on top of each other, a closed block, an input or an output.

    times: how many equal iterations it stands for.
    """

    id: str
    rows: tuple[Row, ...]
    times: int = 1

    @property
    def terminal(self) -> bool:
        """Whether it is an input or an output of the network."""
        return self.rows[0].group == "terminal"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A block or an iteration that is opened."""

    id: str
    row: Row
    times: int
    children: tuple[Box | Frame, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """What a box gives to another. Those of one tensor have the same `tensor`, a name for it."""

    source: Box
    target: Box
    tensor: str
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A network as boxes and edges; the edges go forward in the order of the boxes."""

    name: str
    caption: str
    description: str
    children: tuple[Box | Frame, ...]
    edges: tuple[Edge, ...]


def picture(graph: Graph, depth: int = 0) -> Picture:
    """The picture of `graph`.

    depth: how many levels of blocks are opened.
    Raises `SpecError` (`drawing-too-large`).
    """
    draft = _draft(graph, depth)
    followers = _followers(draft)
    boxes: dict[_Place, Box] = {}
    children = tuple(_drawn(draft, followers, boxes))
    edges = tuple(
        Edge(boxes[source], boxes[target], f"{boxes[source].id}_{tensor}", _label(values))
        for (source, tensor, target), values in draft.links.items()
        if boxes[source] is not boxes[target]
    )
    caption = count(graph.parameters, "parameter")
    return Picture(graph.name, caption, graph.description, children, edges)


_Place = Part | str
"""What a box is drawn for: a part, or `input NAME` and `output NAME`."""

_Link = tuple[_Place, int, _Place]
"""From a place, which of its tensors, to a place."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """Parts and links, before layers are put on top of each other.

    links: with the tensors that are drawn as one edge.
    """

    graph: Graph
    parts: tuple[Part, ...]
    links: dict[_Link, dict[Value, None]]


def _draft(graph: Graph, depth: int) -> _Draft:
    folding = fold(graph.body.items, depth)
    leaves = [leaf for part in folding.parts for leaf in part.leaves()]
    found = len(leaves) + len(graph.inputs) + len(graph.outputs)
    _refuse_more(MAX_BOXES, found, "boxes", depth)
    places: dict[Node, _Place] = {
        node: leaf for leaf in leaves for item in leaf.items for node in nodes_of(item)
    }
    shown = {value: first for leaf in leaves for value, first in _shown(leaf)}
    numbers = {value: number for number, value in enumerate(dict.fromkeys(shown.values()))}
    links: dict[_Link, dict[Value, None]] = {}
    for value, target, turns in _uses(graph, places, folding.turns):
        maker = graph.makers.get(value)
        source = f"input {value.name}" if maker is None else places[maker]
        if source is target or (maker is not None and _hidden(folding.turns[maker], turns)):
            continue
        tensor = numbers.get(shown.get(value, value), 0)
        links.setdefault((source, tensor, target), {})[value] = None
    _refuse_more(MAX_EDGES, len(links), "edges", depth)
    return _Draft(graph, folding.parts, links)


def _refuse_more(most: int, found: int, what: str, depth: int) -> None:
    if found <= most:
        return
    message = f"a picture has at most {most:,} {what}, this one would have {found:,}"
    help = f"open fewer levels: --depth {depth - 1}" if depth else "put layers into blocks or loops"
    raise SpecError.of("drawing-too-large", message, help=help)


def _shown(leaf: Part) -> Iterator[tuple[Value, Value]]:
    """Each value of a leaf's layers, and the one it is drawn as: that of the item shown."""
    for item in leaf.items:
        for node, first in zip(nodes_of(item), nodes_of(leaf.first), strict=True):
            yield from zip(node.outputs, first.outputs, strict=True)


def _uses(
    graph: Graph, places: dict[Node, _Place], turns: dict[Node, Turns]
) -> Iterator[tuple[Value, _Place, Turns]]:
    """Each value that is used, where, and in which turns."""
    for node in graph.nodes:
        for value in node.inputs:
            yield value, places[node], turns[node]
    for name, value in graph.outputs.items():
        yield value, f"output {name}", ()


def _hidden(source: Turns, target: Turns) -> bool:
    """Whether a link is not drawn: it goes on to a later iteration, or is one of a later one."""
    for (run, turn), (other_run, other_turn) in zip(source, target, strict=False):
        if run != other_run:
            return False
        if turn or other_turn:
            return True
    return False


def _label(values: dict[Value, None]) -> str:
    """The shape of what goes along an edge; sizes that differ between tensors are a star."""
    first, *others = [value.type.shape for value in values]
    if not others:
        return shape_text(first)
    return f"{len(values)} × {_common(first, others)}"


def _common(first: Shape, others: list[Shape]) -> str:
    if any(len(shape) != len(first) for shape in others):
        return "[…]"
    sizes = zip(first, *others, strict=True)
    return f"[{', '.join(str(size[0]) if len(set(size)) == 1 else '*' for size in sizes)}]"


# --- layers on top of each other ------------------------------------------------------------------


def _followers(draft: _Draft) -> dict[Part, Part]:
    """The part right below each, where that has the look of one step: ReLU after a convolution."""
    gives: dict[_Place, list[_Link]] = {}
    takes: dict[_Place, list[_Link]] = {}
    for link in draft.links:
        gives.setdefault(link[0], []).append(link)
        takes.setdefault(link[2], []).append(link)
    return {
        upper: lower
        for upper, lower in _neighbours(draft.parts)
        if gives.get(upper) == takes.get(lower)
        and len(takes.get(lower, ())) == 1
        and _follows(upper, lower)
    }


def _neighbours(parts: tuple[Part, ...]) -> Iterator[tuple[Part, Part]]:
    yield from zip(parts, islice(parts, 1, None), strict=False)
    for part in parts:
        yield from _neighbours(part.children)


def _follows(upper: Part, lower: Part) -> bool:
    """Whether a layer only works on the values of the one above."""
    above, below = upper.first, lower.first
    return (
        isinstance(above, Node)
        and isinstance(below, Node)
        and upper.times == lower.times == 1
        and row_of(lower, "").group in _FOLLOWING
        and above.outputs[0].type == below.outputs[0].type
    )


def _drawn(
    draft: _Draft, followers: dict[Part, Part], boxes: dict[_Place, Box]
) -> Iterator[Box | Frame]:
    """The boxes and frames on top; all boxes are noted in `boxes`."""
    makers = _Makers(followers, boxes)
    for name in draft.graph.inputs:
        yield makers.box((f"input {name}",), Row("terminal", name, "input"))
    yield from makers.children(draft.parts, "")
    for name in draft.graph.outputs:
        yield makers.box((f"output {name}",), Row("terminal", name, "output"))


@dataclass(frozen=True, slots=True)
class _Makers:
    """Makes boxes and frames, and numbers them."""

    followers: dict[Part, Part]
    boxes: dict[_Place, Box]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def box(self, places: tuple[_Place, ...], *rows: Row, times: int = 1) -> Box:
        """A box for some places, one row for each."""
        box = Box(f"box{next(self.numbers)}", rows, times)
        self.boxes.update(dict.fromkeys(places, box))
        return box

    def children(self, parts: tuple[Part, ...], scope: str) -> Iterator[Box | Frame]:
        """What is drawn for parts that stand in the frame of path `scope`."""
        stacked = set(self.followers.values())
        for part in parts:
            if part.children:
                inside = tuple(self.children(part.children, part.first.path))
                number = next(self.numbers)
                yield Frame(f"frame{number}", row_of(part, scope), part.times, inside)
            elif part not in stacked:
                stack = tuple(self._stack(part))
                yield self.box(stack, *(row_of(each, scope) for each in stack), times=part.times)

    def _stack(self, part: Part) -> Iterator[Part]:
        yield part
        while part in self.followers:
            yield (part := self.followers[part])
