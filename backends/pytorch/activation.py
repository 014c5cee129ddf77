"""Activation layers."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, join, optional, text
from specc.layers.activation import ELU, GELU, LeakyReLU, PReLU, ReLU, Softmax

from .activations import activate, last_axis
from .site import LOWERINGS, Site


@LOWERINGS.add("ReLU")
def relu(layer: ReLU, site: Site) -> Code:
    """Below the threshold lies a line, or zero; the bound comes last."""
    if (layer.max_value, layer.negative_slope, layer.threshold) == (6, 0, 0):
        return activate("relu6", site.x, site)
    y = _unbounded(layer, site)
    return y if layer.max_value is None else call("torch.clamp", y, max=layer.max_value)


def _unbounded(layer: ReLU, site: Site) -> Code:
    x = site.x
    if layer.threshold and layer.negative_slope:
        threshold = Literal(layer.threshold, "threshold")
        slope = Literal(layer.negative_slope, "negative_slope")
        line = join(slope, " * (", x, " - ", threshold, ")")
        return call("torch.where", join(x, " > ", threshold), x, line)
    if layer.threshold:
        return call(site.module("nn.Threshold", Literal(layer.threshold, "threshold"), 0.0), x)
    if layer.negative_slope:
        slope = Literal(layer.negative_slope, "negative_slope")
        return call(site.module("nn.LeakyReLU", slope), x)
    return activate("relu", x, site)


@LOWERINGS.add("LeakyReLU")
def leaky_relu(layer: LeakyReLU, site: Site) -> Code:
    slope = optional(layer.negative_slope, 0.01, "negative_slope")
    return call(site.module("nn.LeakyReLU", slope), site.x)


@LOWERINGS.add("ELU")
def elu(layer: ELU, site: Site) -> Code:
    return call(site.module("nn.ELU", optional(layer.alpha, 1.0, "alpha")), site.x)


@LOWERINGS.add("GELU")
def gelu(layer: GELU, site: Site) -> Code:
    form = text("tanh" if layer.approximate else "none", "approximate")
    return call(site.module("nn.GELU", approximate=optional(form, "none")), site.x)


@LOWERINGS.add("PReLU")
def prelu(layer: PReLU, site: Site) -> Code:
    """PyTorch's module has one slope for all or, if they lie along axis 1, one for each channel."""
    (value,) = site.node.inputs
    shape = site.node.weights["weight"].shape
    if shape == (1,):
        return call(site.module("nn.PReLU"), site.x)
    if len(shape) == 1 and value.axis(-1) == 1:
        return call(site.module("nn.PReLU", Literal(shape[0], "channels")), site.x)
    return call(site.module(site.helper("PReLU"), Literal(shape, "shape")), site.x)


@LOWERINGS.add("Softmax")
def softmax(layer: Softmax, site: Site) -> Code:
    """The least number stands for what a mask leaves out, so that no row is without any."""
    x, *masks = site.inputs
    if not masks:
        return _softmax(layer, x, site)
    least = join("torch.finfo(", x, ".dtype).min")
    hidden = call(join(x, ".masked_fill"), join("~", masks[0]), least)
    y = _softmax(layer, site.let("scores", hidden), site)
    return join(y, call(".masked_fill", join("~", masks[0]), 0))


def _softmax(layer: Softmax, x: Code, site: Site) -> Code:
    """A module along one axis; along several by the definition."""
    value = site.node.inputs[0]
    axes = tuple(sorted(value.axis(axis) for axis in layer.axes(value.type)))
    if len(axes) == 1:
        last = axes[0] == last_axis(value) % value.type.rank
        return call(site.module("nn.Softmax", dim=last_axis(value) if last else axes[0]), x)
    total = call("torch.logsumexp", x, dim=axes, keepdim=True)
    return call("torch.exp", join(x, " - ", total))
