"""The activations by name; Keras's own, but for two that it gets wrong.

Keras 3.15 gives `Activation("glu")` a wrong shape, and its `sparsemax` is not one on TensorFlow.
"""

from __future__ import annotations

from specc.emit.code import Argument, Code, argument, call, optional, text

from .helpers import activation as helpers
from .site import Site

OWN = {"glu": helpers.glu, "sparsemax": helpers.sparsemax}
"""Those that the emitted source brings along."""


def keyword(name: str | None) -> Argument:
    """The `activation=` of a layer."""
    return optional(None if name is None or name in OWN else text(name), None)


def activate(name: str | None, x: Code, site: Site) -> Code:
    """What is left to do after a layer with `keyword(name)`, whose output is `x`."""
    if name not in OWN:
        return x
    return call(own(name, site, part="activation"), x)


def own(name: str, site: Site, part: str = "") -> Code:
    """The layer for one of `OWN`."""
    rank = site.node.outputs[0].type.rank
    return site.layer(site.helper(OWN[name]), argument(rank, hint="rank"), part=part)
