"""Recurrent layers: PyTorch's own where they mean the same, else written out step by step."""

from __future__ import annotations

from typing import Any

from specc.emit.code import Argument, Code, argument, call, optional, text
from specc.layers.recurrent import (
    GRU,
    LSTM,
    Bidirectional,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    has_mask,
)

from .activations import FUNCTIONS
from .site import LOWERINGS, Site

MODULES = {
    None: "nn.Identity()",
    "leaky_relu": "nn.LeakyReLU(0.2)",
    "linear": "nn.Identity()",
    "log_softmax": "nn.LogSoftmax(dim=-1)",
    "softmax": "nn.Softmax(dim=-1)",
}
"""Activations that are no function of one tensor in PyTorch."""

Sequence = LSTM | GRU | SimpleRNN


@LOWERINGS.add("LSTM", "GRU", "SimpleRNN")
def recurrent(layer: Sequence, site: Site) -> Code:
    name, options = _constructor(layer, site)
    return applied(site.module(name, *_sizes(layer, site), **options), site)


@LOWERINGS.add("Bidirectional")
def bidirectional(layer: Bidirectional, site: Site) -> Code:
    layers = {"forward_layer": layer.forward, "backward_layer": layer.backward}
    made = {name: _constructor(part, site) for name, part in layers.items()}
    site.parts = {name: kind for name, (kind, _) in made.items()}
    module = site.module(
        site.helper("Bidirectional"),
        *(call(kind, *_sizes(layer.forward, site), **options) for kind, options in made.values()),
        merge_mode=optional(_mode(layer.merge_mode), "concat"),
    )
    return applied(module, site)


def _mode(name: str | None) -> object:
    return name if name is None else text(name)


def applied(module: Code, site: Site) -> Code:
    """The module of the sequence, its mask, and its states."""
    x, *others = site.inputs
    if others and not has_mask([value.type for value in site.node.inputs]):
        others.insert(0, "None")
    return call(module, x, *others)


def _constructor(layer: Any, site: Site) -> tuple[str, dict[str, Argument]]:
    """The class of a layer over a sequence, and its options."""
    options = {
        "bias": optional(layer.use_bias, True),
        "return_sequences": optional(layer.return_sequences, False),
        "return_state": optional(layer.return_state, False),
        "go_backwards": optional(layer.go_backwards, False),
    }
    name = type(layer).__name__
    if not _is_native(layer):
        return site.helper(f"{name}Loop"), options | _written_out(layer, site)
    if layer.activation == "relu":
        options["nonlinearity"] = argument(text("relu"))
    if layer.dropout:
        seed = optional(layer.seed, None, "seed")
        noise = call(site.helper("MaskDropout"), layer.dropout, (1,), seed=seed)
        options["dropout"] = argument(noise)
    return site.helper(name), options


def _is_native(layer: Any) -> bool:
    """Whether PyTorch's own does what the layer does."""
    native = _has_native_activations(layer) or (
        isinstance(layer, SimpleRNN) and layer.activation == "relu"
    )
    return native and not layer.recurrent_dropout and _resets_after(layer)


def _has_native_activations(layer: Any) -> bool:
    return (layer.activation, getattr(layer, "recurrent_activation", "sigmoid")) == (
        "tanh",
        "sigmoid",
    )


def _resets_after(layer: object) -> bool:
    return getattr(layer, "reset_after", True)


def _written_out(layer: Any, site: Site) -> dict[str, Argument]:
    """The options of a layer that is written out step by step."""
    return {
        **_activations(layer, site),
        "dropout": optional(layer.dropout, 0.0),
        "recurrent_dropout": optional(layer.recurrent_dropout, 0.0),
        "seed": optional(layer.seed, None),
    }


def _activations(layer: Any, site: Site) -> dict[str, Argument]:
    """The functions that a layer names, and what else a GRU has of its own."""
    names = [name for name in ("activation", "recurrent_activation") if hasattr(layer, name)]
    options = {name: argument(function(getattr(layer, name), site)) for name in names}
    if hasattr(layer, "reset_after"):
        options["reset_after"] = optional(layer.reset_after, True)
    return options


def function(name: str | None, site: Site) -> Code:
    """The activation of that name, as a function of one tensor."""
    if name in MODULES:
        return MODULES[name]
    function = FUNCTIONS[str(name)]
    return function if "." in function else site.helper(function)


def _sizes(layer: Any, site: Site) -> tuple[Argument, Argument]:
    channels = site.node.inputs[0].type.channels
    return argument(channels, hint="input_size"), argument(layer.units, hint="hidden_size")


@LOWERINGS.add("LSTMCell", "GRUCell", "SimpleRNNCell")
def cell(layer: LSTMCell | GRUCell | SimpleRNNCell, site: Site) -> Code:
    name = type(layer).__name__
    options = {"bias": optional(layer.use_bias, True)}
    if isinstance(layer, SimpleRNNCell):
        options |= _activations(layer, site)
    elif not (_has_native_activations(layer) and _resets_after(layer)):
        name = f"Activated{name}"
        options |= _activations(layer, site)
    module = site.module(site.helper(name), *_sizes(layer, site), **options)
    return call(module, *site.inputs)
