"""Transposes that follow each other become one, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specc.backends.onnx.ops import Op

from .rewriter import Rewriter, Rewrites, copy


def join(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """One for two, and none for one that leaves every axis where it is."""
    (x,) = op.inputs
    perm = tuple(op.attributes["perm"])
    if perm == tuple(range(len(perm))) and x is not None:
        return (copy(op, x),)
    before = rewriter.makers.get(x) if x else None
    if before is None or before.kind != "Transpose":
        return ()
    joined = tuple(before.attributes["perm"][axis] for axis in perm)
    return (replace(op, inputs=before.inputs, attributes={"perm": joined}),)


TRANSPOSES: Rewrites = {"Transpose": (join,)}
