"""The ONNX backend: a graph of the compiler written as an ONNX model, and run by onnxruntime.

There is no tracing and no exporter between: see `model` for the file, `graph` for how layers are
lowered. Images are channels first at the model's boundary, as usual for ONNX.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from specc.backend import FileBackend
from specc.exporting import FileOptions
from specc.files import write_atomically
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.layout import IoLayout

from .graph import MAX_BYTES, require_fit
from .model import model_file
from .running import feed, session_runner

if TYPE_CHECKING:
    from specc.backend import Arrays, Runner


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
            stream = BytesIO()  # takes one part after the other, where `join` would hold all
            stream.writelines(file.parts())
            return stream.getvalue()

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

    def quantized(
        self,
        graph: Graph,
        weights: Arrays,
        inputs: Iterable[Arrays],
        io_layout: IoLayout | None = None,
        exclude: Sequence[str] = (),
        **options: Unpack[FileOptions],
    ) -> bytes:
        """See `specc.backend.FileBackend`, and `quantization`."""
        from .quantization import quantized

        model = self.compile(graph, weights, io_layout, **options)
        layout = io_layout or "channels_first"
        return quantized(model, (feed(graph, layout, each) for each in inputs), exclude)

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        """The outputs by name, from onnxruntime on the CPU, for channels-last inputs."""
        return self.runner_of(self.compile(graph, weights), graph, None)

    def runner_of(self, artifact: bytes, graph: Graph, io_layout: IoLayout | None) -> Runner:
        """See `specc.backend.FileBackend`; on the CPU."""
        return session_runner(artifact, graph, io_layout or "channels_first")


BACKEND = OnnxBackend()
