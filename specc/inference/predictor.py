"""`specc.Predictor`: a model and all that it takes to ask it about pictures and arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from specc.data.preparing import BYTE_SCALE, Preprocessing
from specc.diagnostics import SpecError
from specc.inference.batches import batches, mapped_ahead
from specc.inference.model import DTYPES, Model, ModelFile, TensorInfo, locate_model, open_model
from specc.inference.pictures import PictureInput, rescales_input
from specc.inference.predictions import Interpretation, Prediction
from specc.inference.preparing import Example, Preparation, unusable
from specc.inference.providers import full_name, short_name
from specc.inference.sources import Inputs, Source, sources
from specc.packages import needs
from specc.training.metadata import ModelCard
from specc.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TOP_K = 5
BATCH_SIZE = 32

_WORKERS = os.cpu_count() or 1


class Predictor:
    """A model of one input whose first output is of shape [N, classes], or [N, values].

        predictor = specc.Predictor("net.onnx")
        for prediction in predictor("pictures/"):
            print(prediction.input, prediction.top.label, prediction.top.value)

    A model of specc says how pictures are prepared for it, and what its classes are called.
    """

    @needs("onnx")
    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        provider: str = "cpu",
        threads: int | None = None,
        scale: float | None = None,
    ) -> None:
        """Open `model`: an ONNX file, its contents, or a run, which is exported for it.

        provider: what runs it: `cpu`, `cuda`, …; see `specc.inference.providers`.
        threads: how many it may use; None is one for each core.
        scale: what pixels are multiplied by. None is what the model says, and if it says nothing, 1
            if it rescales its input itself, else 1/255.
        Raises `SpecError`: `file-not-found`, `file-unreadable`, `model-unreadable`,
        `unsuitable-model`, `provider-unavailable`, `invalid-input` for such numbers as -1 threads,
        and what opening a run raises.
        """
        _require_positive(threads=threads)
        if scale is not None and (scale == 0 or not isfinite(scale)):
            message = f"expected a finite scale other than 0, received {scale}"
            raise SpecError.of("invalid-input", message)
        full_name(provider)  # before a run is exported for one that is not there
        file = locate_model(model)
        self._model = open_model(file, provider, threads)
        self._input = _only_input(self._model)
        card = ModelCard.read(self._model.metadata)
        output = self._model.outputs[0]
        self._interpretation = Interpretation(card, output.name)
        picture = _picture_input(self._model, self._input, card, file, scale)
        self._preparation = Preparation(self._input, picture)

    def __repr__(self) -> str:
        types = f"{self._input} -> {self._model.outputs[0]}"
        return f"<Predictor {self._model.name}: {types}, {short_name(self._model.provider)}>"

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of their indices; empty if the model does not tell them."""
        return self._interpretation.card.class_names

    @property
    def picture(self) -> PictureInput | None:
        """How pictures are given to the model; None if it takes none."""
        return self._preparation.picture

    def __call__(
        self,
        inputs: Inputs,
        *,
        top_k: int = TOP_K,
        batch_size: int = BATCH_SIZE,
        on_error: Callable[[SpecError], object] | None = None,
    ) -> Iterator[Prediction]:
        """What the model makes of each input, in order, while they are read: nothing is kept.

        inputs: the path of a picture, of a `.npy` file, of a folder (all below it) or a glob; the
            contents of a file, or one that is open; a PIL image; an array of one example or of a
            batch, laid out as the model's input or with channels last; or any iterable of these.
            Bytes are scaled as pixels are, other numbers are taken as they are.
        top_k: how many classes are told. batch_size: how many examples are run together; a model of
            a fixed batch runs by that.
        on_error: called for an input that cannot be used; the others go on. None raises it.
        Raises `SpecError`: `unsuitable-model` if the output is not [N, classes] after all; without
            `on_error` also `file-not-found`, `file-unreadable` and `invalid-input`.
        """
        _require_positive(top_k=top_k, batch_size=batch_size)
        for result in self._results(inputs, top_k, batch_size):
            if isinstance(result, Prediction):
                yield result
            elif on_error is None:
                raise result
            else:
                on_error(result)

    def _results(
        self, inputs: Inputs, top_k: int, batch_size: int
    ) -> Iterator[Prediction | SpecError]:
        fixed = self._input.shape[0]
        size = fixed if isinstance(fixed, int) else batch_size
        for batch in batches(self._examples(inputs, size), size):
            if isinstance(batch, SpecError):
                yield batch
            else:
                yield from self._predicted(batch, top_k)

    def _examples(self, inputs: Inputs, batch_size: int) -> Iterator[Example | SpecError]:
        """The examples of all inputs; threads decode pictures while the model runs."""
        ahead = max(batch_size, 2 * _WORKERS)
        for found in mapped_ahead(self._read, sources(inputs), workers=_WORKERS, ahead=ahead):
            if isinstance(found, SpecError):
                yield found
            else:
                yield from found

    def _read(self, source: Source | SpecError) -> Iterator[Example] | SpecError:
        if isinstance(source, SpecError):
            return source
        try:
            return self._preparation.examples(source)
        except SpecError as error:
            return error

    def _predicted(self, batch: list[Example], top_k: int) -> Iterator[Prediction | SpecError]:
        """What the model makes of each example; what is wrong with each, if it refuses them."""
        try:
            scores, classes = self._run(batch)
        except SpecError as error:
            (fault,) = error.report.diagnostics
            for example in batch:
                yield unusable(example.name, fault.message, f"the model takes {self._input}")
            return
        if scores.ndim != 2 or len(scores) != len(batch):
            received = f"gives {list(scores.shape)} for {count(len(batch), 'example')}"
            raise _unsuitable(self._model.name, received)
        rows = self._interpretation.probabilities(scores)
        for example, row, best in zip(batch, rows, classes, strict=True):
            yield self._interpretation.prediction(example.name, row, top_k, best)

    def _run(self, batch: list[Example]) -> tuple[Array, Sequence[Array | None]]:
        """The first output for the examples, and whose scores it has where it tells only the best.

        The batch of a model of fixed size is filled up.
        """
        import numpy as np

        values = [example.values for example in batch]
        fixed = self._input.shape[0]
        missing = fixed - len(batch) if isinstance(fixed, int) else 0
        given = np.stack(values + values[-1:] * missing)
        scores, *others = self._model.run({self._input.name: given})
        tells_best = self._interpretation.card.top_k and others
        classes = list(others[0]) if tells_best else [None] * len(given)
        return scores[: len(batch)], classes[: len(batch)]


