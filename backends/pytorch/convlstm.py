"""Recurrent layers whose products are convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, optional
from specc.layers.convlstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from specc.windows import one_if_alike

from .recurrent import applied, function
from .site import LOWERINGS, Site


@LOWERINGS.add("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def conv_lstm(layer: ConvLSTM1D | ConvLSTM2D | ConvLSTM3D, site: Site) -> Code:
    value = site.node.inputs[0]
    sizes = value.type.shape[2:-1]
    pads = [window.pads(size) for window, size in zip(layer.windows, sizes, strict=True)]
    flat = tuple(side for pad in reversed(pads) for side in pad or ())
    functions = {
        name: argument(function(getattr(layer, name), site))
        for name, usual in (("activation", "tanh"), ("recurrent_activation", "sigmoid"))
        if getattr(layer, name) != usual
    }
    module = site.module(
        site.helper("ConvLSTM"),
        argument(value.type.channels, hint="in_channels"),
        argument(layer.filters, hint="out_channels"),
        argument(layer.kernel_size, hint="kernel_size"),
        stride=optional(one_if_alike(layer.strides), 1),
        pads=optional(flat if any(flat) else (), ()),
        dilation=optional(one_if_alike(layer.dilation_rate), 1),
        bias=optional(layer.use_bias, True),
        **functions,
        dropout=optional(layer.dropout, 0.0),
        recurrent_dropout=optional(layer.recurrent_dropout, 0.0),
        seed=optional(layer.seed, None),
        return_sequences=optional(layer.return_sequences, False),
        return_state=optional(layer.return_state, False),
        go_backwards=optional(layer.go_backwards, False),
    )
    return applied(module, site)
