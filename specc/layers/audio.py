"""Sound, as pictures of how strong each frequency is when."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2
from typing import Annotated, Literal

from pydantic import Field

from specc.dims import Size
from specc.initializers import STFT, WindowName
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.proofs import at_least
from specc.shapes import Positive, require_constant, require_float, require_rank
from specc.tensor import TensorType
from specc.windows import Window, slide

Taps = Annotated[tuple[float, ...], Field(min_length=1)]
"""A window, one number for each step."""


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of each channel: convolutions that start as its waves.

    Its kernels are trained as all weights are. Of C channels of T steps it makes `[N, T', C · F]`,
    with the F frequencies of one channel after another, or `[N, T', F, C]`.
    Weights, of shape (F, 1, frame_length): `real_kernel`, but for `imag`, and `imag_kernel`, but
    for `real`.
    Source: `keras.layers.STFTSpectrogram`.
    """

    primary = "mode"
    layout = "channels_first"

    mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = Field(
        "log",
        description=(
            "`real` and `imag` are the parts of the transform, `stft` both, one after the other; "
            "`magnitude`, `log` and `angle` are its absolute value, the logarithm of it, and its "
            "angle; `psd` is the power of both frequencies, the positive and the negative one."
        ),
    )
    frame_length: Annotated[int, Field(ge=2, lt=2**16)] = Field(
        256, description="The steps of a frame."
    )
    frame_step: Positive | None = Field(
        None, description="The steps from one frame to the next; half a frame if absent."
    )
    fft_length: Positive | None = Field(
        None,
        description=(
            "The steps of the slowest wave, of which there are F = fft_length // 2 + 1; if absent, "
            "the least power of two that is not below the frame."
        ),
    )
    window: WindowName | Taps | None = Field(
        "hann", description="What a frame is multiplied by: a name, one number a step, or null."
    )
    periodic: bool = Field(
        False, description="Whether the end of a window by name is the begin of the next."
    )
    scaling: Literal["density", "spectrum"] | None = Field(
        "density",
        description="What the window is divided by: its norm, or its sum (`spectrum`).",
    )
    padding: Literal["valid", "same"] = Field(
        "valid", description="`same` adds zeros for as many frames as there are frame steps."
    )
    expand_dims: bool = Field(False, description="Whether the channels get an axis of their own.")

    @property
    def bins(self) -> int:
        """The number of frequencies."""
        return (self.fft_length or 2 ** ceil(log2(self.frame_length))) // 2 + 1

    @property
    def frames(self) -> Window:
        """The frames, as windows along time."""
        step = self.frame_step or self.frame_length // 2
        return Window(self.frame_length, step, 1, self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 3, "[N, T, C]")
        require_float(x)
        channels = require_constant(x.channels, "the channels")
        self._check_lengths()
        (frames,) = slide(x, (self.frames,))
        rows = 2 * self.bins if self.mode == "stft" else self.bins
        if self.expand_dims:
            return (x.with_shape((x.shape[0], frames, rows, channels)),)
        return (x.with_shape((x.shape[0], frames, channels * rows)),)

    def _check_lengths(self) -> None:
        length = self.frame_length
        if self.frame_step is not None and self.frame_step > length:
            self._refuse("frame_step", f"a step of at most the frame's {length}", self.frame_step)
        if self.fft_length is not None and self.fft_length < length:
            self._refuse("fft_length", f"at least the frame's {length} steps", self.fft_length)
        if isinstance(self.window, tuple) and len(self.window) != length:
            self._refuse("window", f"{length} numbers, one for each step", len(self.window))

    def _refuse(self, parameter: str, expected: str, received: int) -> None:
        raise Fault(
            "invalid-parameter",
            f"expected {expected}, received {received}",
            parameter=parameter,
            help="`frame_length` is the length of a frame",
        )

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        shape = (self.bins, 1, self.frame_length)
        fan = (self.frame_length, self.frame_length * self.bins)
        sides = [side for side, other in (("real", "imag"), ("imag", "real")) if self.mode != other]
        return {
            f"{side}_kernel": WeightDecl(
                shape,
                STFT.model_validate(
                    {
                        "side": side,
                        "window": self.window,
                        "scaling": self.scaling,
                        "periodic": self.periodic,
                    }
                ),
                fan,
                keras_order=(2, 1, 0),
            )
            for side in sides
        }

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return (2 * self.frame_length * len(self.weights(*inputs)) + 4) * y.elements

    samples = (
        Sample({"frame_length": 8}, ("float32[2, 40, 1]",), ("float32[2, 9, 5]",), 80),
        Sample(
            {"mode": "magnitude", "frame_length": 7, "frame_step": 2, "expand_dims": True},
            ("float32[N, 10*T, 2]",),
            ("float32[N, 5*T - 3, 5, 2]",),
            70,
        ),
        Sample(
            {"mode": "psd", "frame_length": 6, "fft_length": 16, "padding": "same"},
            ("float32[N, 10*T, 3]",),
            ("float32[N, (10*T + 2)//3, 27]",),
            108,
        ),
        Sample(
            {"mode": "real", "frame_length": 4, "window": "hamming", "periodic": True},
            ("float32[2, 12, 2]",),
            ("float32[2, 5, 6]",),
            12,
        ),
        Sample(
            {"mode": "imag", "frame_length": 4, "window": None, "scaling": None},
            ("float32[2, 12, 1]",),
            ("float32[2, 5, 3]",),
            12,
        ),
        Sample(
            {"mode": "angle", "frame_length": 4, "window": "blackman", "scaling": "spectrum"},
            ("float32[2, 12, 2]",),
            ("float32[2, 5, 6]",),
            24,
        ),
        Sample(
            {
                "mode": "stft",
                "frame_length": 3,
                "window": (0.5, 1.0, 0.25),
                "padding": "same",
                "expand_dims": True,
            },
            ("float32[2, 11, 2]",),
            ("float32[2, 11, 6, 2]",),
            18,
        ),
        Sample(
            {"frame_length": 16, "window": "bartlett", "frame_step": 16},
            ("float32[N, 10*T, 1]",),
            ("float32[N, (10*T)//16, 9]",),
            288,
        ),
        Sample(
            {"frame_length": 5, "window": "boxcar", "mode": "psd"},
            ("float32[2, 12, 1]",),
            ("float32[2, 4, 5]",),
            50,
        ),
    )


