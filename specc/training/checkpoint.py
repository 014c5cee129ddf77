"""A checkpoint: all that a run needs to go on as if it had never stopped, in one file.

The file is safetensors: the weights under their canonical keys, the rest of the engine's state
beside them, and how far the run had come as JSON in the header. It is replaced whole, so that
whatever interrupts a run finds the last one or the one before, and never a half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from specc.diagnostics import SpecError
from specc.files import write_atomically
from specc.source import printable
from specc.training.folder import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    Array = NDArray[Any]

WEIGHTS, STATE = "weights/", "state/"
"""What stands before the names of the two kinds of arrays."""

PROGRESS = "progress"
VERSION = "specc_checkpoint"
"""Keys of the file's metadata."""


@dataclass(slots=True)
class Progress:
    """How far a run has come.

    epoch: the number of epochs that are finished.
    step: the number of steps made in the epoch after them.
    history: what each finished epoch came to.
    monitors: the state of what watches the logs, by its name.
    seconds: of training in the unfinished epoch.
    stopped: why training ended before the last epoch; empty if it did not.
    learning_rate: of the first step of the unfinished epoch.
    """

    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list[Row])
    monitors: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seconds: float = 0.0
    stopped: str = ""
    learning_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run at the end of a step. weights: by canonical key; state: the engine's own."""

    progress: Progress
    weights: Mapping[str, Array]
    state: Mapping[str, Array]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint`, atomically. Raises `SpecError` (`unwritable`); the old file stands."""
    from safetensors.numpy import save

    arrays = {WEIGHTS + name: array for name, array in checkpoint.weights.items()}
    arrays |= {STATE + name: array for name, array in checkpoint.state.items()}
    metadata = {VERSION: "1", PROGRESS: json.dumps(asdict(checkpoint.progress))}
    write_atomically(path, save({name: _plain(each) for name, each in arrays.items()}, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint at `path`. Raises `SpecError`: `file-not-found`, `checkpoint-unreadable`."""
    from safetensors import SafetensorError, safe_open

    require_checkpoint(path)
    try:
        path.open("rb").close()  # which says what is wrong; safetensors says that it is not there
        # Typed as what it does: the library's own types are half known.
        reader = cast("Callable[..., AbstractContextManager[Any]]", safe_open)
        with reader(path, "numpy") as opened:
            progress = _progress(opened.metadata() or {})
            arrays: dict[str, Array] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, str(error)) from None
    return Checkpoint(progress, _below(arrays, WEIGHTS), _below(arrays, STATE))


def require_checkpoint(path: Path) -> None:
    """Raise `SpecError` (`file-not-found`) if there is no file at `path`."""
    if not path.is_file():
        message = f"there is no checkpoint {printable(str(path))}, which the run would go on from"
        help = "start another run (-o) from its weights (--weights)"
        raise SpecError.of("file-not-found", message, help=help)


def _progress(metadata: Mapping[str, str]) -> Progress:
    if metadata.get(VERSION) != "1":
        raise ValueError("it was not written by specc train")
    return Progress(**json.loads(metadata[PROGRESS]))


def _below(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    found = (name for name in arrays if name.startswith(prefix))
    return {name.removeprefix(prefix): arrays[name] for name in found}


def _plain(array: Array) -> Array:
    """Contiguous, as safetensors takes it; numpy makes a vector of a scalar on the way."""
    import numpy as np

    return np.ascontiguousarray(array).reshape(array.shape)


def _unreadable(path: Path, reason: str) -> SpecError:
    message = f"{printable(str(path))} is no checkpoint that can be read: {printable(reason, 200)}"
    return SpecError.of(
        "checkpoint-unreadable",
        message,
        help="its weights are in files of their own: start from them with --weights",
    )
