"""Which spec is meant: a file, `file.yaml@variant`, or the name of one in the zoo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import printable


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

    A file that exists wins over a name in the zoo, and an `@` in its name over a variant.
    Raises `SpecError`: `file-not-found` for a bare name that is neither, `unknown-variant` if
    `spec` and `variant` name two variants. That a path leads to a file is not checked here.
    """
    name, suffix = _split(spec)
    if suffix is not None and variant is not None and suffix != variant:
        message = f"expected one variant, received `{printable(suffix)}` and `{printable(variant)}`"
        raise SpecError.of("unknown-variant", message)
    return Location(name, _path(name), variant if suffix is None else suffix)


def _split(spec: str) -> tuple[str, str | None]:
    name, mark, variant = spec.rpartition("@")
    if not mark or not variant or "/" in variant or _exists(spec):
        return spec, None
    return name, variant


def _path(name: str) -> Path:
    path = Path(name)
    if _exists(name) or path.suffix or path.name != name:
        return path
    return _zoo_path(name)


def _zoo_path(name: str) -> Path:
    from specc.zoo import names, path

    try:
        return path(name)
    except KeyError:
        pass
    message = f"there is no file and no spec of the zoo called `{printable(name)}`"
    help = did_you_mean(name, names()) or f"the zoo has {', '.join(names())}"
    raise SpecError.of("file-not-found", message, help=help)


def _exists(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a name no file can have
        return False
