"""How large boxes are and where they stand: frames are laid out from the inside out.

A frame is a box to what is around it. What goes into it and out of it passes a point on its upper
or lower border, so that a line crosses no frame that it does not belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from specc.drawing.fonts import fitted, text_width, wrapped
from specc.drawing.labels import Row
from specc.drawing.layered import Placed, Point, place
from specc.drawing.picture import Box, Edge, Frame, Picture
from specc.drawing.web import MAX_LANES, Block, Link

TITLE, SMALL = 12.0, 10.5
"""Font sizes, in pixels."""

LINE, PAD, INDENT = 15.0, 6.0, 12.0
LEAST_TERMINAL, LEAST, MOST = 90.0, 150.0, 350.0
"""Widths of a box; more only where its tensors' shapes need it."""

LABEL = 24.0
"""Height of the shapes below a box."""

HEADER, BORDER = 22.0, 16.0
"""Of a frame: the height of its title, the room beside what is in it."""


Key = tuple[str, str]
"""A tensor and the label of its shape: what leaves a box in one place."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text. x, y: of its baseline's beginning, or of its end or middle by `anchor`.

    style: `title`, `name`, `details`, `note` or `shape`.
    """

    x: float
    y: float
    text: str
    style: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Band:
    """The part of a box that a row takes."""

    row: Row
    y: float
    height: float
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A box in its own coordinates.

    height: with the labels. bottom: without them.
    labels: the shapes of what it gives, below it. ports: where each of its tensors leaves, to the
        right of the middle.
    """

    box: Box
    width: float
    height: float
    bottom: float
    bands: tuple[Band, ...]
    labels: tuple[Text, ...]
    ports: Mapping[Key, float]

    def leaving(self, key: Key) -> float:
        """Where a tensor leaves, to the right of the middle."""
        return self.ports[key]

    def entering(self, key: Key) -> float:
        """Where a tensor comes in, to the right of the middle."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """What goes along an edge inside one frame. arrow: whether it ends at a box."""

    points: tuple[Point, ...]
    arrow: bool
    edge: Edge


@dataclass(frozen=True, slots=True)
class Area:
    """What is in a frame, or in the whole picture, in its own coordinates.

    children: with the coordinates of their upper left corners.
    entries, exits: where tensors pass the border, to the right of its middle.
    """

    frame: Frame | None
    width: float
    height: float
    texts: tuple[Text, ...]
    children: tuple[Placing, ...]
    lines: tuple[Line, ...]
    entries: Mapping[Key, float] = field(default_factory=dict[Key, float])
    exits: Mapping[Key, float] = field(default_factory=dict[Key, float])

    def leaving(self, key: Key) -> float:
        """Where a tensor leaves, to the right of the middle."""
        return self.exits[key]

    def entering(self, key: Key) -> float:
        """Where a tensor comes in, to the right of the middle."""
        return self.entries[key]


Placing = tuple[float, float, Shape | Area]
"""The upper left corner of a box or a frame, in what it stands in."""


def lay_out(picture: Picture) -> Area:
    """The coordinates of everything in a picture. Raises `SpecError` (`drawing-too-large`)."""
    gives: dict[Box, list[Edge]] = {}
    for edge in picture.edges:
        gives.setdefault(edge.source, []).append(edge)
    return _Layout(gives).area(None, picture.children, picture.edges)


# --- frames ---------------------------------------------------------------------------------------

Child = Box | Frame


@dataclass(slots=True)
class _Layout:
    """gives: the edges of each box. room: how many vertices there may still be for lanes."""

    gives: Mapping[Box, Sequence[Edge]]
    room: int = MAX_LANES

    def area(self, frame: Frame | None, children: Sequence[Child], edges: Sequence[Edge]) -> Area:
        """What is in a frame. edges: those that begin or end in it."""
        homes = {box: child for child in children for box in _boxes(child)}
        shapes = [self._shape(child, edges, homes) for child in children]
        contents = _Contents(children, shapes, homes, edges)
        placed = place(contents.blocks(), list(contents.links), self.room)
        self.room -= placed.lane_vertices
        return _framed(frame, contents, placed) if frame else _whole(contents, placed)

    def _shape(
        self, child: Child, edges: Sequence[Edge], homes: Mapping[Box, Child]
    ) -> Shape | Area:
        if isinstance(child, Box):
            return box_shape(child, self.gives.get(child, ()))
        ends = ((edge, homes.get(edge.source), homes.get(edge.target)) for edge in edges)
        inside = [edge for edge, source, target in ends if child in (source, target)]
        return self.area(child, child.children, inside)


def _key(edge: Edge) -> Key:
    return edge.tensor, edge.label


def _boxes(child: Child) -> Iterator[Box]:
    if isinstance(child, Box):
        yield child
        return
    for inner in child.children:
        yield from _boxes(inner)


@dataclass(slots=True)
class _Contents:
    """What is in one frame, as blocks and links: points of entry, boxes and frames, exits."""

    children: Sequence[Child]
    shapes: Sequence[Shape | Area]
    homes: Mapping[Box, Child]
    edges: Sequence[Edge]
    entries: dict[Key, int] = field(init=False)
    exits: dict[Key, int] = field(init=False)
    links: dict[Link, Edge] = field(init=False)

    def __post_init__(self) -> None:
        coming = dict.fromkeys(_key(edge) for edge in self.edges if edge.source not in self.homes)
        going = dict.fromkeys(_key(edge) for edge in self.edges if edge.target not in self.homes)
        self.entries = {key: number for number, key in enumerate(coming)}
        self.exits = dict(zip(going, count(len(coming) + len(self.children)), strict=False))
        numbers = dict(zip(self.children, count(len(coming)), strict=False))
        self.links = {}
        for edge in self.edges:
            source, target = self.homes.get(edge.source), self.homes.get(edge.target)
            if source is None or source is not target:
                self.links.setdefault(self._link(edge, numbers), edge)

    def _link(self, edge: Edge, numbers: Mapping[Child, int]) -> Link:
        key, start, end = _key(edge), 0.0, 0.0
        if (child := self.homes.get(edge.source)) is None:
            source = self.entries[key]
        else:
            source = numbers[child]
            start = self.shape(source).leaving(key)
        if (child := self.homes.get(edge.target)) is None:
            target = self.exits[key]
        else:
            target = numbers[child]
            end = self.shape(target).entering(key)
        return Link(source, target, start, end)

    def shape(self, number: int) -> Shape | Area:
        """The box or frame that is a block of this number."""
        return self.shapes[number - len(self.entries)]

    def blocks(self) -> list[Block]:
        """The sizes, in the order of the numbers that links have."""
        return [
            *[Block(0, 0, -1)] * len(self.entries),
            *[Block(shape.width, shape.height) for shape in self.shapes],
            *[Block(0, 0, 1)] * len(self.exits),
        ]

    def placed(self, found: Placed, dx: float, dy: float) -> tuple[Placing, ...]:
        """The boxes and frames with their upper left corners."""
        return tuple(
            (dx + found.middles[number] - shape.width / 2, dy + found.tops[number], shape)
            for number, shape in enumerate(self.shapes, len(self.entries))
        )

    def lines(self, found: Placed, dx: float, dy: float) -> Iterator[Line]:
        """The links; one from a point of entry begins on the border, at y = 0."""
        inner = range(len(self.entries), len(self.entries) + len(self.children))
        for (link, edge), route in zip(self.links.items(), found.routes, strict=True):
            first, *others = [(dx + x, dy + y) for x, y in route]
            start = first if link.source in inner else (first[0], 0.0)
            arrow = link.target in inner and isinstance(self.shape(link.target), Shape)
            yield Line((start, *others), arrow, edge)


def _whole(contents: _Contents, found: Placed) -> Area:
    """The picture itself, which has no frame."""
    children, lines = contents.placed(found, 0, 0), tuple(contents.lines(found, 0, 0))
    return Area(None, found.width, found.height, (), children, lines)


def _framed(frame: Frame, contents: _Contents, found: Placed) -> Area:
    """A frame around its contents: a title on the left, past which what goes in must come."""
    title = fitted(frame.row.title, TITLE, MOST, bold=True)
    name = fitted(frame.row.name, SMALL, MOST)
    title_width = text_width(title, TITLE, bold=True)
    header = INDENT + title_width + INDENT + text_width(name, SMALL)
    first = min((found.middles[number] for number in contents.entries.values()), default=MOST)
    dx = max(BORDER, header + INDENT - first)
    dy, below = HEADER - 6 * bool(contents.entries), 0.0 if contents.exits else BORDER
    width = max(dx + found.width + BORDER, header + INDENT)
    return Area(
        frame,
        width,
        dy + found.height + below,
        (
            Text(INDENT, LINE, title, "title"),
            Text(INDENT + title_width + INDENT, LINE, name, "name"),
        ),
        contents.placed(found, dx, dy),
        tuple(contents.lines(found, dx, dy)),
        {key: dx + found.middles[number] - width / 2 for key, number in contents.entries.items()},
        {key: dx + found.middles[number] - width / 2 for key, number in contents.exits.items()},
    )


# --- boxes ----------------------------------------------------------------------------------------


def box_shape(box: Box, gives: Sequence[Edge]) -> Shape:
    """The size of a box, and where everything on it stands. gives: the edges that leave it."""
    labels, ports, reach = _labels(dict.fromkeys(map(_key, gives)))
    least = LEAST_TERMINAL if box.terminal else LEAST
    natural = max(map(_natural_width, box.rows))
    width = max(least, 2 * reach, min(MOST, natural))
    bands = list[Band]()
    for row in box.rows:
        top = bands[-1].y + bands[-1].height if bands else 0.0
        bands.append(_band(row, top, width))
    bottom = bands[-1].y + bands[-1].height
    texts = tuple(
        Text(width / 2 + x, bottom + LABEL - 7, text, "shape", "middle") for x, text in labels
    )
    height = bottom + (LABEL if labels else 0)
    return Shape(box, width, height, bottom, tuple(bands), texts, ports)


def _labels(
    keys: Iterable[Key],
) -> tuple[list[tuple[float, str]], dict[Key, float], float]:
    """The shapes below a box, where its tensors leave, and how far to a side that reaches.

    The first leaves in the middle, and what takes it stands right below; others beside it.
    """
    labels, ports, right = list[tuple[float, str]](), dict[Key, float](), 0.0
    for key in keys:
        text = fitted(key[1], SMALL, MOST)
        half = text_width(text, SMALL) / 2
        x = right + INDENT + half if ports else 0.0
        labels.append((x, text))
        ports[key] = x
        right = x + half
    return labels, ports, right


def _natural_width(row: Row) -> float:
    """The width at which a row has its title and name in one line, and its details in another."""
    name = text_width(row.name, SMALL)
    title = text_width(row.title, TITLE, bold=True)
    details, note = text_width(row.details, SMALL), text_width(row.note, SMALL)
    lower = details + (INDENT + note if details and note else note)
    return 2 * INDENT + max(title + INDENT + name, lower)


def _band(row: Row, top: float, width: float) -> Band:
    """A row of a box: title and name, then details with the note at their end."""
    room = width - 2 * INDENT
    title = fitted(row.title, TITLE, room, bold=True)
    left = room - text_width(title, TITLE, bold=True) - INDENT
    name = fitted(row.name, SMALL, left) if left > SMALL else ""
    y = top + PAD + TITLE - 1
    texts = [Text(INDENT, y, title, "title"), Text(width - INDENT, y, name, "name", "end")]
    line = ""
    for line in wrapped(row.details, SMALL, room, 3) if row.details else ():
        y += LINE
        texts.append(Text(INDENT, y, line, "details"))
    if row.note:
        note = fitted(row.note, SMALL, room)
        beside = line and text_width(line, SMALL) + INDENT + text_width(note, SMALL) <= room + 0.01
        y += 0 if beside else LINE
        texts.append(Text(width - INDENT, y, note, "note", "end"))
    return Band(row, top, y + PAD - 1 - top, tuple(text for text in texts if text.text))
