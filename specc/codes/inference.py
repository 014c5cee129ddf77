"""Codes of models in use: prediction and benchmarks."""

from __future__ import annotations

INFERENCE = {
    "model-unreadable": """The file is not an ONNX model that onnxruntime can load.

It may be empty or cut short, of another format, or of an opset that this onnxruntime does not know.
Weights beside the model (external data) must lie in its folder.""",
    "unsuitable-model": """The model is not one that predictions can be made with.

`specc predict` gives a picture or an array to a model's one input, and reads classes or values off
its first output, [N, classes]. Other models run in onnxruntime itself.

Or onnxruntime has no kernel for an op in the types that it has there: none of its processor's
computes in bfloat16.""",
    "provider-unavailable": """onnxruntime cannot run models there.

Each package of onnxruntime brings some execution providers: `onnxruntime` the processor's,
`onnxruntime-gpu` CUDA's and TensorRT's. Two of them in one environment overwrite each other:
uninstall one before you install the other.

A provider may also be there and not start, for want of a device, a driver or a library. The message
says what its loader or onnxruntime said. `pip install 'onnxruntime-gpu[cuda,cudnn]'` brings all of
CUDA but NVIDIA's driver, without which no library called libcuda is found.""",
}
