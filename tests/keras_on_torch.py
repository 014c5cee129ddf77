"""Every sample through Keras on its PyTorch backend: run by `test_parity` in a process of its own.

Writes JSON: by the id of the sample, how far the outputs are from onnxruntime's, in tolerances, or
the error that came instead. Keras reads its backend from `KERAS_BACKEND` once, at its import.
"""

from __future__ import annotations

import json
import sys

from parity import Keras, difference, onnx_outputs, sample_case, sized_samples

from specc.layer import Layer, Sample


def apart(layer: type[Layer], sample: Sample, large: bool) -> float:
    case = sample_case(layer, sample, large)
    received = Keras(case.graph, case.weights).outputs(case.inputs)
    expected = onnx_outputs(case.graph, case.weights, case.inputs)
    return max(difference(received[name], expected[name]) for name in expected)


def apart_or_error(layer: type[Layer], sample: Sample, large: bool) -> float | str:
    """One sample's error leaves the others their answers."""
    try:
        return apart(layer, sample, large)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    import keras

    assert keras.backend.backend() == "torch"
    found = {sample.id: apart_or_error(*sample.values) for sample in sized_samples()}
    json.dump(found, sys.stdout)
