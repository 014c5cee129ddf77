"""What a model asks of pictures: their format, how they are prepared, and how they are laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.data.images import MODES, PictureFormat
from specc.data.preparing import Preprocessing
from specc.packages import needs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import GraphProto, TensorProto
    from PIL.Image import Image

    Array = NDArray[Any]

MOVING = frozenset(
    "Cast Concat DepthToSpace DequantizeLinear Flatten Gather Identity Pad QuantizeLinear Reshape "
    "Resize Slice SpaceToDepth Split Squeeze Tile Transpose Unsqueeze".split()
)
"""Operators that move pixels, leave some out or take means of them: their range stays."""
SHIFTING = frozenset({"Add", "Sub"})
"""Operators that move the range of pixels, if the other side is constant, but not its width."""


@dataclass(frozen=True, slots=True)
class PictureInput:
    """How pictures are given to a model: in which format, prepared how, and laid out how.

    rank: of the input; one of rank 3 takes grey pictures without an axis for channels.
    """

    format: PictureFormat
    preprocessing: Preprocessing
    rank: int
    channels_first: bool

    @classmethod
    def of(
        cls,
        shape: Sequence[int | str | None],
        io_layout: str | None,
        preprocessing: Preprocessing,
    ) -> PictureInput | None:
        """What an input of this shape asks of pictures; None if it takes none.

        Where the shape alone does not tell, channels come first, as is usual in ONNX.
        """
        match shape:
            case (_, height, width):
                channels, first = 1, False
            case (_, *axes) if len(axes) == 3:
                first = axes[0] in MODES if io_layout is None else io_layout == "channels_first"
                channels, height, width = axes if first else (axes[2], axes[0], axes[1])
            case _:
                return None
        if not isinstance(channels, int) or channels not in MODES:
            return None
        known = preprocessing.image_size or (None, None)
        height, width = (
            size if isinstance(size, int) else other
            for size, other in zip((height, width), known, strict=True)
        )
        picture = PictureFormat(channels, height, width, preprocessing.interpolation or "bilinear")
        return cls(picture, preprocessing, len(shape), first)

    @needs("onnx")
    def read(self, picture: bytes | Image, dtype: str) -> Array:
        """A picture, or the contents of a file, as a batch of one. Raises `PictureError`."""
        import numpy as np

        encoded = isinstance(picture, bytes)
        pixels = self.format.decode(picture) if encoded else self.format.pixels(picture)
        values = pixels if self.rank == 4 else pixels[:, :, 0]
        return self.fitted(values[np.newaxis], dtype)

    def fitted(self, batch: Array, dtype: str) -> Array:
        """A batch as the model takes it: bytes are scaled as in training, channels may be last.

        One that cannot be pictures for the model is given back as it is.
        """
        import numpy as np

        channels = self.format.channels
        last = not self.channels_first or batch.shape[-1] == channels != batch.shape[1]
        pictures = batch if last else batch.transpose(0, 2, 3, 1)
        if self.rank == 4 and pictures.shape[-1] != channels:
            return batch
        if batch.dtype == np.uint8 and np.dtype(dtype).kind == "f":
            pictures = self.preprocessing.apply(pictures)
        return (pictures.transpose(0, 3, 1, 2) if self.channels_first else pictures).astype(dtype)


def rescales_input(model: Path | bytes) -> bool:
    """Whether a model begins by multiplying with constants below one: it wants raw pixels.

    As `specc.data.rescaling` for specs, it looks past what leaves the range of the pixels as it is.
    """
    import onnx

    contents = model if isinstance(model, bytes) else model.read_bytes()
    graph = onnx.load_from_string(contents).graph
    firsts = list(_first_factors(graph))
    return bool(firsts) and all(firsts)


def _first_factors(graph: GraphProto) -> Iterator[bool]:
    """For each first operator that changes how wide the range of pixels is: if it narrows it."""
    from onnx.numpy_helper import to_array

    constants = dict(_constants(graph))
    pixels = {graph.input[0].name}
    for node in graph.node:
        if node.op_type == "Shape" or pixels.isdisjoint(node.input):
            continue
        others = [to_array(constants[name]) for name in node.input if name in constants]
        if node.op_type in MOVING or (node.op_type in SHIFTING and others):
            pixels.update(node.output)
        else:
            yield _narrows(node.op_type, others)


def _constants(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    """The constants by name that lie in the file itself."""
    from onnx import TensorProto

    for tensor in graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            yield tensor.name, tensor
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], attribute.t


def _narrows(operator: str, factors: Sequence[Array]) -> bool:
    if operator == "Div":
        return any(bool((abs(factor) > 1).all()) for factor in factors)
    return operator == "Mul" and any(bool((abs(factor) < 1).all()) for factor in factors)
