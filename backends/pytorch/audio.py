"""Sound, as pictures of how strong each frequency is when: modules of `helpers/`."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, optional, text
from specc.layers.audio import MelSpectrogram, STFTSpectrogram

from .site import LOWERINGS, Site


@LOWERINGS.add("STFTSpectrogram")
def stft_spectrogram(layer: STFTSpectrogram, site: Site) -> Code:
    module = site.module(
        site.helper("STFTSpectrogram"),
        text(layer.mode, "mode"),
        frame_length=Literal(layer.frame_length, "frame_length"),
        frame_step=Literal(layer.frames.stride, "frame_step"),
        bins=Literal(layer.bins, "bins"),
        padding=optional(text(layer.padding, "padding"), "valid"),
        expand_dims=optional(layer.expand_dims, False),
    )
    return call(module, site.x)


@LOWERINGS.add("MelSpectrogram")
def mel_spectrogram(layer: MelSpectrogram, site: Site) -> Code:
    fields = type(layer).model_fields
    given = {name: getattr(layer, name) for name in fields}
    options = {
        name: optional(text(value, name) if isinstance(value, str) else value, fields[name].default)
        for name, value in given.items()
    }
    return call(site.module(site.helper("MelSpectrogram"), **options), site.x)
