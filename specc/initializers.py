"""How weights start: Keras's initializers, with Keras's meaning, drawn outside any framework.

A spec writes `he_normal` or `{random_normal: {stddev: 0.02}}`. Arrays come in the canonical layout,
that of PyTorch's `state_dict`; the fans that scale them are given, since only the layer knows how
Keras counts them. Importing this module does not import numpy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from specc.named import ByName, Named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Fan = tuple[int, int]
Mode = Literal["fan_in", "fan_out", "fan_avg"]
Distribution = Literal["truncated_normal", "untruncated_normal", "uniform"]

TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal cut off at ±2."""


class Initializer(Named):
    """How the first values of a weight are drawn.

    Keras makes each from its `name` alone as well, but for `constant`.
    """

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        """Values of `shape`, in the canonical layout.

        fan: (fan_in, fan_out) as Keras counts them.
        """
        raise NotImplementedError

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Why a weight of `shape` cannot be drawn so; None if it can."""
        return None


class Constant(Initializer):
    """Every element is `value`."""

    name = "constant"
    primary = "value"

    value: float = 0.0

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        return np.full(shape, self.value, np.float32)


class Zeros(Initializer):
    """Every element is 0."""

    name = "zeros"
    aliases = ("zero",)

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """Every element is 1."""

    name = "ones"
    aliases = ("one",)

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        return np.ones(shape, np.float32)


class RandomNormal(Initializer):
    """Normal, of the given mean and standard deviation."""

    name = "random_normal"
    aliases = ("normal",)

    mean: float = 0.0
    stddev: float = Field(0.05, ge=0)

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        return _normal(shape, self.mean, self.stddev, generator)


class TruncatedNormal(Initializer):
    """Normal; values beyond two standard deviations of the mean are drawn again."""

    name = "truncated_normal"

    mean: float = 0.0
    stddev: float = Field(0.05, ge=0)

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        return _truncated_normal(shape, self.mean, self.stddev, generator)


class RandomUniform(Initializer):
    """Uniform from `minval` to `maxval`."""

    name = "random_uniform"
    aliases = ("uniform",)

    minval: float = -0.05
    maxval: float = 0.05

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minval > self.maxval:
            raise ValueError(f"expected minval <= maxval, received {self.minval} and {self.maxval}")
        return self

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        return _uniform(shape, self.minval, self.maxval, generator)


class VarianceScaling(Initializer):
    """The variance is `scale` / n, where n is the fan in, the fan out, or the average of both."""

    name = "variance_scaling"

    scale: float = Field(1.0, gt=0)
    mode: Mode = "fan_in"
    distribution: Distribution = "truncated_normal"

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        return _scaled(self.scale, self.mode, self.distribution, shape, fan, generator)


class _FixedScaling(Initializer):
    """A `VarianceScaling` with a name of its own and no arguments."""

    scaling: ClassVar[tuple[float, Mode, Distribution]]

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        return _scaled(*self.scaling, shape, fan, generator)


class GlorotUniform(_FixedScaling):
    """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    name = "glorot_uniform"
    scaling = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    name = "glorot_normal"
    scaling = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_FixedScaling):
    """Uniform within ±√(6 / fan_in) (He et al., 2015)."""

    name = "he_uniform"
    scaling = (2.0, "fan_in", "uniform")


class HeNormal(_FixedScaling):
    """Truncated normal of variance 2 / fan_in (He et al., 2015)."""

    name = "he_normal"
    scaling = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Uniform within ±√(3 / fan_in) (LeCun et al., 1998)."""

    name = "lecun_uniform"
    scaling = (1.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Truncated normal of variance 1 / fan_in (LeCun et al., 1998)."""

    name = "lecun_normal"
    scaling = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """Orthogonal rows or columns, whichever are fewer, of length `gain` (Saxe et al., 2014).

    A kernel is taken as the matrix (taps and inputs, outputs), as Keras flattens it.
    """

    name = "orthogonal"
    primary = "gain"

    gain: float = 1.0

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        keras_shape = (*shape[2:], shape[1], shape[0])
        rows, columns = math.prod(keras_shape[:-1]), keras_shape[-1]
        tall = generator.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        # The signs on r's diagonal are the algorithm's choice: without them q is uniform.
        q *= np.sign(np.diag(r))
        kernel = (self.gain * (q.T if rows < columns else q)).reshape(keras_shape)
        return _canonical(kernel.astype(np.float32))

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        if len(shape) >= 2:
            return None
        return f"orthogonal needs a weight of rank 2 or more, received shape {list(shape)}"


