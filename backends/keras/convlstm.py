"""Recurrent layers whose products are convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, optional, text
from specc.layers.convlstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from specc.windows import one_if_alike

from .recurrent import VARIABLES, applied, around, step
from .site import LOWERINGS, Site


@LOWERINGS.add("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def conv_lstm(layer: ConvLSTM1D | ConvLSTM2D | ConvLSTM3D, site: Site) -> Code:
    for name in site.node.weights:
        site.weight(name, f"cell.{VARIABLES[name]}")
    return applied(
        layer,
        site,
        f"layers.{type(layer).__name__}",
        argument(layer.filters, hint="filters"),
        argument(one_if_alike(layer.kernel_size), hint="kernel_size"),
        strides=optional(one_if_alike(layer.strides), 1),
        padding=optional(text(layer.padding), "valid"),
        dilation_rate=optional(one_if_alike(layer.dilation_rate), 1),
        **step(layer),
        **around(layer),
    )