class MelSpectrogram(Layer):
    """How strong each band of the mel scale is in each frame: `[N, T]` to `[N, bands, frames]`.

    Frames are centred at multiples of the stride; beyond the ends lies the mirror image.
    Source: `keras.layers.MelSpectrogram`.
    """

    fft_length: Annotated[int, Field(ge=2, lt=2**20)] = Field(
        2048, description="The steps of a frame, as the Fourier transform takes it."
    )
    sequence_stride: Positive = Field(512, description="The steps from one frame to the next.")
    sequence_length: Positive | None = Field(
        None, description="The steps of the window, in the middle of the frame; all if absent."
    )
    window: Literal["hann", "hamming"] | Taps | None = Field(
        "hann",
        description=(
            "What a frame is multiplied by: a name, one number a step, or null. By name it is one "
            "of a period if its length is even, and symmetric if it is odd, as in TensorFlow."
        ),
    )
    sampling_rate: Positive = Field(16000, description="The steps of a second.")
    num_mel_bins: Positive = Field(128, description="The number of bands.")
    min_freq: Annotated[float, Field(ge=0)] = Field(
        20.0, description="Where the lowest band begins, in hertz."
    )
    max_freq: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Where the highest band ends, in hertz; half the sampling rate if absent."
    )
    power_to_db: bool = Field(True, description="Whether the result is in decibels.")
    top_db: Annotated[float, Field(gt=0)] = Field(
        80.0,
        description="How far below the strongest of the batch the weakest may be, in decibels.",
    )
    mag_exp: Annotated[float, Field(gt=0)] = Field(
        2.0, description="The exponent of the magnitude: 1 for energy, 2 for power."
    )
    min_power: Annotated[float, Field(gt=0)] = Field(
        1e-10, description="What is below counts as this much, before decibels."
    )
    ref_power: float = Field(1.0, description="What 0 decibels are.")

    @property
    def top_freq(self) -> float:
        """Where the highest band ends, in hertz."""
        return self.max_freq or self.sampling_rate // 2

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 2, "[N, T]")
        require_float(x)
        self._check_parameters()
        half = self.fft_length // 2
        if at_least(x.shape[1], half + 1) is False:
            raise Fault(
                "kernel-too-large",
                f"expected more steps than half a frame of {self.fft_length}, received "
                f"{x.shape[1]}",
                input=0,
                help="set `fft_length` to less",
            )
        frames = (x.shape[1] + (2 * half - self.fft_length)) // self.sequence_stride + 1
        return (x.with_shape((x.shape[0], self.num_mel_bins, frames)),)

    def _check_parameters(self) -> None:
        length = self.sequence_length or self.fft_length
        if length > self.fft_length:
            self._refuse("sequence_length", f"at most the frame's {self.fft_length}", length)
        if isinstance(self.window, tuple) and len(self.window) != length:
            self._refuse("window", f"{length} numbers, one for each step", len(self.window))
        if self.min_freq >= self.top_freq:
            self._refuse("min_freq", f"less than the highest, {self.top_freq:g}", self.min_freq)

    def _refuse(self, parameter: str, expected: str, received: float) -> None:
        raise Fault(
            "invalid-parameter",
            f"expected {expected}, received {received:g}",
            parameter=parameter,
        )

    def flops(self, *inputs: TensorType) -> Size:
        """Five operations for each step and halving of a fast Fourier transform."""
        (y,) = self.infer(*inputs)
        frames = y.shape[0] * y.shape[2]
        bins = self.fft_length // 2 + 1
        transform = self.fft_length * (5 * ceil(log2(self.fft_length)) + 1) + 3 * bins
        return frames * (transform + 2 * bins * self.num_mel_bins) + 4 * y.elements

    samples = (
        Sample(
            {"fft_length": 16, "sequence_stride": 8, "num_mel_bins": 4, "sampling_rate": 200},
            ("float32[2, 40]",),
            ("float32[2, 4, 6]",),
        ),
        Sample(
            {
                "fft_length": 16,
                "sequence_stride": 5,
                "sequence_length": 10,
                "window": "hamming",
                "sampling_rate": 100,
                "num_mel_bins": 3,
                "min_freq": 2.0,
                "max_freq": 45.0,
                "power_to_db": False,
                "mag_exp": 1.0,
            },
            ("float32[N, 10*T]",),
            ("float32[N, 3, 2*T + 1]",),
        ),
        Sample(
            {
                "fft_length": 15,
                "sequence_stride": 4,
                "window": None,
                "sampling_rate": 100,
                "num_mel_bins": 3,
                "min_freq": 0.0,
                "top_db": 3.0,
                "min_power": 0.5,
                "ref_power": -2.0,
            },
            ("float32[2, 33]",),
            ("float32[2, 3, 9]",),
        ),
        Sample(
            {
                "fft_length": 8,
                "sequence_length": 3,
                "window": (0.5, 1.0, 0.25),
                "sequence_stride": 3,
                "sampling_rate": 100,
                "num_mel_bins": 2,
            },
            ("float32[N, 10*T]",),
            ("float32[N, 2, (10*T)//3 + 1]",),
        ),
    )
