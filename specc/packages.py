"""The packages that checking does not need, and the extra of specc that brings each."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from specc.diagnostics import SpecError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

EXTRAS = {
    "PIL": ("train", "onnx"),
    "datasets": ("train",),
    "grain": ("train",),
    "keras": ("keras",),
    "lightning_fabric": ("torch",),
    "matplotlib": ("train",),
    "netron": ("onnx",),
    "numpy": ("onnx", "train", "torch", "keras"),
    "onnx": ("onnx",),
    "onnxruntime": ("onnx",),
    "pyarrow": ("train",),
    "safetensors": ("onnx", "train", "torch", "keras"),
    "sklearn": ("train",),
    "tensorflow": ("keras",),
    "tensorboard": ("tensorboard",),
    "torch": ("torch",),
    "torchmetrics": ("torch",),
}
"""By the name a package is imported under; the first extra is the one for most uses of it."""


def missing_package(error: ModuleNotFoundError, extra: str = "") -> SpecError:
    """The error for a package that is not installed, with the command that installs it.

    extra: the one that the work at hand needs; another is named if it does not bring the package.
    Raises `error` itself for a module that no extra brings: that is a fault of somebody's code.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        raise error
    bringing = EXTRAS[package]
    help = f"pip install 'specc[{extra if extra in bringing else bringing[0]}]'"
    return SpecError.of("missing-package", f"`{package}` is not installed", help=help)


def needs(
    extra: str = "",
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Decorate a function that imports packages of `extra`: without them it raises `SpecError`."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            try:
                return function(*args, **kwargs)
            except ModuleNotFoundError as error:
                raise missing_package(error, extra) from None

        return guarded

    return decorate
