"""Classification with an ONNX model: inputs made to fit it, and its best classes.

The model may be anyone's. What is known of it is its input's shape and its metadata: `class_names`,
a JSON list, and `io_layout`, both optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from specc.diagnostics import SpecError
from specc.source import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EXPECTED = "expected an image or a .npy array"

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name of the images with so many channels."""

DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}
"""numpy's names of the input types that onnxruntime knows by its own."""


@dataclass(frozen=True, slots=True)
class Score:
    """One class and what the model gives for it. name: None if the model does not tell it."""

    index: int
    name: str | None
    value: float

    @property
    def label(self) -> str:
        return f"class {self.index}" if self.name is None else printable(self.name)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best classes of one example, the best first.

    input: the file, with the index in a batch.
    """

    input: str
    scores: tuple[Score, ...]

    def as_json(self) -> dict[str, object]:
        """The same as data."""
        scores = [{"class": s.index, "name": s.name, "score": s.value} for s in self.scores]
        return {"input": self.input, "predictions": scores}


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """What the model's input asks of an image; a size is None where any will do."""

    height: int | None
    width: int | None
    channels: int
    channels_first: bool

    @classmethod
    def of(cls, shape: Sequence[int | str | None], io_layout: str | None) -> ImageFormat | None:
        """The format that an input of this shape has; None if it takes no images.

        Where the shape alone does not tell, channels come first, as is usual in ONNX.
        """
        if len(shape) != 4:
            return None
        first = shape[1] in MODES if io_layout is None else io_layout == "channels_first"
        channels, height, width = shape[1:] if first else (shape[3], shape[1], shape[2])
        if channels not in MODES:
            return None
        sizes = [size if isinstance(size, int) else None for size in (height, width)]
        return cls(*sizes, channels=channels, channels_first=first)

    def read(self, path: Path, scale: float) -> Array:
        """The image as a batch of one, float32, its 0…255 multiplied by `scale`."""
        import numpy as np
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(BytesIO(read_file(path))) as opened:
                # A camera notes which way is up instead of turning the pixels.
                image = ImageOps.exif_transpose(opened).convert(MODES[self.channels])
        except UnidentifiedImageError:
            raise _unreadable(path, "no image that Pillow knows", EXPECTED) from None
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise _unreadable(path, str(error), EXPECTED) from None
        image = image.resize(
            (self.width or image.width, self.height or image.height), Image.Resampling.BILINEAR
        )
        pixels = np.asarray(image, np.float32).reshape(image.height, image.width, self.channels)
        pixels = pixels * np.float32(scale)
        return (pixels.transpose(2, 0, 1) if self.channels_first else pixels)[np.newaxis]


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model of one input whose first output is scores of shape [N, classes].

    scale: what the pixels of images are multiplied by.
    """

    session: Any
    shape: tuple[int | str | None, ...]
    dtype: str
    image: ImageFormat | None
    class_names: tuple[str, ...]
    scale: float

    @classmethod
    def load(cls, path: Path, scale: float | None) -> Classifier:
        """The model at `path`. scale: None is 1 if it rescales its input itself, else 1/255.

        Raises `SpecError`: `file-not-found`, `file-unreadable`, `invalid-input`.
        """
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

        data = read_file(path)
        try:
            session: Any = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common base
            raise _unreadable(path, str(error), "expected an ONNX model") from None
        inputs = session.get_inputs()
        if len(inputs) != 1:
            message = f"expected a model of one input, {printable(str(path))} has {len(inputs)}"
            raise SpecError.of("invalid-input", message)
        metadata = cast("Mapping[str, str]", session.get_modelmeta().custom_metadata_map)
        shape = tuple(inputs[0].shape)
        return cls(
            session,
            shape,
            DTYPES.get(inputs[0].type, "float32"),
            ImageFormat.of(shape, metadata.get("io_layout")),
            _class_names(metadata),
            (1.0 if rescales_input(data) else 1 / 255) if scale is None else scale,
        )

    def predict(self, path: Path, top_k: int) -> Iterator[Prediction]:
        """The `top_k` best classes of each example in the file at `path`."""
        batch = self._array(path) if path.suffix == ".npy" else self._image(path)
        scores = self._scores(path, batch)
        for index, row in enumerate(scores):
            name = str(path) if len(scores) == 1 else f"{path}[{index}]"
            best = (-row).argsort(kind="stable")[:top_k]
            yield Prediction(name, tuple(self._score(int(each), row) for each in best))

    def _score(self, index: int, row: Array) -> Score:
        name = self.class_names[index] if index < len(self.class_names) else None
        return Score(index, name, float(row[index]))

    def _image(self, path: Path) -> Array:
        if self.image is None:
            message = f"{printable(str(path))}: the model takes {self._expected}, which is no image"
            raise SpecError.of("invalid-input", message, help="give .npy arrays")
        return self.image.read(path, self.scale).astype(self.dtype)

    def _array(self, path: Path) -> Array:
        import numpy as np

        try:
            array = cast("Array", np.load(BytesIO(read_file(path)), allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise _unreadable(path, str(error), "expected a .npy array of numbers") from None
        batch = array[np.newaxis] if array.ndim == len(self.shape) - 1 else array
        fits = batch.ndim == len(self.shape) and all(
            not isinstance(size, int) or size == found
            for size, found in zip(self.shape[1:], batch.shape[1:], strict=True)
        )
        if not fits or batch.dtype.kind not in "fiub":
            received = f"{array.dtype}{list(array.shape)}"
            message = f"{printable(str(path))}: expected {self._expected}, received {received}"
            raise SpecError.of("invalid-input", message, help="one example needs no batch axis")
        return batch.astype(self.dtype)

    def _scores(self, path: Path, batch: Array) -> Array:
        """What the model gives for the batch, [N, classes]; one of fixed batch 1 runs N times."""
        import numpy as np

        name = self.session.get_inputs()[0].name
        parts = [batch[i : i + 1] for i in range(len(batch))] if self.shape[0] == 1 else [batch]
        try:
            scores = np.concatenate([self.session.run(None, {name: part})[0] for part in parts])
        except Exception as error:  # onnxruntime's errors have no common base
            raise _unreadable(path, str(error), f"expected {self._expected}") from None
        if scores.ndim != 2:
            message = f"expected a model that gives [N, classes], received {list(scores.shape)}"
            raise SpecError.of("invalid-input", message)
        return scores

    @property
    def _expected(self) -> str:
        return f"{self.dtype}[{', '.join(str(size or '?') for size in self.shape)}]"


def read_file(path: Path) -> bytes:
    """The bytes of the file at `path`. Raises `SpecError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SpecError.of("file-not-found", f"there is no file {printable(str(path))}") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), "") from None


def rescales_input(model: bytes) -> bool:
    """Whether the model begins by multiplying with constants below one: it wants raw pixels."""
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load_from_string(model).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    value = graph.input[0].name
    for node in graph.node:
        if value not in node.input:
            continue
        if node.op_type in ("Cast", "Transpose", "Identity"):
            value = node.output[0]
            continue
        factors = [to_array(constants[name]) for name in node.input if name in constants]
        if node.op_type == "Div":
            return any(bool((abs(factor) > 1).all()) for factor in factors)
        return node.op_type == "Mul" and any(bool((abs(factor) < 1).all()) for factor in factors)
    return False


def _class_names(metadata: Mapping[str, str]) -> tuple[str, ...]:
    try:
        names: object = json.loads(metadata.get("class_names", "[]"))
    except ValueError:
        return ()
    return tuple(map(str, cast("list[object]", names))) if isinstance(names, list) else ()


def _unreadable(path: Path, reason: str, help: str) -> SpecError:
    line = printable(reason.strip().partition("\n")[0], 200)
    return SpecError.of("invalid-input", f"{printable(str(path))}: {line}", help=help)