class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere; for weights of rank 2."""

    name = "identity"
    primary = "gain"

    gain: float = 1.0

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        return np.float32(self.gain) * np.eye(*shape, dtype=np.float32)

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        if len(shape) == 2:
            return None
        return f"identity needs a weight of rank 2, received shape {list(shape)}"


class UnitForgetBias(Initializer):
    """The biases of an LSTM's gates i, f, g, o: ones for f, and the others as `others` has it.

    No spec writes it by name: it is what `unit_forget_bias` makes of a layer's `bias_initializer`.
    """

    name = "unit_forget_bias"

    others: Initializer

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        values = self.others.draw(shape, fan, generator)
        values[shape[0] // 4 : shape[0] // 2] = np.float32(1)
        return values

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        return self.others.refusal(shape)


WindowName = Literal["bartlett", "blackman", "boxcar", "hamming", "hann"]


class STFT(Initializer):
    """The waves of a short-time Fourier transform [bins, 1, length], times a window.

    No spec writes it by name: it is how `STFTSpectrogram` starts.
    window: a name as in `scipy.signal.windows`, one number for each step, or None for none.
    periodic: whether a window by name is one of a period, whose end is the next one's begin.
    scaling: divides the window by its norm (`density`), or its sum (`spectrum`).
    """

    name = "stft"

    side: Literal["real", "imag"] = "real"
    window: WindowName | tuple[float, ...] | None = "hann"
    scaling: Literal["density", "spectrum"] | None = "density"
    periodic: bool = False

    def draw(
        self, shape: tuple[int, ...], fan: Fan, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        import numpy as np

        bins, _, length = shape
        angles = np.pi * np.outer(np.arange(bins), np.arange(length)) / (bins - 1)
        waves = np.cos(angles) if self.side == "real" else -np.sin(angles)
        return (waves * self.taps(length))[:, None].astype(np.float32)

    def taps(self, length: int) -> NDArray[np.float64]:
        """The window, of so many steps."""
        import numpy as np

        if self.window is None:
            return np.ones(length)
        window = np.asarray(self.window) if isinstance(self.window, tuple) else self._named(length)
        match self.scaling:
            case "density":
                return window / np.sqrt(np.square(window).sum())
            case "spectrum":
                return window / np.abs(window).sum()
            case None:
                return window

    def _named(self, length: int) -> NDArray[np.float64]:
        import numpy as np

        functions = {"hann": np.hanning, "boxcar": np.ones}
        function = functions.get(str(self.window)) or getattr(np, str(self.window))
        return function(length + 1)[:-1] if self.periodic else function(length)


INITIALIZERS: tuple[type[Initializer], ...] = (
    Zeros,
    Ones,
    Constant,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    GlorotUniform,
    GlorotNormal,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    Identity,
)

InitializerField = Annotated[Initializer, ByName("initializer", INITIALIZERS)]
"""The type of a layer's parameter that takes an initializer."""


def _scaled(
    scale: float,
    mode: Mode,
    distribution: Distribution,
    shape: tuple[int, ...],
    fan: Fan,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    units = {"fan_in": fan[0], "fan_out": fan[1], "fan_avg": sum(fan) / 2}[mode]
    variance = scale / max(1.0, units)
    stddev = math.sqrt(variance)
    if distribution == "truncated_normal":
        return _truncated_normal(shape, 0.0, stddev / TRUNCATED_STDDEV, generator)
    if distribution == "untruncated_normal":
        return _normal(shape, 0.0, stddev, generator)
    limit = math.sqrt(3 * variance)
    return _uniform(shape, -limit, limit, generator)


def _uniform(
    shape: tuple[int, ...], low: float, high: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    import numpy as np

    values = generator.random(shape, dtype=np.float32)
    values *= high - low
    values += low
    return values


def _normal(
    shape: tuple[int, ...], mean: float, stddev: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    import numpy as np

    values = generator.standard_normal(shape, dtype=np.float32)
    values *= stddev
    values += mean
    return values


def _truncated_normal(
    shape: tuple[int, ...], mean: float, stddev: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    import numpy as np

    values = generator.standard_normal(math.prod(shape), dtype=np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = generator.standard_normal(outside.size, dtype=np.float32)
        outside = outside[np.abs(values[outside]) > 2]
    values *= stddev
    values += mean
    return values.reshape(shape)


def _canonical(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keras's layout (…taps, inputs, outputs) as PyTorch's (outputs, inputs, …taps)."""
    import numpy as np

    return np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))
