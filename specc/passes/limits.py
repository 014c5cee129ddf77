"""How large a network may be: what keeps the answer to any spec within seconds and megabytes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from specc.dims import Dim, Shape, Size, value_at
from specc.proofs import lower_bound
from specc.tensor import MAX_DIM, TensorType

MAX_LAYERS = 20_000
MAX_STEPS = 100_000
"""Entries elaborated, iterations of loops among them, whether or not they make a layer."""
MAX_HIDDEN = 1_000
"""Faults that are only counted, after which the search for more ends."""
MAX_LOOP_DEPTH = 8
MAX_DEPTH = 100
"""Blocks, loops and groups in each other."""
MAX_PATH = 1_000
"""Characters of the dotted path of a block or a loop: each layer inside repeats it."""
MAX_VALUES = 25_000
"""Values in `train`, and in `data`: ImageNet has 21,841 classes."""
MAX_ELEMENTS = 2**40
MAX_PARAMETERS = 10**12
MAX_ALGEBRA = 1_000_000
"""The sum of `algebra` over all layers."""


def algebra(tensor: TensorType) -> int:
    """A measure of the work that the symbols of a type make: terms meet each other in pairs."""
    return sum(len(size.terms) ** 2 for size in tensor.shape if isinstance(size, Dim))


def excess(tensor: TensorType) -> tuple[str, str] | None:
    """The code and the message of the limit that `tensor` breaks, if it surely breaks one."""
    for axis, size in enumerate(tensor.shape):
        if isinstance(size, int) and not 0 < size <= MAX_DIM:
            return "invalid-dim", f"axis {axis} of the output would be {size}: {tensor}"
    # No bound is above the value at any one point: most tensors need no search for a bound.
    if _elements(tensor.shape, _at_ones) >= MAX_ELEMENTS <= _elements(tensor.shape, _least):
        return "tensor-too-large", f"{tensor} has 2^40 elements or more"
    return None


def _elements(shape: Shape, number: Callable[[Size], int]) -> int:
    return prod(size if isinstance(size, int) else max(number(size), 1) for size in shape)


def _at_ones(size: Size) -> int:
    """The size where every symbol is one; a large number where it has none."""
    try:
        return value_at(size, 1)
    except ZeroDivisionError:
        return MAX_ELEMENTS


def _least(size: Size) -> int:
    return lower_bound(size) or 1
