"""Using a compiled network: an ONNX model in onnxruntime, its predictions, and how fast it is.

The models may be anyone's, but one of specc says how its inputs are prepared and what its classes
are called. Nothing here is imported by `specc check`.
"""

from __future__ import annotations
