"""Categories as numbers."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join
from specc.layers.encoding import CategoryEncoding, Discretization

from .site import LOWERINGS, Site

REDUCED = {"one_hot": "", "multi_hot": ".amax(dim=1)", "count": ".sum(dim=1)"}


@LOWERINGS.add("CategoryEncoding")
def category_encoding(layer: CategoryEncoding, site: Site) -> Code:
    (value,) = site.node.inputs
    ids = site.x if value.type.dtype == "int64" else join(site.x, ".long()")
    return _encoded(ids, layer.output_mode, layer.num_tokens, site)


def _encoded(ids: Code, mode: str, depth: int, site: Site) -> Code:
    """PyTorch encodes int64 only."""
    (given,), (made,) = site.node.inputs, site.node.outputs
    if mode == "one_hot" and made.type.rank == given.type.rank:
        ids = join(ids, ".squeeze(-1)")
    encoded = call("F.one_hot", ids, argument(depth, hint="num_classes"))
    return join(encoded, f"{REDUCED[mode]}.float()")


@LOWERINGS.add("Discretization")
def discretization(layer: Discretization, site: Site) -> Code:
    boundaries = Literal(layer.bin_boundaries, "boundaries")
    ranges = call(site.module(site.helper("Discretization"), boundaries), site.x)
    if layer.output_mode == "int":
        return ranges
    return _encoded(join(ranges, ".long()"), layer.output_mode, layer.depth, site)
