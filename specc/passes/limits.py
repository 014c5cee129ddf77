"""How large a network may be: what keeps the answer to any spec within seconds and megabytes."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from specc.dims import Shape, Size, lower_bound
from specc.tensor import MAX_DIM, TensorType

MAX_LAYERS = 20_000
MAX_STEPS = 100_000
"""Entries elaborated, iterations of loops among them, whether or not they make a layer."""
MAX_LOOP_DEPTH = 8
MAX_BLOCK_DEPTH = 64
MAX_ELEMENTS = 2**40
MAX_PARAMETERS = 10**12


def excess(tensor: TensorType) -> tuple[str, str] | None:
    """The code and the message of the limit that `tensor` breaks, if it surely breaks one."""
    for axis, size in enumerate(tensor.shape):
        if isinstance(size, int) and not 0 < size <= MAX_DIM:
            return "invalid-dim", f"axis {axis} of the output would be {size}: {tensor}"
    if _least_elements(tensor.shape) > MAX_ELEMENTS:
        return "tensor-too-large", f"{tensor} has more than 2^40 elements"
    return None


def _least_elements(shape: Shape) -> int:
    """The number of elements where every symbol is as small as it can be."""
    return prod(size if isinstance(size, int) else _least(size) for size in shape)


@lru_cache(maxsize=4096)
def _least(size: Size) -> int:
    return max(lower_bound(size) or 1, 1)
