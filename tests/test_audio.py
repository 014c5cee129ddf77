"""How a short-time Fourier transform starts: with Keras's waves, in every backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from specc.backends.pytorch.helpers.initialization import stft_
from specc.initializers import STFT

SHAPE = (9, 1, 12)
"""Frequencies, 1, steps."""

WINDOWS = ("bartlett", "blackman", "boxcar", "hamming", "hann", None)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("window", [*WINDOWS, tuple(0.1 * step for step in range(1, 13))])
@pytest.mark.parametrize("side", ["real", "imag"])
def test_the_waves_are_those_of_keras(side: str, window: Any, scaling: Any, periodic: bool) -> None:
    initializer = keras.initializers.STFT(side, window, scaling, periodic)
    expected = keras.ops.convert_to_numpy(initializer(SHAPE[::-1])).transpose(2, 1, 0)
    options = {"window": window, "scaling": scaling, "periodic": periodic}
    ours = STFT.model_validate({"side": side, **options})
    drawn = ours.draw(SHAPE, (1, 1), np.random.default_rng(0))
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-5)
    weight = torch.empty(SHAPE)
    stft_(weight, side, **options)
    np.testing.assert_allclose(weight.numpy(), drawn, rtol=1e-5, atol=1e-5)
