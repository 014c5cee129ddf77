"""Categories as numbers."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, text
from specc.layers.encoding import CategoryEncoding, Discretization

from .site import LOWERINGS, Site


@LOWERINGS.add("CategoryEncoding")
def category_encoding(layer: CategoryEncoding, site: Site) -> Code:
    made = site.layer(
        "layers.CategoryEncoding",
        argument(layer.num_tokens, hint="num_tokens"),
        output_mode=argument(text(layer.output_mode, "output_mode"), default="multi_hot"),
    )
    return call(made, site.x)


@LOWERINGS.add("Discretization")
def discretization(layer: Discretization, site: Site) -> Code:
    boundaries = Literal(layer.bin_boundaries, "bin_boundaries")
    mode = argument(text(layer.output_mode, "output_mode"), default="int")
    return call(site.layer("layers.Discretization", boundaries, output_mode=mode), site.x)
