"""Pruning.

What no output depends on is taken out, as every framework's own functional model does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from specc.diagnostics import Diagnostic
from specc.ir import Graph, Item, Node, Region, Value

Owners = dict[str, str]
"""The owners of the weights in a region, by the paths in it; empty where there are none."""


def prune(graph: Graph) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """The graph without the nodes that no output depends on, and a warning for each such entry.

    Weights belong to the first use of them that stays.
    An entry of which some use is live gives no warning: a block may well make a skip that one of
    its calls does not need.
    """
    live = _live(graph)
    if len(live) == len(graph.nodes):
        return graph, ()
    pruned = replace(graph, body=_Pruning.of(graph, live).region(graph.body))
    return pruned, tuple(_warnings(graph, live))


def _live(graph: Graph) -> set[Node]:
    """The nodes that an output depends on."""
    needed = set(graph.outputs.values())
    live: set[Node] = set()
    for node in reversed(graph.nodes):
        if not needed.isdisjoint(node.outputs):
            live.add(node)
            needed.update(node.inputs)
    return live


@dataclass(slots=True)
class _Pruning:
    """One run.

    heirs: for each owner of weights, the first use of them that stays.
    owning: for each region that was used again, by its path: the uses that are not shared, with
        the owners in them.
    """

    live: set[Node]
    dead: set[Value]
    heirs: dict[str, str]
    owning: defaultdict[str, list[tuple[str, Owners]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, graph: Graph, live: set[Node]) -> _Pruning:
        heirs: dict[str, str] = {}
        for node in graph.nodes:
            if node in live:
                heirs.setdefault(node.owner, node.path)
        dead = {value for node in graph.nodes if node not in live for value in node.outputs}
        return cls(live, dead, heirs)

    def region(self, region: Region) -> Region:
        """The region without what is dead, inputs and outputs included."""
        items = tuple(self._items(region))
        inputs = tuple((name, value) for name, value in region.inputs if value not in self.dead)
        outputs = tuple((name, value) for name, value in region.outputs if value not in self.dead)
        pruned = replace(region, items=items, inputs=inputs, outputs=outputs)
        owner = self._owner(pruned)
        return replace(pruned, owner=owner, items=tuple(_placed(items, region.path, owner)))

    def _items(self, region: Region) -> Iterator[Item]:
        for item in region.items:
            if isinstance(item, Node):
                if item in self.live:
                    yield replace(item, owner=self.heirs[item.owner])
            elif not self.live.isdisjoint(item.nodes()):
                yield self.region(item)

    def _owner(self, region: Region) -> str:
        """The first use that has all its weights, in the same places; itself if there is none."""
        owners, earlier = _owners(region), self.owning[region.owner]
        for path, others in earlier:
            if owners.items() <= others.items():
                return path
        earlier.append((region.path, owners))
        return region.path


def _placed(items: tuple[Item, ...], path: str, owner: str) -> Iterator[Item]:
    """The items of the region at `path`: its layers without weights are those of its owner."""
    for item in items:
        if isinstance(item, Node) and not item.weights:
            yield replace(item, owner=owner + item.path.removeprefix(path))
        else:
            yield item


def _owners(region: Region) -> Owners:
    return {
        node.path.removeprefix(region.path): node.owner if node.weights else ""
        for node in region.nodes()
    }


def _warnings(graph: Graph, live: set[Node]) -> Iterator[Diagnostic]:
    used = {str(node.span) for node in live}
    for node in graph.nodes:
        if node not in live and node.span is not None and str(node.span) not in used:
            yield Diagnostic(
                "unused-layer",
                f"the output of `{node.path}` is never used: it is left out of the network",
                node.span,
                help="use it, add it to `outputs`, or remove the entry",
                severity="warning",
            )
