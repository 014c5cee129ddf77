"""Where onnxruntime runs a model: the names of its execution providers, and who brings them.

https://onnxruntime.ai/docs/execution-providers/
"""

from __future__ import annotations

from typing import Any, NamedTuple

from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import printable


class Provider(NamedTuple):
    """onnxruntime's name of a provider, and the package that brings it."""

    full_name: str
    package: str


PROVIDERS = {
    "cpu": Provider("CPUExecutionProvider", "onnxruntime"),
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime, on macOS"),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml, on Windows"),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "migraphx": Provider("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "qnn": Provider("QNNExecutionProvider", "onnxruntime-qnn"),
    "cann": Provider("CANNExecutionProvider", "onnxruntime-cann"),
}


def onnxruntime() -> Any:
    """The package, of whose types too many are unknown."""
    import onnxruntime as package  # pyright: ignore[reportMissingTypeStubs]

    return package


def full_name(provider: str) -> str:
    """The name of `cuda` in onnxruntime, `CUDAExecutionProvider`, which may also be given.

    Raises `SpecError` (`provider-unavailable`) for one that the installed onnxruntime lacks.
    """
    available: list[str] = onnxruntime().get_available_providers()
    known = PROVIDERS.get(provider.lower())
    if known is not None and known.full_name in available:
        return known.full_name
    if provider in available:
        return provider
    names = ", ".join(name for name, each in PROVIDERS.items() if each.full_name in available)
    raise unavailable(provider, f"this onnxruntime has only {names}")


def short_name(provider: str) -> str:
    """The reverse: `cuda` for `CUDAExecutionProvider`; one that is not in the table, as it is."""
    names = (name for name, known in PROVIDERS.items() if known.full_name == provider)
    return next(names, provider)


def unavailable(provider: str, reason: str) -> SpecError:
    """The error for a provider that cannot be used, with the package that brings it."""
    message = f"`{printable(provider)}` cannot run the model: {reason}"
    known = PROVIDERS.get(provider.lower())
    help = f"it comes with the package {known.package}" if known else ""
    return SpecError.of(
        "provider-unavailable", message, help=help or did_you_mean(provider, PROVIDERS)
    )
