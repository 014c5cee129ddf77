"""The ONNX backend: a graph of the compiler written as an ONNX model, and run by onnxruntime.

There is no tracing and no exporter between: see `model` for the file, `graph` for how layers are
lowered. Images are channels first at the model's boundary, as usual for ONNX.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Unpack

from specc.backend import FileBackend
from specc.exporting import FileOptions
from specc.files import locked, temporary_file, write_atomically
from specc.garbage import collection_paused
from specc.ir import Graph
from specc.passes.layout import IoLayout
from specc.source import printable

from .checking import check_file
from .graph import MAX_BYTES, require_fit
from .model import model_file
from .running import feed, session_runner
from .wire import ModelFile, Part

if TYPE_CHECKING:
    from specc.backend import Arrays, Runner

Inspect = Callable[[Path, Path], None]
"""Looks at a model before it takes its place, and at the same one without its large tensors."""


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
            return _contents(model_file(graph, weights, io_layout, **options))

    def write(
        self,
        path: Path,
        graph: Graph,
        weights: Arrays | None,
        io_layout: IoLayout | None = None,
        *,
        external_data: bool = False,
        check: bool = False,
        **options: Unpack[FileOptions],
    ) -> tuple[str, ...]:
        """See `specc.backend.FileBackend`.

        Raises `SpecError`: as `compile`, `unwritable`, or `export-faulty`.
        """
        with collection_paused():
            file = model_file(graph, weights, io_layout, **options)
        found: list[str] = []

        def inspect(whole: Path, light: Path) -> None:
            layout: IoLayout = io_layout or "channels_first"
            found.extend(check_file(whole, light, graph, layout).lines)

        if (external_data and file.has_large) or file.size > MAX_BYTES:
            _write_two(path, file, inspect if check else None)
            beside = printable(f"{path.name}.data")
            found.append(f"large tensors are in {beside}: keep it with the model")
        else:
            _write_one(path, file, inspect if check else None)
        return tuple(found)

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

        with collection_paused():
            # onnx's reference has DequantizeLinear from opset 19 on.
            file = model_file(graph, weights, io_layout, least_opset=19, **options)
            model = _contents(file)
        layout = io_layout or "channels_first"
        return quantized(model, graph, (feed(graph, layout, each) for each in inputs), exclude)

    def check(
        self, artifact: bytes, graph: Graph, io_layout: IoLayout | None = None
    ) -> tuple[str, ...]:
        """See `specc.backend.FileBackend`."""
        return (*check_file(artifact, artifact, graph, io_layout or "channels_first").lines,)

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        """The outputs by name, from onnxruntime on the CPU, for channels-last inputs."""
        with collection_paused():
            file = model_file(graph, weights, None)
        if file.size <= MAX_BYTES:
            return self.runner_of(_contents(file), graph, None)
        with TemporaryDirectory(prefix="specc-", ignore_cleanup_errors=True) as folder:
            path = Path(folder, "model.onnx")
            _write_two(path, file, None)
            return session_runner(path, graph, "channels_first")

    def runner_of(self, artifact: bytes, graph: Graph, io_layout: IoLayout | None) -> Runner:
        """See `specc.backend.FileBackend`; on the CPU."""
        return session_runner(artifact, graph, io_layout or "channels_first")


def _contents(file: ModelFile) -> bytes:
    """Raises `SpecError` (`artifact-too-large`)."""
    help = "write it to a path: large tensors go beside it, but not in eight bits"
    require_fit(file.size, "the weights and constants", help)
    stream = BytesIO()  # takes one part after the other, where `join` would hold all
    stream.writelines(file.parts())
    return stream.getvalue()


def _write_one(path: Path, file: ModelFile, inspect: Inspect | None) -> None:
    """Write the model, with all in it.

    inspect: is given its path, and that of one whose large tensors are in there.
    """

    def inspect_whole(whole: Path) -> None:
        if inspect is not None:
            with temporary_file(path.parent, _filler(file.parts_pointing(whole.name))) as light:
                inspect(whole, light)

    write_atomically(path, _filler(file.parts()), inspect_whole)


def _write_two(path: Path, file: ModelFile, inspect: Inspect | None) -> None:
    """Write the model, and its large tensors beside it.

    Both are whole, and inspected together, before the first takes its place. An old model goes
    before that, and no other process writes here until both are there: whatever interrupts this, no
    model ever stands beside another one's tensors.

    inspect: is given the path of the model, twice.
    """
    beside = Path(f"{path}.data")

    with ExitStack() as stack:

        def inspect_both(data: Path) -> None:
            if inspect is not None:
                with temporary_file(path.parent, _filler(file.parts_beside(data.name))) as model:
                    inspect(model, model)
            stack.enter_context(locked(path.parent))
            path.unlink(missing_ok=True)

        def write_data(_: Path) -> None:
            write_atomically(beside, _filler(file.large_tensors()), inspect_both)

        write_atomically(path, _filler(file.parts_beside(beside.name)), write_data)


def _filler(parts: Iterable[Part]) -> Callable[[BinaryIO], None]:
    """What writes the parts of a file into a stream."""
    return lambda stream: stream.writelines(parts)


BACKEND = OnnxBackend()
