"""What a network costs: operations, and the memory of its activations."""

from __future__ import annotations

from specc.diagnostics import SpecError
from specc.dims import DimError, Size, substitute, symbols
from specc.ir import Graph, Node, Value
from specc.tensor import ITEM_SIZE


def flops(graph: Graph) -> Size:
    """Floating-point operations for one example; a multiply and an add are two."""
    return sum((node_flops(node, graph) for node in graph.nodes), 0)


def node_flops(node: Node, graph: Graph) -> Size:
    """Floating-point operations of one node, for one example.

    Raises `SpecError` (`invalid-dim`) where they are beyond what sizes can be.
    """
    try:
        return per_example(node.layer.flops(*(value.type for value in node.inputs)), graph)
    except DimError:
        message = f"the operations of `{node.path}` are more than 2^63"
        raise SpecError.of("invalid-dim", message, node.span) from None


def activation_bytes(graph: Graph) -> Size:
    """The bytes of all layers' outputs for one example: what training keeps for the gradients."""
    return sum((value_bytes(value, graph) for node in graph.nodes for value in node.outputs), 0)


def value_bytes(value: Value, graph: Graph) -> Size:
    """The bytes of one value, for one example."""
    return per_example(value.type.elements * ITEM_SIZE[value.type.dtype], graph)


def per_example(size: Size, graph: Graph) -> Size:
    """`size` with the batch, the symbol that leads the inputs' shapes, set to one.

    Where a number leads them all, `size` is divided by it.
    """
    batch = batch_symbols(graph)
    return substitute(size, dict.fromkeys(batch, 1)) if batch else size // fixed_batch(graph)


def fixed_batch(graph: Graph) -> int:
    """The number that leads the shapes of all inputs; 1 if none does."""
    leading = {value.type.shape[0] if value.type.rank else 1 for value in graph.inputs.values()}
    batch = leading.pop() if len(leading) == 1 else 1
    return batch if isinstance(batch, int) else 1


def batch_symbols(graph: Graph) -> frozenset[str]:
    """The symbols that lead the inputs' shapes: how many examples there are."""
    return frozenset(
        symbol
        for value in graph.inputs.values()
        for symbol in symbols(value.type.shape[0] if value.type.rank else 1)
    )
