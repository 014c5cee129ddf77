"""Prediction with an ONNX model: inputs made to fit it, and what it makes of them.

The model may be anyone's. What is known of it is its input's shape and its metadata: `io_layout`
and what `specc.training.metadata` reads, all of it optional.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from specc.data.images import MODES, PictureError, PictureFormat
from specc.data.preparing import BYTE_SCALE, Preprocessing
from specc.diagnostics import SpecError
from specc.packages import needs
from specc.source import printable
from specc.training.metadata import ModelCard, run_card
from specc.training.run import open_run

from .console import working

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EXPECTED = "expected an image or a .npy array"

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

    @property
    def percent(self) -> str:
        """A probability as people say it: `99.4 %`."""
        return f"{100 * self.value:.1f} %"

    def as_json(self) -> dict[str, object]:
        """The same as data: JSON has no NaN and no infinity."""
        value = self.value if math.isfinite(self.value) else None
        return {"class": self.index, "name": self.name, "score": value}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best classes of one example, the best first; or the values of a regression, in order.

    input: the file, with the index in a batch.
    probable: whether the scores are probabilities.
    """

    input: str
    scores: tuple[Score, ...]
    probable: bool

    def as_json(self) -> dict[str, object]:
        """The same as data."""
        return {"input": self.input, "predictions": [score.as_json() for score in self.scores]}


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

    def read(self, path: Path, dtype: str) -> Array:
        """The picture as a batch of one, as the model takes it.

        Raises `SpecError`: `file-not-found`, `invalid-input`.
        """
        import numpy as np

        try:
            pixels = self.format.decode(read_file(path))
        except PictureError as error:
            raise _unreadable(path, str(error), EXPECTED) from None
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


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model of one input whose first output is of shape [N, classes], or [N, values].

    picture: None if the input is no picture.
    """

    session: Any
    shape: tuple[int | str | None, ...]
    dtype: str
    picture: PictureInput | None
    card: ModelCard

    @classmethod
    def load(cls, path: Path, scale: float | None = None) -> Predictor:
        """The model at `path`: an ONNX file, or what `specc export` makes of the run there.

        scale: what pixels are multiplied by. None is what the model says, and if it says nothing, 1
            if it rescales its input itself, else 1/255.
        Raises `SpecError`: `file-not-found`, `invalid-input`, and what opening a run raises.
        """
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

        model = _model_at(path)
        try:
            session: Any = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common base
            raise _unreadable(path, str(error), "expected an ONNX model") from None
        inputs = session.get_inputs()
        if len(inputs) != 1:
            message = f"expected a model of one input, {printable(str(path))} has {len(inputs)}"
            raise SpecError.of("invalid-input", message)
        metadata = cast("Mapping[str, str]", session.get_modelmeta().custom_metadata_map)
        card = ModelCard.read(metadata)
        preprocessing = _preprocessing(card, model, scale)
        shape = tuple(inputs[0].shape)
        dtype = DTYPES.get(inputs[0].type, "float32")
        picture = PictureInput.of(shape, metadata.get("io_layout"), preprocessing)
        return cls(session, shape, dtype, picture, card)

    def predict(self, path: Path, top_k: int) -> Iterator[Prediction]:
        """The `top_k` best classes of each example in the file at `path`."""
        batch = self._array(path) if path.suffix == ".npy" else self._picture(path)
        rows = self._run(path, batch)
        for index, row in enumerate(rows):
            name = str(path) if len(rows) == 1 else f"{path}[{index}]"
            yield self._prediction(name, row, top_k)

    def _prediction(self, input: str, row: Array, top_k: int) -> Prediction:
        if self.card.output == "values":
            output = self.session.get_outputs()[0].name
            names = [output if len(row) == 1 else f"{output}[{index}]" for index in range(len(row))]
            scores = (Score(index, name, float(row[index])) for index, name in enumerate(names))
            return Prediction(input, tuple(scores), probable=False)
        best = (-row).argsort(kind="stable")[:top_k]
        scores = (Score(int(each), self._class_name(int(each)), float(row[each])) for each in best)
        return Prediction(input, tuple(scores), probable=self.card.output is not None)

    def _class_name(self, index: int) -> str | None:
        return self.card.class_names[index] if index < len(self.card.class_names) else None

    def _picture(self, path: Path) -> Array:
        if self.picture is None:
            message = f"{printable(str(path))}: the model takes {self._expected}, which is no image"
            raise SpecError.of("invalid-input", message, help="give .npy arrays")
        return self.picture.read(path, self.dtype)

    def _array(self, path: Path) -> Array:
        import numpy as np

        try:
            array = cast("Array", np.load(BytesIO(read_file(path)), allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise _unreadable(path, str(error), "expected a .npy array of numbers") from None
        batch = array[np.newaxis] if array.ndim == len(self.shape) - 1 else array
        if (
            self.picture is not None
            and batch.ndim == len(self.shape)
            and batch.dtype.kind in "fiub"
        ):
            batch = self.picture.fitted(batch, self.dtype)
        fits = batch.ndim == len(self.shape) and all(
            not isinstance(size, int) or size == found
            for size, found in zip(self.shape[1:], batch.shape[1:], strict=True)
        )
        received = f"received {array.dtype}{list(array.shape)}"
        if not fits or batch.dtype.kind not in "fiub":
            message = f"{printable(str(path))}: expected {self._expected}, {received}"
            raise SpecError.of("invalid-input", message, help="one example needs no batch axis")
        if not len(batch):
            message = f"{printable(str(path))}: expected one example or more, {received}"
            raise SpecError.of("invalid-input", message)
        return batch.astype(self.dtype)

    def _run(self, path: Path, batch: Array) -> Array:
        """What the model gives for the batch, [N, classes]: probabilities, where it says how.

        One of fixed batch 1 runs N times.
        """
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
        return _probabilities(scores, self.card)

    @property
    def _expected(self) -> str:
        return f"{self.dtype}[{', '.join(str(size or '?') for size in self.shape)}]"


@needs("onnx")
def predictions(
    model: Path, inputs: Sequence[Path], top_k: int, scale: float | None
) -> list[Prediction]:
    """What the model at `model` makes of the files; see `Predictor`."""
    predictor = Predictor.load(model, scale)
    return [prediction for path in inputs for prediction in predictor.predict(path, top_k)]


def _probabilities(scores: Array, card: ModelCard) -> Array:
    """The probability of each class; what the model gives, if it does not say what that is.

    One number for two classes is the probability of the second.
    """
    import numpy as np

    if card.output == "logits":
        logits = scores.astype(np.float64)
        if card.task == "binary":
            scores = 0.5 * (1 + np.tanh(0.5 * logits))
        else:
            powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
            scores = powers / powers.sum(axis=-1, keepdims=True)
    if card.task == "binary" and scores.shape[-1] == 1:
        scores = np.concatenate([1 - scores, scores], axis=-1)
    return scores


def _preprocessing(card: ModelCard, model: bytes, scale: float | None) -> Preprocessing:
    """What is done to pictures: as the card says, but for a `scale` that the user gives."""
    known = card.preprocessing
    if known is None and scale is None:
        scale = 1.0 if rescales_input(model) else BYTE_SCALE
    known = known or Preprocessing()
    return known if scale is None else replace(known, scale=scale)


def _model_at(path: Path) -> bytes:
    """The contents of the ONNX file at `path`, or of one made of the run there."""
    if not path.is_dir():
        return read_file(path)
    run = open_run(path)
    with working("Exporting"):
        return run.network.to_onnx(weights=run.weights, metadata=run_card(run).metadata())


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


def _unreadable(path: Path, reason: str, help: str) -> SpecError:
    line = printable(reason.strip().partition("\n")[0], 200)
    return SpecError.of("invalid-input", f"{printable(str(path))}: {line}", help=help)
