"""Where blocks stand and lines run: a drawing in layers, top to bottom.

What it promises: blocks do not overlap, a line that passes a layer of blocks does so on a lane of
its own beside them, so that no line crosses a block, and a chain of blocks is one straight column.

This is written here for what libraries lack of it. igraph's `layout_sugiyama` knows no sizes of
blocks, no places on a block where a line begins and no frames in frames: it would do the work of
`ordering`, and cost an installation. Graphviz has all of that, but is no Python package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf

from specc.drawing.ordering import order
from specc.drawing.web import MAX_LANES, Block, Link, Step, Web, weave

SIDE = 30.0
"""Between blocks of one layer."""

LANE = 18.0
"""Between a lane and what is beside it."""

GAP = 26.0
"""Between layers; up to three times as much where lines go far to the side."""

_SWEEPS = 16
_REST = 1e-7  # how strongly what nothing pulls stays where it is

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """Coordinates, from the upper left corner.

    middles, tops: of the blocks.
    routes: the points of each link. From the 1st to the 2nd a line goes straight down, and so from
        the 3rd to the 4th; from the 2nd to the 3rd it goes to the next layer, as a curve.
    lane_vertices: how many there are.
    """

    middles: list[float]
    tops: list[float]
    routes: list[list[Point]]
    lane_vertices: int
    width: float
    height: float


def place(blocks: Sequence[Block], links: Sequence[Link], room: int = MAX_LANES) -> Placed:
    """Coordinates for blocks, and for links that go from lower numbers to higher ones.

    room: how many vertices there may be for lanes.
    Raises `SpecError` (`drawing-too-large`).
    """
    web = weave(blocks, links, room)
    order(web)
    xs = _spread(web)
    spans = list(_spans(web, xs))
    return Placed(
        xs[: len(blocks)],
        [spans[rank][0] for rank in web.ranks[: len(blocks)]],
        [
            list(_route(web, link, chain, xs, spans))
            for link, chain in zip(links, web.chains, strict=True)
        ],
        web.lane_vertices,
        max((x + web.half(vertex) for vertex, x in enumerate(xs)), default=0.0),
        spans[-1][1],
    )


def _spread(web: Web) -> list[float]:
    """Each vertex where its neighbours pull it to, as far as there is room; none is left of 0."""
    xs = [0.0] * len(web.ranks)
    for layer in web.layers:
        offsets = _offsets(web, layer)
        for vertex, offset in zip(layer, offsets, strict=True):
            xs[vertex] = offset - offsets[-1] / 2
    for sweep in range(_SWEEPS):
        downward, looks_one_way = sweep % 2 == 0, sweep < _SWEEPS // 2
        for layer in web.layers if downward else reversed(web.layers):
            up, down = downward or not looks_one_way, not (downward and looks_one_way)
            _settle(web, layer, xs, up=up, down=down)
    _straighten(web, xs)
    left = min((x - web.half(vertex) for vertex, x in enumerate(xs)), default=0.0)
    return [x - left for x in xs]


def _settle(web: Web, layer: list[int], xs: list[float], *, up: bool, down: bool) -> None:
    """Move the vertices of a layer to where those above (`up`) and below (`down`) pull them."""
    offsets = _offsets(web, layer)
    wishes = list[tuple[float, float]]()
    for vertex, offset in zip(layer, offsets, strict=True):
        pulls = [*_pulls_up(web.above[vertex], xs)] if up else []
        pulls += [*_pulls_down(web.below[vertex], xs)] if down else []
        total = sum(pull for _, pull in pulls)
        wish = sum(x * pull for x, pull in pulls) / total if total else xs[vertex]
        wishes.append((wish - offset, total or _REST))
    for vertex, x, offset in zip(layer, _monotone(wishes), offsets, strict=True):
        xs[vertex] = x + offset


def _pulls_up(steps: Iterable[Step], xs: list[float]) -> Iterator[tuple[float, float]]:
    """Where the steps that end at a vertex pull it to, and how strongly."""
    return ((xs[each.upper] + each.start - each.end, each.pull_lower) for each in steps)


def _pulls_down(steps: Iterable[Step], xs: list[float]) -> Iterator[tuple[float, float]]:
    """Where the steps that begin at a vertex pull it to, and how strongly."""
    return ((xs[each.lower] + each.end - each.start, each.pull_upper) for each in steps)


def _straighten(web: Web, xs: list[float]) -> None:
    """Make each lane one straight line where there is room, from the outermost on the right."""
    beside: dict[int, tuple[int | None, int | None]] = {}
    for layer in web.layers:
        neighbours = zip([None, *layer], layer, [*layer[1:], None], strict=False)
        beside |= {vertex: (left, right) for left, vertex, right in neighbours}
    for lane in sorted(web.lanes, key=lambda lane: -max(xs[vertex] for vertex in lane)):
        low, high = -inf, inf
        for vertex in lane:
            left, right = beside[vertex]
            low = low if left is None else max(low, xs[left] + _distance(web, left, vertex))
            high = high if right is None else min(high, xs[right] - _distance(web, vertex, right))
        if low <= high:
            mean = sum(xs[vertex] for vertex in lane) / len(lane)
            for vertex in lane:
                xs[vertex] = min(max(mean, low), high)


def _offsets(web: Web, layer: list[int]) -> list[float]:
    """Where the vertices of a layer stand if they stand close, counted from the first."""
    distances = (_distance(web, left, right) for left, right in pairwise(layer))
    return list(accumulate(distances, initial=0.0))


def _distance(web: Web, left: int, right: int) -> float:
    """How far the middles of neighbours stand apart at least."""
    halves = web.half(left), web.half(right)
    return sum(halves) + (SIDE if all(halves) else LANE)


def _monotone(wishes: Iterable[tuple[float, float]]) -> list[float]:
    """The numbers nearest to the wishes, by weighted squares, that do not fall.

    wishes: (number, weight). By pooling adjacent violators (Barlow et al., 1972).
    """
    pools = list[tuple[float, float, int]]()
    for number, weight in wishes:
        size = 1
        while pools and pools[-1][0] > number:
            other, other_weight, other_size = pools.pop()
            total = weight + other_weight
            number = (number * weight + other * other_weight) / total
            weight, size = total, size + other_size
        pools.append((number, weight, size))
    return [number for number, _, size in pools for _ in range(size)]


def _spans(web: Web, xs: list[float]) -> Iterator[tuple[float, float]]:
    """The top and the bottom of each layer."""
    top = 0.0
    for layer in web.layers:
        bottom = top + max(map(web.height, layer), default=0.0)
        yield top, bottom
        steps = [step for vertex in layer for step in web.below[vertex]]
        reach = max((abs(xs[s.upper] + s.start - xs[s.lower] - s.end) for s in steps), default=0.0)
        top = bottom + GAP + min(reach / 8, 2 * GAP)


def _route(
    web: Web, link: Link, chain: list[int], xs: list[float], spans: list[tuple[float, float]]
) -> Iterator[Point]:
    """Down from the source to the end of its layer, through the others, to the target."""
    source, *lane, target = chain
    top, bottom = spans[web.ranks[source]]
    yield xs[source] + link.start, top + web.height(source)
    yield xs[source] + link.start, bottom
    for vertex in lane:
        top, bottom = spans[web.ranks[vertex]]
        yield xs[vertex], top
        yield xs[vertex], bottom
    yield xs[target] + link.end, spans[web.ranks[target]][0]
