"""What a backend is, and how one is found: by name, through the entry point group `specc.backends`.

A backend turns a graph into an artifact (source text or a model file) and can run it on arrays,
always in the layout of the spec, so that `specc verify` compares like with like.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Unpack, cast

from specc.diagnostics import SpecError
from specc.exporting import FileOptions
from specc.ir import Graph, Node
from specc.layer import LAYERS
from specc.names import did_you_mean
from specc.packages import missing_package
from specc.passes.layout import IoLayout
from specc.wording import listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.training.engine import Engine, Plan

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]
    Runner = Callable[[Arrays], dict[str, Array]]

GROUP = "specc.backends"

Lower = TypeVar("Lower", bound=Callable[..., Any])


class Backend(Protocol):
    """One target of the compiler.

    name: as in `--backend NAME`.
    suffix: of the artifact's file, such as `.py`.
    """

    name: str
    suffix: str

    def compile(
        self, graph: Graph, weights: Arrays | None, io_layout: IoLayout | None
    ) -> str | bytes:
        """The artifact: source text (which ignores `weights`), or a file's bytes.

        io_layout: how images lie at the model's boundary; None is the backend's own convention.
        """
        ...

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        """The compiled network as a function: from inputs to outputs at inference, by name.

        One that is called again runs the same model, whatever the sizes of the inputs. Inputs and
        outputs lie as in the spec: channels last. Those of bfloat16, which numpy lacks, may be in
        any type of floats.
        """
        ...

    def run(self, graph: Graph, weights: Arrays, inputs: Arrays) -> dict[str, Array]:
        """The outputs for these inputs; who subclasses this has it of `runner`."""
        return self.runner(graph, weights)(inputs)


class FileBackend(Backend, Protocol):
    """A backend whose artifact is a file of weights too: ONNX."""

    def compile(
        self,
        graph: Graph,
        weights: Arrays | None,
        io_layout: IoLayout | None = None,
        **options: Unpack[FileOptions],
    ) -> bytes:
        """The same as `Backend.compile`."""
        ...

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
        """Write the artifact to `path`, atomically, without holding the weights twice.

        external_data: put large tensors into `path` with `.data` after it; so it is done with those
            that one file cannot hold.
        check: look at what was written before it takes its place.
        What comes back says what was found, and whether there is a second file, a line each.
        Raises `SpecError` (`unwritable`, `export-faulty`).
        """
        ...

    def quantized(
        self,
        graph: Graph,
        weights: Arrays,
        inputs: Iterable[Arrays],
        io_layout: IoLayout | None = None,
        exclude: Sequence[str] = (),
        **options: Unpack[FileOptions],
    ) -> bytes:
        """The artifact in eight bits.

        inputs: batches of examples that calibrate it. exclude: nodes that stay as they are.
        """
        ...

    def check(
        self, artifact: bytes, graph: Graph, io_layout: IoLayout | None = None
    ) -> tuple[str, ...]:
        """Look at an artifact that was made of `graph`, as `write` does; raises as it does."""
        ...

    def runner_of(self, artifact: bytes, graph: Graph, io_layout: IoLayout | None) -> Runner:
        """An artifact that was made of `graph` as a function, as `runner` gives one."""
        ...


class ModelBackend(Backend, Protocol):
    """A backend whose target is a framework with models of its own: PyTorch, Keras."""

    def model(self, graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> Any:
        """The framework's model that the emitted source makes, holding copies of `weights`."""
        ...

    def weights_of(self, graph: Graph, model: Any) -> Mapping[str, Array]:
        """The weights that a model of this graph holds, by canonical key, in canonical layout."""
        ...


class TrainingBackend(ModelBackend, Protocol):
    """A backend whose models `specc train` can train."""

    def engine(self, plan: Plan) -> Engine:
        """The network in training, as `plan` says. Raises `SpecError`."""
        ...


class SettlingBackend(Backend, Protocol):
    """A backend that can settle the numbers of a network that was not trained."""

    def settled(self, graph: Graph, weights: Arrays, inputs: Arrays) -> Arrays:
        """The weights, with batch normalizations that divide by what comes, for these inputs.

        A moving variance is multiplied by that of what it normalizes where this is above 1. Without
        it, a deep network makes its numbers larger and larger, until rounding decides them.
        """
        ...


