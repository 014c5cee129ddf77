"""A run in its folder: begun, opened again, and resumed with the spec it began with.

`spec.yaml` stands alone, so that the folder says all of the run wherever it is moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specc.data.document import Data
from specc.data.preparing import Preprocessing
from specc.diagnostics import SpecError
from specc.files import is_temporary, make_folder
from specc.locating import run_folder
from specc.source import Source, printable
from specc.syntax.reading import read_source
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import Sequence as YamlSequence
from specc.syntax.yaml import read_yaml, span_at
from specc.training.checkpoint import require_checkpoint
from specc.training.document import Train
from specc.training.environment import environment
from specc.training.folder import Record, Row, RunFolder, not_a_run
from specc.training.resolved import resolved_spec
from specc.wording import shown

if TYPE_CHECKING:
    from specc.network import Network

Place = tuple[str | int, ...]
"""Keys and indices that lead to a part of a spec."""

RUNS = Path("runs")
"""Where runs are kept whose folder is not named."""

FREE: Final = frozenset(
    {
        ("name",),
        ("description",),
        ("license",),
        ("expect",),
        ("train", "epochs"),
        ("train", "early_stopping"),
        ("train", "checkpoint"),
        ("train", "compile"),
    }
)
"""The keys that may change when a run is resumed: how long it goes on, and what is kept of it.

