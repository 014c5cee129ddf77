"""The packages that checking does not need, and the extra of specc that brings each."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from specc.diagnostics import SpecError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

EXTRAS = {
    "PIL": "onnx",
    "datasets": "train",
    "grain": "train",
    "keras": "keras",
    "lightning_fabric": "torch",
    "matplotlib": "train",
    "netron": "onnx",
    "numpy": "onnx",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "pyarrow": "train",
    "safetensors": "onnx",
    "sklearn": "train",
    "tensorflow": "keras",
    "tensorboard": "tensorboard",
    "torch": "torch",
    "torchmetrics": "torch",
}
"""By the name a package is imported under."""


def missing_package(error: ModuleNotFoundError, extra: str = "") -> SpecError:
    """The error for a package that is not installed, with the command that installs it.

    extra: the one to install; default: one that brings the package.
    Raises `error` itself for a module that no extra brings: that is a fault of somebody's code.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        raise error
    help = f"pip install 'specc[{extra or EXTRAS[package]}]'"
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
