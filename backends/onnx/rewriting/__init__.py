"""The ops made fewer, without another function: what a file is read and run faster for.

Each module has the rewrites of one sort; they are taken until none finds anything more. What is
computed twice is shared before anything else looks at it: an op that a kernel took in is no more to
be shared. With weights they compute what is known before a run: once, in double precision.
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
        *([NORMALIZATIONS, SCALINGS] if with_weights else []),
    ]
    rewrites: Rewrites = {}
    for family in families:
        for kind, functions in family.items():
            rewrites[kind] = (*rewrites.get(kind, ()), *functions)
    sharing, rewriter = Rewriter(graph, DUPLICATES), Rewriter(graph, rewrites)
    sharing.run()
    while rewriter.run() and sharing.run():
        pass
    return graph
