"""Where onnxruntime runs a model: the names of its execution providers, and who brings them.

https://onnxruntime.ai/docs/execution-providers/
"""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import printable

_CUDA = "NVIDIA's driver, and what `pip install 'onnxruntime-gpu[cuda,cudnn]'` brings"


class Provider(NamedTuple):
    """onnxruntime's name of a provider, the package that brings it, and what that lacks."""

    full_name: str
    package: str
    needs: str = "its device, with driver and libraries"


PROVIDERS = {
    "cpu": Provider("CPUExecutionProvider", "onnxruntime"),
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu", _CUDA),
    "tensorrt": Provider("TensorrtExecutionProvider", "onnxruntime-gpu", f"TensorRT, {_CUDA}"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime, on macOS"),
    "directml": Provider("DmlExecutionProvider", "onnxruntime-directml, on Windows"),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "migraphx": Provider("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "qnn": Provider("QNNExecutionProvider", "onnxruntime-qnn"),
    "cann": Provider("CANNExecutionProvider", "onnxruntime-cann"),
}

CPU = PROVIDERS["cpu"].full_name


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
    help = f"it comes with the package {known.package}" if known else ""
    raise _unavailable(
        provider, f"this onnxruntime has only {names}", help or did_you_mean(provider, PROVIDERS)
    )


def short_name(provider: str) -> str:
    """The reverse: `cuda` for `CUDAExecutionProvider`; one that is not in the table, as it is."""
    names = (name for name, known in PROVIDERS.items() if known.full_name == provider)
    return next(names, provider)


def not_started(provider: str, reason: str) -> SpecError:
    """The error for a provider that is installed, but does not run on this machine."""
    known = PROVIDERS.get(short_name(provider))
    needs = f"it needs {known.needs}; " if known else ""
    return _unavailable(short_name(provider), reason, f"{needs}`cpu` runs everywhere")


def _unavailable(provider: str, reason: str, help: str) -> SpecError:
    message = f"`{printable(provider)}` cannot run the model: {reason}"
    return SpecError.of("provider-unavailable", message, help=help)


def preload_libraries(provider: str) -> None:
    """Load CUDA's libraries out of Python's packages, where the system's linker does not look."""
    if provider in _ON_CUDA:
        with redirect_stdout(StringIO()):  # where it tells of those that are not there
            onnxruntime().preload_dlls()


_ON_CUDA = {PROVIDERS[name].full_name for name in ("cuda", "tensorrt")}
