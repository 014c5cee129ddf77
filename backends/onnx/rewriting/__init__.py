"""The ops made fewer, without another function: what a file is read and run faster for.

Each module has the rewrites of one sort; they are taken until none finds anything more. With
weights they compute what is known before a run: once, in double precision.
"""

from __future__ import annotations

from specc.backends.onnx.ops import OpGraph

from .concatenations import CONCATENATIONS
from .constants import CONSTANTS
from .duplicates import DUPLICATES
from .moves import MOVES
from .normalizations import NORMALIZATIONS
from .pads import PADS
from .rewriter import Rewriter, Rewrites
from .scalings import SCALINGS
from .shapes import SHAPES
from .transposes import TRANSPOSES


def rewritten(graph: OpGraph, *, with_weights: bool) -> OpGraph:
    """The same function of fewer ops.

    with_weights: whether the file holds them; without, normalizations and scales stay, to be
        looked at.
    """
    families = [
        CONSTANTS,
        SHAPES,
        TRANSPOSES,
        MOVES,
        PADS,
        CONCATENATIONS,
        DUPLICATES,
        *([NORMALIZATIONS, SCALINGS] if with_weights else []),
    ]
    rewrites: Rewrites = {}
    for family in families:
        for kind, functions in family.items():
            rewrites[kind] = (*rewrites.get(kind, ()), *functions)
    rewriter = Rewriter(graph, rewrites)
    while rewriter.step():
        pass
    return graph
