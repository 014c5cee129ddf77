"""The order of blocks and lanes in each layer, so that few lines cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise

from specc.drawing.web import Web

SWEEPS = 8


def order(web: Web) -> None:
    """Reorder the layers of a web: by the mean place of neighbours (Sugiyama et al., 1981)."""
    layers = best = web.layers[:]
    fewest = _crossings(web, layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        layers = _swept(web, layers, downward=sweep % 2 == 0)
        if (crossings := _crossings(web, layers)) < fewest:
            best, fewest = layers, crossings
    web.layers[:] = best


def _swept(web: Web, layers: list[list[int]], *, downward: bool) -> list[list[int]]:
    """The layers ordered one after the other, each by the one before it."""
    swept = list[list[int]]()
    for layer in layers if downward else reversed(layers):
        swept.append(_ordered(web, layer, swept[-1], downward=downward) if swept else layer)
    return swept if downward else swept[::-1]


def _ordered(web: Web, layer: list[int], fixed: list[int], *, downward: bool) -> list[int]:
    places = {vertex: place for place, vertex in enumerate(fixed)}
    means = dict[int, float]()
    for place, vertex in enumerate(layer):
        if downward:
            found = [places[step.upper] for step in web.above[vertex]]
        else:
            found = [places[step.lower] for step in web.below[vertex]]
        means[vertex] = sum(found) / len(found) if found else place
    return sorted(layer, key=means.__getitem__)


def _crossings(web: Web, layers: list[list[int]]) -> int:
    return sum(_crossings_between(web, upper, lower) for upper, lower in pairwise(layers))


def _crossings_between(web: Web, upper: list[int], lower: list[int]) -> int:
    places = {vertex: place for place, vertex in enumerate(lower)}
    seen = list[int]()
    crossings = 0
    for vertex in upper:
        ends = [places[step.lower] for step in web.below[vertex]]
        crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return crossings
