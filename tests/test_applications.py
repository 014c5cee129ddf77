"""The zoo is what `keras.applications` has: on its weights, all backends give its outputs.

The first network of each family is tested always, all of them by
`pytest tests/test_applications.py --all-applications`.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from applications import APPLICATIONS, Application, moved_weights
from parity import TOLERANCE, Keras, Torch, onnx_outputs

from specc.verification import random_inputs


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = APPLICATIONS
    if not metafunc.config.getoption("--all-applications"):
        specs = [each.spec for each in APPLICATIONS]
        chosen = [APPLICATIONS[specs.index(spec)] for spec in dict.fromkeys(specs)]
    metafunc.parametrize("application", chosen, ids=lambda each: each.function)


@pytest.fixture(autouse=True)
def _one_network_at_a_time() -> Iterator[None]:
    """Keras lets go of the last one."""
    yield
    keras.backend.clear_session()


def test_every_backend_computes_what_keras_does(application: Application) -> None:
    graph, model = application.graph, application.build()
    weights, inputs = moved_weights(model, graph), random_inputs(graph, {"N": 2})
    expected = keras.ops.convert_to_numpy(model(*inputs.values(), training=False))
    largest = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 100 * TOLERANCE * largest, "images count"
    for outputs in (
        onnx_outputs(graph, weights, inputs),
        Torch(graph, weights).outputs(inputs),
        Keras(graph, weights).outputs(inputs),
    ):
        (received,) = outputs.values()
        assert received.shape == expected.shape
        assert np.abs(received - expected).max() <= TOLERANCE * largest
