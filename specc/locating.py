"""Which spec is meant: a file, `file.yaml@variant`, a run's, or the name of one in the zoo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import printable

if TYPE_CHECKING:
    from specc.training.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Location:
    """Where a spec is.

    spec: as the user wrote it, without the variant.
    variant: None for the file's own params.
    """

    spec: str
    path: Path
    variant: str | None

    def __str__(self) -> str:
        return f"{self.spec}@{self.variant}" if self.variant else self.spec


def locate(spec: str, variant: str | None = None) -> Location:
    """The place of `spec`: `path.yaml`, a zoo name such as `densenet`, either with `@variant`.

    The folder of a run stands for the run's spec. A file or run that exists wins over a name in the
    zoo, and an `@` in its name over a variant.
    Raises `SpecError`: `file-not-found` for a bare name that is neither, `not-a-run` for a folder
    of that name, `unknown-variant` if `spec` and `variant` name two variants. That a path leads to
    a file is not checked here.
    """
    name, suffix = _split(spec)
    if suffix is not None and variant is not None and suffix != variant:
        message = f"expected one variant, received `{printable(suffix)}` and `{printable(variant)}`"
        raise SpecError.of("unknown-variant", message)
    return Location(name, _path(name), variant if suffix is None else suffix)


def run_folder(path: str | Path) -> RunFolder | None:
    """The run at `path`, judged by its `run.json`; None if there is none."""
    if not _holds(Path(path).is_dir):
        return None
    from specc.training.folder import RunFolder

    folder = RunFolder(Path(path))
    return folder if folder.record.is_file() else None


def _split(spec: str) -> tuple[str, str | None]:
    name, mark, variant = spec.rpartition("@")
    if not mark or not variant or "/" in variant or _exists(spec):
        return spec, None
    return name, variant


def _path(name: str) -> Path:
    path = Path(name)
    if (run := run_folder(name)) is not None:
        return run.spec
    if _exists(name) or path.suffix or path.name != name:
        return path
    return _zoo_path(name)


def _zoo_path(name: str) -> Path:
    from specc.zoo import names, path

    try:
        return path(name)
    except KeyError:
        pass
    if _holds(Path(name).is_dir):
        where = printable(str(Path(name)))  # an empty name is that of the folder one is in
        message = f"expected a spec or the folder of a run; {where} has no run.json"
        raise SpecError.of("not-a-run", message, help="`specc train SPEC` makes one")
    message = f"there is no file and no spec of the zoo called `{printable(name)}`"
    help = did_you_mean(name, names()) or f"the zoo has {', '.join(names())}"
    raise SpecError.of("file-not-found", message, help=help)


def _exists(name: str) -> bool:
    return _holds(Path(name).is_file) or run_folder(name) is not None


def _holds(test: Callable[[], bool]) -> bool:
    """Whether a test of a path holds; it does not for a name that no file can have."""
    try:
        return test()
    except (OSError, ValueError):
        return False
