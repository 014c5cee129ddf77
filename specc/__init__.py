"""One spec of a neural network: checked statically, compiled to PyTorch, Keras and ONNX.

    net = specc.load("specs/densenet.yaml", variant="densenet121", params={"classes": 4})
    model = net.to_pytorch()
    predictor = specc.Predictor("densenet.onnx")

No framework is imported before a model of it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from specc.diagnostics import Diagnostic, Report, SpecError
    from specc.inference.predictor import Predictor
    from specc.network import Network, load

__all__ = ["Diagnostic", "Network", "Predictor", "Report", "SpecError", "load"]

_HOMES = {
    "Network": "specc.network",
    "Predictor": "specc.inference.predictor",
    "load": "specc.network",
}
"""Where the names are that are not in `specc.diagnostics`."""


def __dir__() -> list[str]:
    """The public names, for those who look before they use one."""
    return __all__


def __getattr__(name: str) -> object:
    """The public names, imported at their first use: `specc check` has no use for most of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "specc.diagnostics")), name)
