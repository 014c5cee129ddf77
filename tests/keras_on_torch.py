"""Every sample through Keras on its PyTorch backend: run by `test_parity` in a process of its own.

Writes JSON: by the id of the sample, how far the outputs are from onnxruntime's, in tolerances, or
the error that came instead. Keras reads its backend from `KERAS_BACKEND` once, at its import.
"""

from __future__ import annotations

import json
import sys

from parity import Keras, difference, onnx_outputs, sample_cases
from samples import all_samples

from specc.layer import Layer, Sample


def apart(layer: type[Layer], sample: Sample) -> float:
    """How far the outputs are from onnxruntime's, at the size that they differ most at."""
    cases = sample_cases(layer, sample)
    model = Keras(cases[0].graph, cases[0].weights)
    found: list[float] = []
    for case in cases:
        received = model.outputs(case.inputs)
        expected = onnx_outputs(case.graph, case.weights, case.inputs)
        found += [difference(received[name], expected[name]) for name in expected]
    return max(found)


def apart_or_error(layer: type[Layer], sample: Sample) -> float | str:
    """One sample's error leaves the others their answers."""
    try:
        return apart(layer, sample)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    import keras

    assert keras.backend.backend() == "torch"
    found = {sample.id: apart_or_error(*sample.values) for sample in all_samples()}
    json.dump(found, sys.stdout)
