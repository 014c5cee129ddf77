"""The ONNX backend: a graph of the compiler written as an ONNX model, and run by onnxruntime.

There is no tracing and no exporter between: see `model` for the file, `graph` for how layers are
lowered. Images are channels first at the model's boundary, as usual for ONNX.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

import numpy as np
from numpy.typing import NDArray

from specc.backend import FileBackend
from specc.exporting import FileOptions
from specc.files import write_atomically
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.layout import IoLayout, Order, boundary_orders, permutation

from .graph import MAX_BYTES, require_fit
from .model import model_file

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
        io_layout: IoLayout | None = None,
        **options: Unpack[FileOptions],
    ) -> bytes:
        """The bytes of an `.onnx` file; without `weights` they are zeros that take no space.

        Raises `SpecError`: `unsupported-layer`, or `artifact-too-large`.
        """
        with collection_paused():
            file = model_file(graph, weights, io_layout, **options)
            require_fit(file.size, "the weights and constants")
            return b"".join(file.parts())

    def write(
        self,
        path: Path,
        graph: Graph,
        weights: Arrays | None,
        io_layout: IoLayout | None = None,
        *,
        external_data: bool = False,
        **options: Unpack[FileOptions],
    ) -> None:
        """See `specc.backend.FileBackend`. Raises `SpecError`: as `compile`, or `unwritable`."""
        with collection_paused():
            file = model_file(graph, weights, io_layout, **options)
            beside = path.with_name(f"{path.name}.data")
            has_data = external_data or file.size > MAX_BYTES

            def write(stream: BinaryIO) -> None:
                stream.writelines(file.parts(beside.name if has_data else None))
                if has_data:
                    write_atomically(beside, lambda data: data.writelines(file.large_tensors()))

            write_atomically(path, write)

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
