"""What an ONNX file may be asked to be, declared once for Python, the command and the backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from specc.passes.layout import IoLayout


class FileOptions(TypedDict, total=False):
    """What stands in the file.

    metadata: what it says of itself; see `specc.training.metadata`.
    """

    metadata: Mapping[str, str]


class ExportOptions(FileOptions, total=False):
    """The same, and what is around it.

    io_layout: how images lie at the boundary; channels first if None.
    softmax: append one to the network's one output.
    top_k: give the so many best scores and their classes in place of the network's one output.
    external_data: put large tensors into a file beside the model, called as it is with `.data`
        after it; so it is done with those that one file cannot hold.
    """

    io_layout: IoLayout | None
    softmax: bool
    top_k: int | None
    external_data: bool