The `path` of a source may change too: the same data can have been moved.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands in its folder."""

    folder: RunFolder
    network: Network
    train: Train
    data: Data
    record: Record
    history: list[Row]

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def name(self) -> str:
        """The name of the folder, by which reports tell runs apart."""
        return self.path.resolve().name

    @property
    def backend(self) -> str:
        return self.record.backend

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.record.class_names

    @property
    def preprocessing(self) -> Preprocessing | None:
        return self.record.preprocessing

    @property
    def weights(self) -> Path:
        """See `RunFolder.weights`."""
        return self.folder.weights


def default_run_path(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3`, … that is not there."""
    candidates = (RUNS / (name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(path for path in candidates if not path.exists())


def require_free(path: Path) -> None:
    """Raise `SpecError` (`run-exists`) if a new run cannot have the folder at `path`.

    It can if there is nothing there yet, an empty folder, or what a run left that was killed while
    it began. Anything but a folder is left for `create_run` to be refused.
    """
    name = printable(str(path))
    if run_folder(path) is not None:
        message, help = f"there is a run in {name}", "go on with it (--resume), or give another -o"
    elif path.is_dir() and not all(map(_is_left, path.iterdir())):
        message, help = f"the folder {name} is not empty", "give another folder with -o"
    else:
        return
    raise SpecError.of("run-exists", message, help=help)


def _is_left(path: Path) -> bool:
    """Whether a file is one that `create_run` writes before `run.json`."""
    return path.name == RunFolder(path.parent).spec.name or is_temporary(path)


def create_run(
    path: Path,
    network: Network,
    *,
    backend: str,
    train: Train,
    data: Data,
    class_names: tuple[str, ...] = (),
    preprocessing: Preprocessing | None = None,
    **fields: Any,
) -> RunFolder:
    """A new run in the folder at `path`, which is made if it is not there.

    fields: what else is known for the record, such as `device` and `precision`.
    Raises `SpecError`: `run-exists` if there is anything in the folder, `unwritable`.
    """
    text = resolved_text(network, train, data)
    record = Record(
        name=network.name,
        backend=backend,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        class_names=class_names,
        preprocessing=preprocessing,
        spec_sha256=_digest(text),
        environment=environment(),
        **fields,
    )
    require_free(path)
    make_folder(path)
    folder = RunFolder(path)
    folder.write_spec(text)
    folder.write_record(record)
    return folder


def open_run(path: str | Path) -> Run:
    """The run in the folder at `path`. Raises `SpecError`: `not-a-run`, or faults of its spec."""
    from specc.network import load

    folder = RunFolder(Path(path))
    record = _require_run(folder).read_record()
    network = load(folder.spec)
    if network.train is None or network.data is None:
        raise not_a_run(folder.spec, "it has no `train` and `data`")
    return Run(folder, network, network.train, network.data, record, folder.read_history())


def require_resumable(
    path: Path,
    network: Network,
    *,
    backend: str,
    train: Train,
    data: Data,
    class_names: tuple[str, ...] = (),
) -> None:
    """Raise `SpecError` if the run in the folder at `path` cannot go on with the spec given.

    The spec may differ from the run's in `FREE` and in the paths of the data. The classes must be
    the same.
    `not-a-run`, `run-mismatch` with the first key that differs otherwise, `file-not-found` for a
    run of some epochs whose checkpoint is gone: it would begin anew.
    """
    folder = RunFolder(path)
    record = _require_run(folder).read_record()
    if backend != record.backend:
        message = f"the run was trained with {record.backend}, received --backend {backend}"
        raise SpecError.of("run-mismatch", message, help=f"give --backend {record.backend}")
    if class_names != record.class_names:
        message = f"the run has the classes {_listed(record.class_names)}"
        message += f", received {_listed(class_names)}"
        raise SpecError.of("run-mismatch", message, help="give the data that the run began with")
    if record.epochs:
        require_checkpoint(folder.checkpoint)
    require_same_spec(folder, resolved_text(network, train, data))


def resume_run(
    path: Path, network: Network, *, train: Train, data: Data, history: Sequence[Row]
) -> None:
    """Let the folder of a run say that it is under way again, with the spec given.

    history: the checkpoint's, which counts whatever became of the file.
    Raises `SpecError` (`unwritable`).
    """
    text = resolved_text(network, train, data)
    folder = RunFolder(path)
    folder.write_spec(text)
    if history:
        folder.write_history(history)
    folder.update_record(status="running", reason="", spec_sha256=_digest(text))


def resolved_text(network: Network, train: Train, data: Data) -> str:
    """See `specc.training.resolved`."""
    assert network.program is not None, "a network that was made of a graph has no spec to keep"
    return resolved_spec(network.program, network.graph, train, data)


def require_same_spec(folder: RunFolder, text: str) -> None:
    """Raise `SpecError` (`run-mismatch`) where a resolved spec is not the run's and must be."""
    kept, given = read_yaml(read_source(folder.spec)), read_yaml(Source("the spec", text))
    for path, before, now in _differences(kept, given, ()):
        if _may_differ(path):
            continue
        key = ".".join(map(str, path))
        message = f"`{key}`: the run has {shown(before)}, received {shown(now)}"
        help = "set it back, or start another run with -o"
        raise SpecError.of("run-mismatch", message, span_at(kept, path), help=help)


def _differences(before: Any, now: Any, path: Place) -> Iterator[tuple[Place, Any, Any]]:
    """Where two values of specs part, in their order; what is missing counts as None."""
    if isinstance(before, YamlMapping) and isinstance(now, YamlMapping):
        for key in before | now:
            yield from _differences(before.get(key), now.get(key), (*path, key))
    elif isinstance(before, YamlSequence) and isinstance(now, YamlSequence):
        for index, pair in enumerate(zip_longest(before, now)):
            yield from _differences(*pair, (*path, index))
    elif before != now:
        yield path, before, now


def _may_differ(path: Place) -> bool:
    return path[:1] in FREE or path[:2] in FREE or (path[0], path[-1]) == ("data", "path")


def _require_run(folder: RunFolder) -> RunFolder:
    """The folder, if it holds a run; raises `SpecError` (`not-a-run`) that says what it is."""
    if run_folder(folder.path) is not None:
        return folder
    name = printable(str(folder.path))
    there = folder.path.is_dir()
    lack = f"{name} has no {folder.record.name}" if there else f"there is no folder {name}"
    message = f"expected the folder of a run; {lack}"
    raise SpecError.of("not-a-run", message, help="`specc train SPEC` makes one")


def _listed(names: tuple[str, ...]) -> str:
    return printable(", ".join(names), 200) or "of no names"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
