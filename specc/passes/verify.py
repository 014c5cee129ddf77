"""The invariants of a graph, which every pass may rely on and leaves true.

A broken one is a fault of a pass, never of a spec: the tests verify after each pass, users do not.
Whether the backends compute the same function is `specc.verification`'s matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from specc.ir import Graph, Item, Node, Region, Value
from specc.passes.layout import REORDER, channels_first


class BrokenGraph(AssertionError):
    """A graph breaks its invariants; the message names each break on a line."""


def verify(graph: Graph) -> None:
    """Raise `BrokenGraph` unless the invariants hold that the functions below name."""
    breaks = [found for check in CHECKS for found in check(graph)]
    if breaks:
        raise BrokenGraph("\n".join(breaks))


def _names(graph: Graph) -> Iterator[str]:
    """A path names one item, a name one value."""
    paths = (item.path for item in graph.body.descendants())
    values = (value.name for value in (*graph.inputs.values(), *_made(graph.nodes)))
    for what, names in (("path", paths), ("name", values)):
        yield from (f"{name}: the {what} of {n}" for name, n in Counter(names).items() if n > 1)


def _paths(graph: Graph) -> Iterator[str]:
    """The path of an item is that of its region and one name more."""
    for region in _regions(graph):
        for item in region.items:
            if item.path.rpartition(".")[0] != region.path:
                yield f"{item.path}: stands in {region.path or 'the model'}"


def _definitions(graph: Graph) -> Iterator[str]:
    """A value is defined once, before its uses; the boundaries of a region are defined too."""
    known = set(graph.inputs.values())
    yield from _item_definitions(graph.body, known)
    if graph.body.inputs != tuple(graph.inputs.items()):
        yield "the inputs of the model are not those of its body"
    if graph.body.outputs != tuple(graph.outputs.items()):
        yield "the outputs of the model are not those of its body"


def _item_definitions(item: Item, known: set[Value]) -> Iterator[str]:
    """The breaks of one item; `known` are the values before it, and grows by those it makes."""
    if isinstance(item, Node):
        yield from _undefined(item, item.inputs, known)
        yield from (f"{item.path}: makes {v.name} again" for v in item.outputs if v in known)
        known.update(item.outputs)
        return
    yield from _undefined(item, (value for _, value in item.inputs), known)
    for inner in item.items:
        yield from _item_definitions(inner, known)
    yield from _undefined(item, (value for _, value in item.outputs), known)


def _undefined(item: Item, values: Iterable[Value], known: set[Value]) -> Iterator[str]:
    for value in values:
        if value not in known:
            yield f"{item.path or 'the model'}: {value.name} is not defined there"


def _types(graph: Graph) -> Iterator[str]:
    """The outputs and the weights of a node are what its layer makes of its inputs."""
    for node in graph.nodes:
        given = [value.type for value in node.inputs]
        inferred = node.layer.infer(*given)
        if inferred != tuple(value.type for value in node.outputs):
            yield f"{node.path}: its layer gives {', '.join(map(str, inferred))}"
        if dict(node.weights) != dict(node.layer.weights(*given)):
            yield f"{node.path}: its layer has other weights"


def _owners(graph: Graph) -> Iterator[str]:
    """Who shares weights shares those of an earlier item, which owns them and is of its kind."""
    owners: dict[str, Item] = {}
    for item in graph.body.descendants():
        if not item.shared:
            owners[item.path] = item
        elif item.owner not in owners:
            yield f"{item.path}: its owner {item.owner} is not before it"
        elif not _alike(item, owners[item.owner]):
            yield f"{item.path}: its owner {item.owner} has other weights"


def _alike(item: Item, owner: Item) -> bool:
    if isinstance(item, Node) and isinstance(owner, Node):
        return item.layer == owner.layer and item.weights == owner.weights
    if isinstance(item, Region) and isinstance(owner, Region):
        return (item.kind, item.label) == (owner.kind, owner.label)
    return False


def _layouts(graph: Graph) -> Iterator[str]:
    """An order permutes the axes, and only a `Reorder` changes it."""
    for value in (*graph.inputs.values(), *_made(graph.nodes)):
        if value.order is not None and sorted(value.order) != list(range(value.type.rank)):
            yield f"{value.name}: {value.order} is no order of {value.type}"
    if _is_laid_out(graph):
        yield from (f"{node.path}: {fault}" for node in graph.nodes for fault in _misplaced(node))


def _is_laid_out(graph: Graph) -> bool:
    """Whether `lay_out` made it; where no value has an order there is nothing to check."""
    return any(value.order for value in (*graph.inputs.values(), *_made(graph.nodes)))


def _misplaced(node: Node) -> Iterator[str]:
    """What of a node in a graph that is laid out does not lie as its layer wants it."""
    given, made = node.inputs, node.outputs
    if node.type == REORDER:
        if given[0].order == made[0].order:
            yield "reorders nothing"
        return
    match node.layer.layout_for(*(value.type for value in given)):
        case "channels_first":
            fits = all(value.order == channels_first(value.type.rank) for value in (*given, *made))
        case "channels_last":
            fits = all(value.order is None for value in (*given, *made))
        case "any":
            same_rank = [v for v in (*given, *made) if v.type.rank == given[0].type.rank]
            fits = len({value.order for value in same_rank}) == 1
    if not fits:
        yield f"has {', '.join(f'{value.name} in {value.order}' for value in (*given, *made))}"


def _regions(graph: Graph) -> Iterator[Region]:
    yield graph.body
    yield from (item for item in graph.body.descendants() if isinstance(item, Region))


def _made(nodes: Iterable[Node]) -> Iterator[Value]:
    return (value for node in nodes for value in node.outputs)


CHECKS: tuple[Callable[[Graph], Iterator[str]], ...] = (
    _names,
    _paths,
    _definitions,
    _types,
    _owners,
    _layouts,
)
