"""One spec of a neural network: checked statically, compiled to PyTorch, Keras and ONNX.

    net = specc.load("specs/densenet.yaml", variant="densenet121", params={"classes": 4})
    model = net.to_pytorch()

No framework is imported before a model of it is asked for.
"""

from __future__ import annotations

from specc.diagnostics import Diagnostic, Report, SpecError
from specc.network import Network, load

__all__ = ["Diagnostic", "Network", "Report", "SpecError", "load"]
