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

    A node that owns the weights of a live one is live, if no other can own them: see
        `_handed_over`.
    An entry of which some use is live gives no warning: a block may well make a skip that one of
    its calls does not need.
    """
    graph = _handed_over(graph)
    live = _live(graph)
    if len(live) == len(graph.nodes):
        return graph, ()
    dead = {value for node in graph.nodes if node not in live for value in node.outputs}
    items = tuple(_kept(graph.body.items, live, dead))
    pruned = replace(graph, body=replace(graph.body, items=items))
    return pruned, tuple(_warnings(graph, live))


def _handed_over(graph: Graph) -> Graph:
    """The graph in which weights belong to the first use of them that an output needs.

    Else a use that none needs would stay for its weights, and with it all that leads there. But
    what
    is inside a block that is used again stays where it is: the uses of a block are alike.
    """
    needed = _needed(graph)
    owners = {item.path: item for item in graph.body.descendants()}
    copied = {item.owner for item in owners.values() if item.shared and isinstance(item, Region)}
    heirs: dict[str, str] = {}
    for item in _reuses(graph.body):
        inside = any(item.owner.startswith(f"{path}.") for path in copied)
        if not inside and _is_needed(item, needed) and not _is_needed(owners[item.owner], needed):
            heirs.setdefault(item.owner, item.path)
    return replace(graph, body=_inherited(graph.body, heirs)) if heirs else graph


def _reuses(region: Region) -> Iterator[Item]:
    """The entries that use weights again, but for those in a block that is used again."""
    for item in region.items:
        if item.shared:
            yield item
        elif isinstance(item, Region):
            yield from _reuses(item)


def _needed(graph: Graph) -> set[Value]:
    """The values that an output is made of."""
    needed = set(graph.outputs.values())
    for node in reversed(graph.nodes):
        if not needed.isdisjoint(node.outputs):
            needed.update(node.inputs)
    return needed


def _is_needed(item: Item, needed: set[Value]) -> bool:
    nodes = (item,) if isinstance(item, Node) else item.nodes()
    return any(not needed.isdisjoint(node.outputs) for node in nodes)


def _inherited(region: Region, heirs: dict[str, str]) -> Region:
    """The region with each owner in `heirs`, and what is in it, under the name of its heir."""
    items = tuple(
        _inherited(item, heirs)
        if isinstance(item, Region)
        else replace(item, owner=_renamed(item.owner, heirs))
        for item in region.items
    )
    return replace(region, items=items, owner=_renamed(region.owner, heirs))


def _renamed(owner: str, heirs: dict[str, str]) -> str:
    for path, heir in heirs.items():
        if owner == path or owner.startswith(f"{path}."):
            return heir + owner.removeprefix(path)
    return owner


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
