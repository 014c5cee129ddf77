"""Recurrent layers."""

from __future__ import annotations

from typing import Any

from specc.emit.code import Argument, Call, Code, argument, call, listed, optional, text
from specc.ir import Node
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

from .arguments import weights
from .masks import everywhere, masked
from .site import LOWERINGS, Site

Sequence = LSTM | GRU | SimpleRNN
AnyCell = LSTMCell | GRUCell | SimpleRNNCell

RESET_FIRST = (1, 0, 2)
"""The gates of a GRU: r, z, n in PyTorch, z, r, n in Keras."""

VARIABLES = {
    "weight_ih": "kernel",
    "weight_hh": "recurrent_kernel",
    "bias_ih": "bias",
    "bias_hh": "bias",
}
"""Where the weights of a cell live."""


@LOWERINGS.add("LSTM", "GRU", "SimpleRNN")
def recurrent(layer: Sequence, site: Site) -> Code:
    _weights(layer, site, "", "cell.")
    name = f"layers.{type(layer).__name__}"
    return applied(layer, site, name, _units(layer), **step(layer), **around(layer))


@LOWERINGS.add("Bidirectional")
def bidirectional(layer: Bidirectional, site: Site) -> Code:
    parts = {"forward_layer": layer.forward, "backward_layer": layer.backward}
    for name, part in parts.items():
        _weights(part, site, f"{name}.", f"{name}.cell.")
    mode = layer.merge_mode
    return applied(
        layer.forward,
        site,
        "layers.Bidirectional",
        _inner(layer.forward, site),
        merge_mode=optional(mode if mode is None else text(mode), "concat"),
        backward_layer=optional(
            None if layer.backward_layer is None else _inner(layer.backward, site), None
        ),
    )


def _inner(layer: Any, site: Site) -> Code:
    """The call that makes a layer inside another."""
    name = f"layers.{type(layer).__name__}"
    made = call(name, _units(layer), **step(layer), **around(layer))
    return Call(made.function, (*made.arguments, *site.dtype(name)))


def applied(
    layer: Any, site: Site, constructor: str, *arguments: object, **keywords: object
) -> Code:
    """A layer, made by `constructor`, on the sequence, its mask and its states.

    Keras would hand the mask of a sequence on to whatever comes after it. What keeps it back takes
    a mask in every use.
    """
    x, *others = site.inputs
    mask, states = (others[0], others[1:]) if _is_masked(site.node) else (None, others)
    use = next(filter(_is_masked, site.uses), None)
    if use and layer.return_sequences:
        made = masked(site, call(constructor, *arguments, **keywords), use)
        return call(made, listed([x, mask or everywhere(site), *states]))
    given = {"mask": mask} if mask else {}
    if states:
        given["initial_state"] = listed(states) if len(states) > 1 else states[0]
    return call(site.layer(constructor, *arguments, **keywords), x, **given)


def _is_masked(node: Node) -> bool:
    return has_mask([value.type for value in node.inputs])


def _weights(layer: Any, site: Site, prefix: str, path: str) -> None:
    """Say where the weights of a layer live, whose names start with `prefix`."""
    gates = RESET_FIRST if layer.gates == len(RESET_FIRST) else ()
    for name in ("weight_ih", "weight_hh", *layer.biases):
        stacked = name.startswith("bias") and len(layer.biases) > 1
        site.weight(
            f"{prefix}{name}{layer.suffix}",
            f"{path}{VARIABLES[name]}",
            gates=gates,
            place=layer.biases.index(name) if stacked else None,
        )


def _units(layer: Any) -> Argument:
    return argument(layer.units, hint="units")


def step(layer: Any) -> dict[str, Any]:
    """The arguments that say what one step does."""
    options: dict[str, Any] = {"activation": _activation(layer.activation, "tanh")}
    if hasattr(layer, "recurrent_activation"):
        name = layer.recurrent_activation
        options["recurrent_activation"] = _activation(name, "sigmoid")
    options |= {
        "use_bias": optional(layer.use_bias, True),
        **weights(layer, kernel="glorot_uniform", recurrent="orthogonal", bias="zeros"),
    }
    own = {"unit_forget_bias": True, "reset_after": True}
    return options | {
        name: optional(getattr(layer, name), default)
        for name, default in own.items()
        if hasattr(layer, name)
    }


def _activation(name: str | None, default: str) -> Argument:
    return optional(text(name or "linear"), default)


def around(layer: Any) -> dict[str, Any]:
    """The arguments that say what is done around the steps."""
    return {
        "dropout": optional(layer.dropout, 0.0),
        "recurrent_dropout": optional(layer.recurrent_dropout, 0.0),
        "seed": optional(layer.seed, None),
        "return_sequences": optional(layer.return_sequences, False),
        "return_state": optional(layer.return_state, False),
        "go_backwards": optional(layer.go_backwards, False),
    }


@LOWERINGS.add("LSTMCell", "GRUCell", "SimpleRNNCell")
def cell(layer: AnyCell, site: Site) -> Code:
    """A cell gives its output, and a list of states, of which the first is the output."""
    _weights(layer, site, "", "")
    x, *states = site.inputs
    made = site.layer(f"layers.{type(layer).__name__}", _units(layer), **step(layer))
    return call("keras.tree.flatten", call(made, x, listed(states)))
