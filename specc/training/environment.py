"""What a run was made with: the versions of all that takes part, and the system."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "specc",
    "torch",
    "lightning-fabric",
    "torchmetrics",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "grain",
    "datasets",
    "numpy",
    "pillow",
)
"""The distributions whose versions may decide what comes out of a run."""


def environment() -> dict[str, str]:
    """The versions of Python and of the packages that are installed, and the platform."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    return found | {name: number for name in PACKAGES if (number := _version(name))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
