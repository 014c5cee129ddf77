"""Spectrograms as Keras has them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .windows import same_pads


class STFTSpectrogram(nn.Module):
    """The short-time Fourier transform of each channel, by convolutions.

    From [N, C, T] to [N, C * F, frames], or [N, C, frames, F] if `expand_dims`.
    """

    def __init__(
        self,
        mode: str,
        frame_length: int,
        frame_step: int,
        bins: int,
        padding: str = "valid",
        expand_dims: bool = False,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.frame_length = frame_length
        self.frame_step = frame_step
        self.padding = padding
        self.expand_dims = expand_dims
        if mode != "imag":
            self.real_kernel = nn.Parameter(torch.empty(bins, 1, frame_length))
        if mode != "real":
            self.imag_kernel = nn.Parameter(torch.empty(bins, 1, frame_length))

    def forward(self, x: Tensor) -> Tensor:
        if self.padding == "same":
            x = F.pad(x, same_pads(x, (self.frame_length,), (self.frame_step,)))
        y = self.spectrum(x[:, None])
        return y.transpose(2, 3) if self.expand_dims else y.flatten(1, 2)

    def spectrum(self, x: Tensor) -> Tensor:
        """What `mode` says, of [N, 1, C, T]: [N, C, F, frames]."""
        if self.mode == "real":
            return self.convolved(x, self.real_kernel)
        imag = self.convolved(x, self.imag_kernel)
        if self.mode == "imag":
            return imag
        real = self.convolved(x, self.real_kernel)
        if self.mode == "stft":
            return torch.cat([real, imag], dim=2)
        if self.mode == "angle":
            return torch.atan2(imag, real)
        power = real.square() + imag.square()
        if self.mode == "psd":
            return power + F.pad(power[:, :, 1:-1], (0, 0, 1, 1))
        magnitude = power.clamp(min=1e-7).sqrt()
        return magnitude if self.mode == "magnitude" else magnitude.log()

    def convolved(self, x: Tensor, kernel: Tensor) -> Tensor:
        y = F.conv2d(x, kernel[:, :, None], stride=(1, self.frame_step))
        return y.transpose(1, 2)


def window_taps(
    window: str | tuple[float, ...] | None, length: int, periodic: bool
) -> Tensor:
    """What each step of a frame is multiplied by: a window's name, the numbers, or ones."""
    if window is None or window == "boxcar":
        return torch.ones(length)
    if isinstance(window, tuple):
        return torch.tensor(window)
    functions = {
        "bartlett": torch.bartlett_window,
        "blackman": torch.blackman_window,
        "hamming": torch.hamming_window,
        "hann": torch.hann_window,
    }
    return functions[window](length, periodic=periodic)


class MelSpectrogram(nn.Module):
    """How strong each band of the mel scale is: from [N, T] to [N, bands, frames]."""

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: str | tuple[float, ...] | None = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
    ) -> None:
        super().__init__()
        self.fft_length = fft_length
        self.sequence_stride = sequence_stride
        self.power_to_db = power_to_db
        self.top_db = top_db
        self.mag_exp = mag_exp
        self.min_power = min_power
        self.reference = 10 * math.log10(max(abs(ref_power), min_power))
        length = fft_length if window is None else sequence_length or fft_length
        before = (fft_length - length) // 2
        taps = window_taps(window, length, periodic=length % 2 == 0)
        taps = F.pad(taps, (before, fft_length - length - before))
        highest = max_freq or sampling_rate // 2
        frequencies = torch.linspace(0, sampling_rate / 2, fft_length // 2 + 1)
        bands = mel_bands(frequencies, num_mel_bins, min_freq, highest)
        self.register_buffer("taps", taps, persistent=False)
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.stft(
            x,
            self.fft_length,
            self.sequence_stride,
            window=self.taps,
            pad_mode="reflect",
            return_complex=True,
        )
        y = self.bands @ spectrum.abs().pow(self.mag_exp)
        if not self.power_to_db:
            return y
        decibels = 10 * y.clamp(min=self.min_power).log10() - self.reference
        return torch.maximum(decibels, decibels.max() - self.top_db)


def mel_bands(frequencies: Tensor, count: int, lowest: float, highest: float) -> Tensor:
    """How much each frequency, in hertz, counts in each band: [bands, frequencies].

    Bands are triangles, as wide as each other on the mel scale; the frequency 0 is in none.
    """
    bounds = torch.tensor([lowest, highest])
    mels, ends = (1127 * torch.log(1 + f / 700) for f in (frequencies, bounds))
    edges = torch.linspace(*ends, count + 2)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    return torch.minimum(rising, falling).clamp(min=0) * (frequencies > 0)