def _require_positive(**numbers: object) -> None:
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, SupportsIndex) and index(number) > 0):
            raise SpecError.of("invalid-input", f"expected {name} of 1 or more, received {number}")


def _only_input(model: Model) -> TensorInfo:
    """The model's input. Raises `SpecError` (`unsuitable-model`) if the model is no classifier."""
    first, *others = model.inputs or [None]
    output = model.outputs[0]
    if first is None or others:
        raise _unsuitable(model.name, f"has {count(len(model.inputs), 'input')}")
    if not first.shape:
        raise _unsuitable(model.name, f"takes {first}")
    # onnxruntime gives an unknown rank the shape [].
    if len(output.shape) not in (0, 2) or output.dtype not in DTYPES.values():
        raise _unsuitable(model.name, f"gives {output}")
    return first


def _unsuitable(model: str, received: str) -> SpecError:
    expected = "expected a model of one input whose first output is [N, classes] or [N, values]"
    return SpecError.of("unsuitable-model", f"{expected}: {model} {received}")


def _picture_input(
    model: Model, input: TensorInfo, card: ModelCard, file: ModelFile, scale: float | None
) -> PictureInput | None:
    """How the model takes pictures: prepared as its card says, but for a `scale` of the user's."""
    preprocessing = card.preprocessing or Preprocessing()
    layout = model.metadata.get("io_layout")
    picture = PictureInput.of(input.shape, layout, preprocessing)
    if picture is None or (card.preprocessing is not None and scale is None):
        return picture
    if scale is None:
        scale = 1.0 if rescales_input(file.contents) else BYTE_SCALE
    return replace(picture, preprocessing=replace(preprocessing, scale=scale))
