"""Codes of backends, and of weights and models as files."""

from __future__ import annotations

BACKENDS = {
    "unknown-backend": """There is no backend of that name.

Backends are found by the entry points of the installed packages; specc brings pytorch, keras and
onnx.""",
    "missing-package": """A package that this command needs is not installed.

Checking needs no framework. The others come with extras: `pip install specc[torch]`,
`specc[keras]`, `specc[onnx]`, or `specc[all]`.""",
    "plugin-failed": """A plugin cannot be imported.

`--plugin` takes the path of a Python file, or the name of an installed module. What it raised
while it was imported is shown, with the line of the plugin at which it came up.""",
    "unsupported-layer": """The backend cannot express this layer.

The spec is right, and other backends may compile it. The message names what is missing.""",
    "unknown-opset": """No ONNX file is written for that opset.

An opset is a version of ONNX's ops. The message says which there are: older ones lack ops that
cannot be done without, newer ones no release of onnxruntime runs.""",
    "precision-overflow": """A weight is too large for the precision that was asked for.

float16 holds no number beyond 65504. bfloat16 has the range of float32, with fewer digits.""",
    "export-faulty": """The ONNX file that was written is not right, so it was not kept.

What was there before still is. Each export is held against onnx's checker and shape inference, and
run by onnxruntime at every level of optimization and by onnx's reference.""",
    "weights-unreadable": """The file is not a safetensors file.

Weights are kept as safetensors, which holds numbers and no code. `specc init`
makes a file of them.""",
    "weights-mismatch": """The weights are not those of this network.

The file must have each weight of the network under its dotted path, in its shape, and no other.
It may have been made from another variant, or with other params.""",
    "artifact-too-large": """The network does not fit the backend's file format.

Its weights count, and constants such as masks. The message says where the limit lies.""",
    "unwritable": """The file cannot be written.

A file is written beside its place and then moved there, so the folder must exist and be
writable. What was there before still is.""",
    "invalid-input": """The input given to the model is not what it takes.

`specc summary` shows the inputs, with their shapes and dtypes.""",
    "verification-failed": """The backends do not compute the same function.

Each layer's output must agree within float32 rounding: by default to 1e-5 of its largest number, or
as far as rounding alone moves it; in half precision to 8 roundings. The report names the first
layer at which they part.""",
}
