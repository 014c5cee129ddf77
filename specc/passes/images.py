"""Which inputs and outputs of a network are images or volumes: those lie as `io_layout` says.

An image `[N, H, W, C]` has four axes, a volume `[N, D, H, W, C]` five. So may the heads, the masks
and the biases of attention, whose layers say so: see `Layer.takes_images`.
"""

from __future__ import annotations

from specc.ir import Graph, Node, Value

RANKS = (4, 5)


def images(graph: Graph) -> frozenset[Value]:
    """The images and volumes among the inputs and outputs of `graph`."""
    others = _inputs_of_others(graph)
    others |= _made_of(graph, others)
    ends = {*graph.inputs.values(), *graph.outputs.values()}
    return frozenset(value for value in ends - others if value.type.rank in RANKS)


def _inputs_of_others(graph: Graph) -> set[Value]:
    """The inputs that go, past layers which hand images on, to layers that take none there."""
    taken, refused = {*graph.outputs.values()}, set[Value]()
    for node in reversed(graph.nodes):
        for index, value in enumerate(node.inputs):
            (taken if _is_taken(node, index, taken) else refused).add(value)
    return (refused - taken) & {*graph.inputs.values()}


def _is_taken(node: Node, index: int, taken: set[Value]) -> bool:
    if _hands_on(node):
        return not taken.isdisjoint(node.outputs)
    return _takes_images(node, index)


def _made_of(graph: Graph, others: set[Value]) -> set[Value]:
    """What becomes of `others`, and of what comes out of layers that take no images."""
    made = {*others}
    for node in graph.nodes:
        if node.inputs[0] in made if _hands_on(node) else not _takes_images(node, 0):
            made.update(node.outputs)
    return made


def _hands_on(node: Node) -> bool:
    """Whether what comes out is an image exactly if what goes in is one."""
    ranks = {value.type.rank for value in (*node.inputs, *node.outputs)}
    types = (value.type for value in node.inputs)
    return len(ranks) == 1 and node.layer.layout_for(*types) == "any"


def _takes_images(node: Node, index: int) -> bool:
    return node.layer.takes_images(index, *(value.type for value in node.inputs))
