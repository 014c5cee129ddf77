"""Activations as functions, with Keras's constants."""

from __future__ import annotations

from specc.emit.code import Code, call

from .site import Site


def activate(name: str | None, x: Code, site: Site) -> Code:
    """The activation `name` of `x`."""
    if name is None or name == "linear":
        return x
    return call({"relu": "F.relu"}[name], x)
