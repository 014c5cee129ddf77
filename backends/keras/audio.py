"""Sound, as pictures of how strong each frequency is when."""

from __future__ import annotations

from specc.emit.code import Code, call
from specc.layers.audio import MelSpectrogram, STFTSpectrogram

from .augmentation import arguments
from .site import LOWERINGS, Site


@LOWERINGS.add("STFTSpectrogram")
def stft_spectrogram(layer: STFTSpectrogram, site: Site) -> Code:
    for name in site.node.weights:
        site.weight(name, name)
    return call(site.layer("layers.STFTSpectrogram", *arguments(layer)), site.x)


@LOWERINGS.add("MelSpectrogram")
def mel_spectrogram(layer: MelSpectrogram, site: Site) -> Code:
    return call(site.layer("layers.MelSpectrogram", *arguments(layer)), site.x)