def backend_names() -> tuple[str, ...]:
    """The names of the backends that are installed, third parties' included."""
    return tuple(sorted({entry.name for entry in metadata.entry_points(group=GROUP)}))


@cache  # to look through all that is installed takes longer than to compile a small network
def load_backend(name: str) -> Backend:
    """The backend of that name.

    Raises `SpecError` if there is none, or its packages are missing.
    """
    entries = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
    if name not in entries:
        raise SpecError.of(
            "unknown-backend",
            f"there is no backend `{name}`",
            help=did_you_mean(name, entries) or listing("there are", sorted(entries)),
        )
    try:
        return entries[name].load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "specc":
            raise
        raise _missing(error, entries[name]) from None


def load_model_backend(name: str) -> ModelBackend:
    """The same, for a backend that makes models."""
    return cast("ModelBackend", load_backend(name))


def load_file_backend(name: str) -> FileBackend:
    """The same, for a backend that writes files with metadata."""
    return cast("FileBackend", load_backend(name))


def load_training_backend(name: str) -> TrainingBackend:
    """The same, for a backend that trains.

    Raises `SpecError` (`unknown-backend`) for one that does not, too.
    """
    backend = load_backend(name)
    if not hasattr(backend, "engine"):
        message = f"the {name} backend does not train"
        raise SpecError.of("unknown-backend", message, help="use pytorch or keras")
    return cast("TrainingBackend", backend)


def _missing(error: ModuleNotFoundError, entry: metadata.EntryPoint) -> SpecError:
    """The error for a package that a backend cannot do without."""
    distribution = entry.dist.name if entry.dist else entry.module
    if distribution == "specc":
        return missing_package(error)
    return SpecError.of(
        "missing-package",
        f"`{error.name}` is not installed",
        help=f"the backend `{entry.name}` needs it: see `{distribution}`, which brings it",
    )


_FUNCTIONS: defaultdict[str, dict[str, Any]] = defaultdict(dict[str, Any])
"""The lowerings by backend and layer type."""


def lowering(backend: str, *layers: str) -> Callable[[Lower], Lower]:
    """Decorate the function with which a backend lowers `layers`; the backend is not imported."""

    def register(function: Lower) -> Lower:
        _FUNCTIONS[backend].update(dict.fromkeys(layers, function))
        return function

    return register


_HELPER_FILES: defaultdict[str, list[Path]] = defaultdict(list[Path])


def helper_file(backend: str, path: str | Path) -> None:
    """Let a backend that emits source bring along the functions and classes of a file.

    A lowering of PyTorch names them with `site.helper`; the file is read as text, never imported.
    """
    _HELPER_FILES[backend].append(Path(path))


def helper_files(backend: str) -> tuple[Path, ...]:
    """The files that plugins have named, in that order."""
    return tuple(_HELPER_FILES[backend])


@dataclass(slots=True)
class Lowerings(Generic[Lower]):
    """A backend's functions by layer type, one file a family, named as in `specc.layers`.

    A family's file is imported when one of its layers is first lowered. Plugins add theirs with
    `lowering`, whether or not the backend is imported yet.
    """

    backend: str
    package: str
    _functions: dict[str, Lower] = field(init=False)

    def __post_init__(self) -> None:
        self._functions = _FUNCTIONS[self.backend]

    def add(self, *layers: str) -> Callable[[Lower], Lower]:
        """Decorate the function that lowers `layers`."""
        return lowering(self.backend, *layers)

    def find(self, node: Node) -> Lower:
        """The function for a node. Raises `SpecError` if this backend has none for its layer."""
        self._import_family(node.type)
        if node.type in self._functions:
            return self._functions[node.type]
        raise SpecError.of(
            "unsupported-layer",
            f"the {self.backend} backend has no lowering for {node.type}",
            node.span,
            help=f"add one with @lowering({self.backend!r}, {node.type!r}), or use another backend",
        )

    def _import_family(self, layer: str) -> None:
        family = LAYERS.families.get(layer)
        if layer in self._functions or family is None:
            return
        module = f"{self.package}.{family}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
