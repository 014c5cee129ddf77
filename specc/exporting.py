"""What an ONNX file may be asked to be, declared once for Python, the command and the backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypedDict

from specc.passes.layout import IoLayout

OPSETS = range(17, 29)
"""The versions of ONNX's ops that a file may use: to the newest that onnxruntime runs."""

OPSET = 22
"""The one whose ops lowerings write: the lowest in which nearly all of them take bfloat16."""

Precision = Literal["float32", "float16", "bfloat16"]


class FileOptions(TypedDict, total=False):
    """What stands in the file.

    metadata: what it says of itself; see `specc.training.metadata`.
    functions: keep blocks, and iterations of several entries, as functions of the file.
    opset: one of `OPSETS`; None is the oldest that has the ops that `OPSET` would have, in the same
        types; with functions, one in which edges inside them have types.
    precision: what float32 is computed and its weights are stored in; inputs and outputs stay.
    """

    metadata: Mapping[str, str]
    functions: bool
    opset: int | None
    precision: Precision


class ExportOptions(FileOptions, total=False):
    """The same, and what is around it.

    io_layout: how images lie at the boundary; channels first if None.
    softmax: append one to the network's one output.
    top_k: give the so many best scores and their classes in place of the network's one output.
    external_data: put large tensors into a file beside the model, called as it is with `.data`
        after it; so it is done with those that one file cannot hold. There is none without such
        tensors.
    check: hold the file against onnx and onnxruntime before it takes its place.
    report: what is called with each line of what the check found, and of a second file.
    """

    io_layout: IoLayout | None
    softmax: bool
    top_k: int | None
    external_data: bool
    check: bool
    report: Callable[[str], None]
