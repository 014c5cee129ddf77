"""Layers that apply another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from specc.emit.code import Argument, Call, Code, call, replace_tensors
from specc.ir import Value
from specc.layers.wrappers import TimeDistributed

from .site import LOWERINGS, Site


class StepSite(Site):
    """Where the inner layer is lowered: each layer it is made of is applied to every step."""

    def layer(
        self, constructor: str, *arguments: object, part: str = "", **keywords: object
    ) -> Code:
        made = call(constructor, *arguments, **keywords)
        name = (Argument(self.name(part), "name"),) if constructor in self.helpers else ()
        made = Call(made.function, (*made.arguments, *name, *self.dtype(constructor)))
        return super().layer("layers.TimeDistributed", made, part=part)

    def weight(self, name: str, attribute: str, *arguments: Any, **keywords: Any) -> None:
        super().weight(name, f"layer.{attribute}", *arguments, **keywords)


@LOWERINGS.add("TimeDistributed")
def time_distributed(layer: TimeDistributed, site: Site) -> Code:
    (value,) = site.node.inputs
    steps = Value(value.name, layer.step(value.type))
    outputs = tuple(map(Value, ("",), layer.layer.infer(steps.type)))
    node = replace(site.node, layer=layer.layer, inputs=(steps,), outputs=outputs)
    inner = StepSite(node, site.name, site.holder)
    code = LOWERINGS.find(node)(layer.layer, inner)
    site.made = inner.made
    site.variables += inner.variables
    site.helpers |= inner.helpers
    return replace_tensors(code, {steps: value})
