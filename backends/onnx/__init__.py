"""The ONNX backend: a graph of the compiler written as an ONNX model, and run by onnxruntime.

There is no tracing and no exporter between: see `model` for the file, `graph` for how layers are
lowered. Images are channels first at the model's boundary, as usual for ONNX.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from specc.backend import FileBackend
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.layout import IoLayout, Order, boundary_orders, permutation

from .model import model_bytes

if TYPE_CHECKING:
    from specc.backend import Array, Arrays, Runner


class OnnxBackend(FileBackend):
    """See `specc.backend.Backend`."""

    name = "onnx"
    suffix = ".onnx"

    def compile(
        self,
        graph: Graph,
        weights: Arrays | None,
        io_layout: IoLayout | None,
        *,
        metadata: Mapping[str, str] | None = None,
    ) -> bytes:
        """The bytes of an `.onnx` file; without `weights` they are zeros that take no space.

        metadata: what the file says of itself besides `io_layout`.
        Raises `SpecError`: `unsupported-layer`, or `artifact-too-large`.
        """
        with collection_paused():
            return model_bytes(graph, weights, io_layout, metadata or {})

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        """The outputs by name, from onnxruntime on the CPU, for channels-last inputs."""
        from onnxruntime import InferenceSession

        model = self.compile(graph, weights, "channels_first")
        session = InferenceSession(model, providers=["CPUExecutionProvider"])
        orders = boundary_orders(graph, "channels_first")

        def run(inputs: Arrays) -> dict[str, Array]:
            given = {
                name: _reordered(inputs[name], None, orders[value])
                for name, value in graph.inputs.items()
            }
            results = session.run(None, given)
            return {
                name: _reordered(result, orders[value], None)
                for (name, value), result in zip(graph.outputs.items(), results, strict=True)
            }

        return run


def _reordered(array: NDArray[Any], source: Order, target: Order) -> NDArray[Any]:
    """The array in another memory order, contiguous."""
    return np.asarray(array.transpose(permutation(source, target, array.ndim)), order="C")


BACKEND = OnnxBackend()
