"""The zoo: specs that ship with specc, found by name.

This folder installs as `specc.zoo`; like its neighbours it refuses to be imported as anything else.
"""

from __future__ import annotations

from pathlib import Path

if __name__ != "specc.zoo":
    raise ImportError(f"import this package as specc.zoo, not as {__name__}", name=__name__)

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The names of all specs in the zoo, sorted: `densenet` for `densenet.yaml`."""
    return sorted(file.stem for file in _FOLDER.glob("*.yaml"))


def path(name: str) -> Path:
    """The file of the spec called `name`.

    Raises `KeyError` where the zoo has no such spec; a name is never read as a path.
    """
    if name not in names():
        raise KeyError(name)
    return _FOLDER / f"{name}.yaml"
