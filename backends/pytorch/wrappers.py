"""Layers that apply another one."""

from __future__ import annotations

from specc.emit.code import Call, Code, call, join
from specc.ir import Node, Value
from specc.layers.wrappers import TimeDistributed
from specc.passes.layout import inner_node

from .site import LOWERINGS, Site


@LOWERINGS.add("TimeDistributed")
def time_distributed(layer: TimeDistributed, site: Site) -> Code:
    """The steps become items of one batch, and the items steps again."""
    inner = Site(_of_steps(site.node), site.reference, tuple(map(_of_steps, site.uses)))
    (steps,), (made,) = inner.node.inputs, inner.node.outputs
    inner.temporaries.append((steps, join(site.x, ".flatten(0, 1)", _moved(steps, -1, 1))))
    code = LOWERINGS.find(inner.node)(layer.layer, inner)
    if made.order is not None or not isinstance(code, Call):
        code = inner.let("y", code)  # a chain of calls may not fit a line
    site.constructor, site.kind, site.parts = inner.constructor, inner.kind, inner.parts
    site.temporaries += inner.temporaries
    site.helpers += inner.helpers
    return join(code, _moved(made, 1, -1), ".unflatten(0, ", site.x, ".shape[:2])")


def _of_steps(node: Node) -> Node:
    """The use of the inner layer, on the steps."""
    layer = node.layer
    assert isinstance(layer, TimeDistributed)
    return inner_node(node, layer.layer, layer.step(node.inputs[0].type))


def _moved(value: Value, source: int, target: int) -> Code:
    """The call that moves the channels, if they lie first in the steps."""
    return "" if value.order is None else call(".movedim", source, target)
