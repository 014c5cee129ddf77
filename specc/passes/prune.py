"""Pruning.

What no output depends on is taken out, as every framework's own functional model does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from specc.diagnostics import Diagnostic
from specc.ir import Graph, Item, Node, Region, Value


def prune(graph: Graph) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """The graph without the nodes that no output depends on, and a warning for each such entry.

    A node that owns the weights of a live one is live. An entry of which some use is live gives no
    warning: a block may well make a skip that one of its calls does not need.
    """
    live = _live(graph)
    if len(live) == len(graph.nodes):
        return graph, ()
    dead = {value for node in graph.nodes if node not in live for value in node.outputs}
    items = tuple(_kept(graph.body.items, live, dead))
    pruned = replace(graph, body=replace(graph.body, items=items))
    return pruned, tuple(_warnings(graph, live))


def _live(graph: Graph) -> set[Node]:
    owners = {node.path: node for node in graph.nodes}
    needed = set(graph.outputs.values())
    live: set[Node] = set()
    owned: set[str] = set()
    for node in reversed(graph.nodes):
        if node.path in owned or not needed.isdisjoint(node.outputs):
            live.add(node)
            needed.update(node.inputs)
            if node.owner in owners:
                owned.add(node.owner)
    return live


def _kept(items: tuple[Item, ...], live: set[Node], dead: set[Value]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Node):
            if item in live:
                yield item
            continue
        inner = tuple(_kept(item.items, live, dead))
        if inner or not item.items:
            yield _region(item, inner, dead)


def _region(region: Region, items: tuple[Item, ...], dead: set[Value]) -> Region:
    """The region with `items`, without the inputs and outputs that are no longer made."""
    inputs = tuple((name, value) for name, value in region.inputs if value not in dead)
    outputs = tuple((name, value) for name, value in region.outputs if value not in dead)
    return replace(region, items=items, inputs=inputs, outputs=outputs)


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
