"""The zoo is what `keras.applications` has: on its weights, all backends give its outputs.

The first network of each family is tested always, all of them by
`pytest tests/test_applications.py --all-applications`.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from applications import APPLICATIONS, Application, first_of_each_spec, moved_weights
from parity import TOLERANCE, Keras, Torch, onnx_outputs

from specc.verification import random_inputs
from specc.weights import initial_weights


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = metafunc.config.getoption("--all-applications")
    chosen = APPLICATIONS if every else first_of_each_spec()
    metafunc.parametrize("application", chosen, ids=lambda each: each.function)


@pytest.fixture(autouse=True)
def _one_network_at_a_time() -> Iterator[None]:
    """Keras lets go of the last one."""
    yield
    keras.backend.clear_session()


def test_every_backend_computes_what_keras_does(application: Application) -> None:
    graph, model = application.graph, application.build()
    ours, inputs = Keras(graph, initial_weights(graph.weights)), random_inputs(graph, {"N": 2})
    weights = moved_weights(model, ours)
    expected = keras.ops.convert_to_numpy(model(*inputs.values(), training=False))
    largest = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 100 * TOLERANCE * largest, "images count"
    for outputs in (
        onnx_outputs(graph, weights, inputs),
        Torch(graph, weights).outputs(inputs),
        ours.outputs(inputs),
    ):
        (received,) = outputs.values()
        assert received.shape == expected.shape
        assert np.abs(received - expected).max() <= TOLERANCE * largest
