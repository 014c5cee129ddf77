"""Categories as numbers."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join
from specc.layers.encoding import CategoryEncoding, Discretization

from .site import LOWERINGS, Site

REDUCED = {"one_hot": "", "multi_hot": ".amax(dim=1)", "count": ".sum(dim=1)"}


@LOWERINGS.add("CategoryEncoding")
def category_encoding(layer: CategoryEncoding, site: Site) -> Code:
    """PyTorch encodes int64 only."""
    (value,) = site.node.inputs
    ids = site.x if value.type.dtype == "int64" else join(site.x, ".long()")
    if len(site.node.outputs[0].type.shape) == value.type.rank and layer.output_mode == "one_hot":
        ids = join(ids, ".squeeze(-1)")
    encoded = call("F.one_hot", ids, argument(layer.num_tokens, hint="num_classes"))
    return join(encoded, f"{REDUCED[layer.output_mode]}.float()")


@LOWERINGS.add("Discretization")
def discretization(layer: Discretization, site: Site) -> Code:
    boundaries = Literal(layer.bin_boundaries, "boundaries")
    return call(site.module(site.helper("Discretization"), boundaries), site.x)
