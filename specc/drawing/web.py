"""Blocks in layers and the lines between them, cut into steps from one layer to the next.

A line that passes layers gets a vertex in each, which keeps room for it there: a lane. Lines that
leave one place share their lane as far as they go together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from specc.diagnostics import SpecError

MAX_LANES = 10_000
"""The vertices for lanes that a whole picture may have; they take a second."""


@dataclass(frozen=True, slots=True)
class Block:
    """What takes room. border: -1 for a point on the upper border, 1 on the lower one."""

    width: float
    height: float
    border: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A line from a block down to a later one.

    start, end: where it begins and ends, to the right of the blocks' middles.
    """

    source: int
    target: int
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class Pull:
    """How strongly a line draws together what it joins: along a lane, and at its ends.

    blocks: whether it moves blocks too, not only its own lane.
    """

    lane: float
    end: float
    blocks: bool = True


_CHAIN = Pull(50.0, 50.0)
_BRANCH = Pull(50.0, 1.0)
_PASSING = Pull(4e-6, 1e-7, blocks=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a line from one layer to the next.

    start, end: to the right of the vertices. pull_upper, pull_lower: how it moves each of them.
    """

    upper: int
    lower: int
    start: float
    end: float
    pull_upper: float
    pull_lower: float


@dataclass(frozen=True, slots=True)
class Web:
    """Vertices by number, blocks first and then those of lanes.

    ranks: the layer of each vertex. layers: the vertices of each, from left to right.
    above, below: the steps that end at a vertex, and that begin there.
    chains: the vertices of each link. lanes: those that stand below each other beside blocks.
    """

    blocks: Sequence[Block]
    ranks: list[int]
    layers: list[list[int]] = field(default_factory=list[list[int]])
    above: dict[int, list[Step]] = field(default_factory=lambda: defaultdict[int, list[Step]](list))
    below: dict[int, list[Step]] = field(default_factory=lambda: defaultdict[int, list[Step]](list))
    chains: list[list[int]] = field(default_factory=list[list[int]])
    lanes: list[list[int]] = field(default_factory=list[list[int]])

    @property
    def lane_vertices(self) -> int:
        return len(self.ranks) - len(self.blocks)

    def half(self, vertex: int) -> float:
        """Half the width of a vertex; a lane has none."""
        return self.blocks[vertex].width / 2 if self.is_block(vertex) else 0.0

    def height(self, vertex: int) -> float:
        return self.blocks[vertex].height if self.is_block(vertex) else 0.0

    def is_block(self, vertex: int) -> bool:
        return vertex < len(self.blocks)

    def add_step(self, upper: int, lower: int, link: Link, pull: Pull) -> None:
        """Join two vertices of neighbouring layers, as a part of `link`."""
        from_block, to_block = self.is_block(upper), self.is_block(lower)
        strength = pull.end if from_block or to_block else pull.lane
        step = Step(
            upper,
            lower,
            link.start if from_block else 0.0,
            link.end if to_block else 0.0,
            strength if pull.blocks or not from_block else 0.0,
            strength if pull.blocks or not to_block else 0.0,
        )
        self.below[upper].append(step)
        self.above[lower].append(step)


def weave(blocks: Sequence[Block], links: Sequence[Link], room: int) -> Web:
    """The web of blocks whose links go from lower numbers to higher ones.

    room: how many vertices there may be for lanes.
    Raises `SpecError` (`drawing-too-large`).
    """
    web = Web(blocks, ranked(blocks, links))
    if _lane_vertices(web.ranks, links) > room:
        message = f"lines go past boxes too often: there is room for doing so {MAX_LANES:,} times"
        raise SpecError.of("drawing-too-large", message, help="`--format dot` needs no room")
    pulls = _pulls(len(blocks), links)
    lanes: dict[tuple[int, float], list[int]] = {}
    for link in sorted(links, key=lambda link: web.ranks[link.target]):
        lane = lanes.setdefault((link.source, link.start), [link.source])
        first, last = web.ranks[link.source], web.ranks[link.target]
        for rank in range(first + len(lane), last):
            web.ranks.append(rank)
            lane.append(len(web.ranks) - 1)
            web.add_step(lane[-2], lane[-1], link, pulls[link])
        web.add_step(lane[last - first - 1], link.target, link, pulls[link])
    for link in links:
        length = web.ranks[link.target] - web.ranks[link.source]
        web.chains.append([*lanes[link.source, link.start][:length], link.target])
    web.lanes.extend(lane for _, *lane in lanes.values() if lane)
    web.layers.extend(_layers(web))
    return web


def _lane_vertices(ranks: Sequence[int], links: Sequence[Link]) -> int:
    last: dict[tuple[int, float], int] = {}
    for link in links:
        lane = link.source, link.start
        last[lane] = max(last.get(lane, 0), ranks[link.target])
    return sum(rank - ranks[source] - 1 for (source, _), rank in last.items())


def _layers(web: Web) -> list[list[int]]:
    """Blocks as they come, then lanes; one that begins later stands further in.

    So arcs around each other do not cross.
    """
    layers: list[list[int]] = [[] for _ in range(max(web.ranks, default=0) + 1)]
    lanes = range(len(web.blocks), len(web.ranks))
    for vertex in (*range(len(web.blocks)), *reversed(lanes)):
        layers[web.ranks[vertex]].append(vertex)
    return layers


def ranked(blocks: Sequence[Block], links: Sequence[Link]) -> list[int]:
    """The layer of each block: below all that it takes from.

    What takes from nothing stands right above the first that takes from it. Points on the upper
    border are the first layer, those on the lower one the last.
    """
    framed = any(block.border for block in blocks)
    ranks = [1 if framed and block.border >= 0 else 0 for block in blocks]
    users: dict[int, list[int]] = defaultdict(list)
    for link in sorted(links, key=lambda link: link.source):
        ranks[link.target] = max(ranks[link.target], ranks[link.source] + 1)
        users[link.source].append(link.target)
    for source in users.keys() - {link.target for link in links}:
        if not blocks[source].border:
            ranks[source] = min(ranks[target] for target in users[source]) - 1
    inner = (rank for block, rank in zip(blocks, ranks, strict=True) if block.border <= 0)
    last = max(inner, default=0) + 1
    return [last if block.border > 0 else rank for block, rank in zip(blocks, ranks, strict=True)]


def _pulls(number: int, links: Sequence[Link]) -> dict[Link, Pull]:
    """How strong each link is: a chain stays straight, branches bend where they begin and end."""
    passing = _passing(number, links)
    others = [link for link in links if link not in passing]
    leaving = Counter(link.source for link in others)
    arriving = Counter(link.target for link in others)
    chains = {link for link in others if leaving[link.source] == arriving[link.target] == 1}
    return {
        link: _PASSING if link in passing else _CHAIN if link in chains else _BRANCH
        for link in links
    }


def _passing(number: int, links: Sequence[Link]) -> Collection[Link]:
    """The links that go past others: there is another way from their source to their target."""
    targets: dict[int, set[int]] = defaultdict(set)
    first: dict[tuple[int, int], Link] = {}
    for link in links:
        targets[link.source].add(link.target)
        first.setdefault((link.source, link.target), link)
    reached = [0] * number  # sets of blocks, as bits
    for source in range(number - 1, -1, -1):
        for target in targets[source]:
            reached[source] |= reached[target] | 1 << target
    return {
        link
        for link in links
        if first[link.source, link.target] is not link
        or any(reached[other] >> link.target & 1 for other in targets[link.source])
    }
