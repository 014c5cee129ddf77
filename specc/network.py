"""The Python API: `load` reads a spec, `Network` is what can be made of it.

Everything here works on the checked graph; a framework is imported when a model of it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from specc.backend import load_backend, load_file_backend, load_model_backend
from specc.checking import check_file, require_graph
from specc.diagnostics import SpecError
from specc.dims import Size
from specc.exporting import ExportOptions, FileOptions
from specc.files import require_writable, write_atomically
from specc.ir import Graph
from specc.locating import locate, run_folder
from specc.names import did_you_mean
from specc.packages import needs
from specc.passes.appended import append_softmax, append_top_k
from specc.passes.cost import flops
from specc.passes.layout import IoLayout
from specc.summary import Summary, summarize
from specc.tensor import TensorType

if TYPE_CHECKING:
    import keras  # pyright: ignore[reportMissingTypeStubs]
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from specc.data.document import Data
    from specc.drawing.formats import Drawing, Format
    from specc.quantizing import Quantization
    from specc.syntax.program import Program
    from specc.training.document import Train
    from specc.training.loop import Observer
    from specc.training.run import Run
    from specc.verification import Verification

    Weights = str | os.PathLike[str] | Mapping[str, Any] | None


def load(
    spec: str | os.PathLike[str],
    *,
    variant: str | None = None,
    params: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Network:
    """The network of `path.yaml`, or of a name in the zoo (`densenet`); either with `@variant`.

    The folder of a run stands for the run's spec.

    params: values that override the spec's and the variant's.
    train, data: what is laid over the sections of these names, as `{"epochs": 20}`; a mapping is
        laid over what is there, anything else takes its place.
    sizes: what stands for symbols of the inputs, as `{"N": 1, "h": 7}`: the network is as if the
        spec had these numbers.
    Raises `SpecError` with every fault of the spec.
    """
    location = locate(os.fspath(spec), variant)
    checked = check_file(
        location.path,
        variant=location.variant,
        params=params,
        train=train,
        data=data,
        sizes=sizes,
    )
    return Network(require_graph(checked), checked.program, checked.train, checked.data)


@dataclass(frozen=True, slots=True, repr=False)
class Network:
    """A network that was checked. What it is made into has no need of specc.

    Wherever weights are taken they are a path to a safetensors file, the folder of a run (its best
    ones), a mapping of arrays by canonical key (such as a `state_dict`), or None: then they are
    drawn from `seed`, the same for every backend.
    io_layout: how images and volumes lie at the model's boundary, `channels_first` or
        `channels_last`; None is the backend's own convention.

    program: the spec it was read from; None for a network that was made of a graph.
    train, data: how the spec says that it is trained, and on what; None where it does not.
    """

    graph: Graph
    program: Program | None = None
    train: Train | None = None
    data: Data | None = None

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name}: {type}" for name, type in self.inputs.items())
        outputs = ", ".join(f"{name}: {type}" for name, type in self.outputs.items())
        return f"<Network {self.name}: {inputs} -> {outputs}, {self.parameters:,} parameters>"

    def _repr_html_(self) -> str:
        return summarize(self.graph).html()

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def inputs(self) -> dict[str, TensorType]:
        """The types of the inputs by name, as in the spec: channels last."""
        return {name: value.type for name, value in self.graph.inputs.items()}

    @property
    def outputs(self) -> dict[str, TensorType]:
        """The types of the outputs by name, as in the spec: channels last."""
        return {name: value.type for name, value in self.graph.outputs.items()}

    @property
    def parameters(self) -> int:
        """The number of all weights' elements, as Keras counts them (moving averages too)."""
        return self.graph.parameters

    @property
    def trainable_parameters(self) -> int:
        """The number of the trainable weights' elements."""
        return self.graph.trainable_parameters

    @property
    def flops(self) -> Size:
        """Floating-point operations for one example; a multiply and an add are two."""
        return flops(self.graph)

    def summary(self, depth: int | None = None) -> None:
        """Print the table of layers, shapes and parameters; in a notebook, show it.

        depth: how many levels of blocks and loops are opened; None opens all.
        """
        _show(summarize(self.graph, depth))

    def draw(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        format: Format | None = None,
        depth: int = 0,
    ) -> Drawing:
        """The picture of the network, which a notebook shows; also written to `path`, if given.

        format: `svg`, `mermaid` or `dot`; None goes by the ending of `path`, and is SVG without.
        depth: how many levels of blocks are opened; iterations of a loop that are equal are drawn
            once.
        Raises `SpecError` (`drawing-too-large`, `invalid-input`, `unwritable`).
        """
        from specc.drawing.formats import ENDINGS, FORMATS, draw, format_of

        target = None if path is None else Path(path)
        chosen = format or ("svg" if target is None else format_of(target))
        if chosen not in FORMATS:
            message = f"expected a format {', '.join(FORMATS)} or a file {', '.join(ENDINGS)}"
            raise SpecError.of("invalid-input", f"{message}, received {format or target}")
        drawing = draw(self.graph, chosen, depth)
        if target is not None:
            write_atomically(target, str(drawing).encode())
        return drawing

    @needs("torch")
    def to_pytorch(
        self, weights: Weights = None, *, seed: int = 0, io_layout: IoLayout | None = None
    ) -> torch.nn.Module:
        """A plain PyTorch module, in training mode as every new module is; images are NCHW."""
        backend = load_model_backend("pytorch")
        values = self._weights(weights, seed, copy=False)
        return backend.model(self.graph, values, _layout(io_layout))

    @needs("keras")
    def to_keras(
        self, weights: Weights = None, *, seed: int = 0, io_layout: IoLayout | None = None
    ) -> keras.Model:
        """A plain Keras functional model, not compiled; images are NHWC."""
        backend = load_model_backend("keras")
        return backend.model(self.graph, self._weights(weights, seed), _layout(io_layout))

    @overload
    def to_onnx(
        self,
        path: None = None,
        weights: Weights = None,
        *,
        seed: int = 0,
        **options: Unpack[ExportOptions],
    ) -> bytes: ...

    @overload
    def to_onnx(
        self,
        path: str | os.PathLike[str],
        weights: Weights = None,
        *,
        seed: int = 0,
        **options: Unpack[ExportOptions],
    ) -> Path: ...

    @needs("onnx")
    def to_onnx(
        self,
        path: str | os.PathLike[str] | None = None,
        weights: Weights = None,
        *,
        seed: int = 0,
        **options: Unpack[ExportOptions],
    ) -> bytes | Path:
        """The ONNX model as bytes, or written to `path`, which comes back; images are NCHW.

        options: see `specc.exporting.ExportOptions`.
        Raises `SpecError`: `export-faulty` if it is checked and not right, and then writes nothing.
        """
        values, graph = self._weights(weights, seed, copy=False), self._appended(options)
        layout = _layout(options.pop("io_layout", None))
        external_data, check = options.pop("external_data", False), options.pop("check", False)
        report = options.pop("report", lambda _: None)
        backend, others = load_file_backend("onnx"), cast("FileOptions", options)
        found: tuple[str, ...] = ()
        if path is not None:
            around = {"external_data": external_data, "check": check}
            found = backend.write(Path(path), graph, values, layout, **around, **others)
        elif check:
            with TemporaryDirectory() as folder:
                there = Path(folder, "model.onnx")
                found = backend.write(there, graph, values, layout, check=True, **others)
        for line in found:
            report(line)
        return backend.compile(graph, values, layout, **others) if path is None else Path(path)

    @needs("onnx")
    def quantize(
        self,
        path: str | os.PathLike[str],
        weights: Weights,
        *,
        seed: int = 0,
        data: str | os.PathLike[str] | None = None,
        examples: int | None = None,
        **options: Unpack[ExportOptions],
    ) -> Quantization:
        """Write the ONNX model in eight bits to `path`, and say what that costs.

        data: the path of labelled examples, which calibrate and judge it; None takes what the spec
            names. examples: how many calibrate.
        options: as of `to_onnx`; what is appended stays in float32.
        Raises `SpecError`: `export-faulty` if it is checked and not right, and then writes nothing.
        """
        from specc.data.document import Data
        from specc.data.opening import with_path
        from specc.quantizing import CALIBRATION_EXAMPLES, quantize

        require_writable(Path(path))
        source = self.data if data is None else with_path(self.data, os.fspath(data))
        values, graph = self._weights(weights, seed, copy=False), self._appended(options)
        layout = _layout(options.pop("io_layout", None))
        options.pop("external_data", None)
        check, report = options.pop("check", False), options.pop("report", lambda _: None)
        found = quantize(
            replace(self, data=source or Data()),
            graph,
            values,
            examples or CALIBRATION_EXAMPLES,
            layout,
            **cast("FileOptions", options),
        )
        if check:
            for line in load_file_backend("onnx").check(found.model, graph, layout):
                report(line)
        write_atomically(Path(path), found.model)
        return found

    def _appended(self, options: ExportOptions) -> Graph:
        """The graph with what the options append, which go; the file is to say what it is of.

        Raises `SpecError` (`invalid-input`) for an option that is none.
        """
        for name in options.keys() - ExportOptions.__optional_keys__:
            help = did_you_mean(name, ExportOptions.__optional_keys__)
            raise SpecError.of("invalid-input", f"there is no option `{name}`", help=help)
        graph = append_softmax(self.graph) if options.pop("softmax", False) else self.graph
        if (k := options.pop("top_k", None)) is not None:
            graph = append_top_k(graph, k)
        options["metadata"] = {**self._provenance(), **options.get("metadata", {})}
        return graph

    def _provenance(self) -> dict[str, str]:
        from specc.provenance import provenance

        return provenance(self.program, self.graph) if self.program else {}

    def source(self, backend: str, *, io_layout: IoLayout | None = None) -> str:
        """The source text that `specc build` prints: of `pytorch`, `keras`, or a third party's.

        Raises `SpecError` (`unknown-backend`) for a backend whose artifact is no text.
        """
        artifact = load_backend(backend).compile(self.graph, None, _layout(io_layout))
        if isinstance(artifact, str):
            return artifact
        message = f"the {backend} backend writes a file, not source"
        raise SpecError.of("unknown-backend", message, help="use `to_onnx`" * (backend == "onnx"))

    @needs()
    def initial_weights(self, seed: int = 0) -> dict[str, NDArray[np.float32]]:
        """The weights that training starts from by canonical key, drawn by the initializers."""
        from specc.weights import initial_weights

        return initial_weights(self.graph.weights, seed)

    @needs()
    def save_weights(self, model: Any, path: str | os.PathLike[str]) -> None:
        """Write the weights of `model` as safetensors that every backend reads.

        model: a PyTorch module or a Keras model of this network, or a mapping of arrays.
        Raises `SpecError` (`weights-mismatch`, `unwritable`).
        """
        from specc.weights import save_weights

        backend = _backend_of(model)
        weights = load_model_backend(backend).weights_of(self.graph, model) if backend else model
        save_weights(os.fspath(path), self._weights(weights, 0, copy=False))

    @needs("train")
    def fit(
        self,
        data: str | os.PathLike[str] | None = None,
        *,
        backend: str = "pytorch",
        output: str | os.PathLike[str] | None = None,
        resume: bool = False,
        weights: str | os.PathLike[str] | None = None,
        observer: Observer | None = None,
    ) -> Run:
        """Train as the spec says, as `specc train` does; the run as it stands in its folder.

        data: the path of the examples; None takes what the spec names.
        output: the folder of the run; None is `runs/NAME`. resume: go on with what is there.
        weights: to start from. observer: who is told of steps and epochs.
        Raises `SpecError`, and `specc.training.interruption.Interrupted` after Ctrl+C.
        """
        from specc.data.opening import with_path
        from specc.training.loop import Unwatched
        from specc.training.run import default_run_path
        from specc.training.session import Session

        source = self.data if data is None else with_path(self.data, os.fspath(data))
        folder = default_run_path(self.name) if output is None else Path(output)
        first = None if weights is None else Path(weights)
        session = Session(replace(self, data=source), backend, folder, resume, first)
        return session.run(observer or Unwatched())

    @needs()
    def verify(
        self,
        weights: Weights = None,
        *,
        seed: int = 0,
        batch: int = 2,
        backends: Iterable[str] | None = None,
        rtol: float | None = None,
        atol: float = 0.0,
    ) -> Verification:
        """How far all layers' outputs lie apart between backends, for the same weights and inputs.

        weights: None draws them from `seed`, as for training, and varies them: see `drawn_weights`.
        seed: of the inputs, too.
        batch: the number of examples; the network is run on one, too, and at another size.
        backends: their names; None is all that are installed.
        rtol: what a tensor may differ by, as a part of its largest number; None is 1e-5, and 8
            roundings where the spec has half precision. atol: what any may differ by beside that.
        """
        from specc.verification import Tolerance, verify

        values = None if weights is None else self._weights(weights, seed, copy=False)
        relative = Tolerance.of(self.graph.dtypes).relative if rtol is None else rtol
        tolerance = Tolerance(relative, atol)
        return verify(
            self.graph, values, backends=backends, batch=batch, seed=seed, tolerance=tolerance
        )

    def _weights(
        self, weights: Weights, seed: int, *, copy: bool = True
    ) -> Mapping[str, NDArray[np.float32]]:
        """The weights of this network, checked, whatever form they came in.

        copy: whether arrays that were given are copied; if not, they are only to be read.
        """
        from specc.weights import InitialWeights, check_weights, load_weights

        if weights is None:
            return InitialWeights(self.graph.weights, seed)
        if isinstance(weights, Mapping):
            arrays = {str(key): _array(value) for key, value in weights.items()}
            return check_weights(arrays, self.graph.weights, copy=copy)
        run = run_folder(os.fspath(weights))
        return load_weights(run.weights if run else os.fspath(weights), self.graph.weights)


def _layout(io_layout: IoLayout | None) -> IoLayout | None:
    """`io_layout`, if it is one: nothing checks the type of what Python code passes."""
    if io_layout in (None, "channels_first", "channels_last"):
        return io_layout
    message = f"expected io_layout channels_first or channels_last, received {io_layout!r}"
    raise SpecError.of("invalid-input", message)


def _array(value: Any) -> NDArray[np.generic]:
    """`value`, an array or a tensor of a framework, as numpy sees it."""
    import numpy as np

    detached = value.detach().cpu() if hasattr(value, "detach") else value
    return np.asarray(detached)


def _backend_of(model: object) -> str | None:
    """The backend that knows `model`, judged by its base classes; None for what is no model."""
    packages = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    # On its PyTorch backend a Keras model is a torch module too, so Keras comes first.
    known = {"keras": "keras", "torch": "pytorch"}
    return next((name for package, name in known.items() if package in packages), None)


def _show(summary: Summary) -> None:
    """Hand the table to IPython if it runs, which knows how to display it; else print it."""
    import sys

    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(summary)
    else:
        sys.stdout.write(f"{summary}\n")
