"""From what the user gives to what a model takes: one example after the other, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.data.images import PictureError
from specc.diagnostics import SpecError
from specc.inference.model import TensorInfo, read_file
from specc.inference.pictures import PictureInput
from specc.inference.sources import ARRAY_SUFFIX, Source
from specc.source import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Array = NDArray[Any]

ARRAY_MAGIC = b"\x93NUMPY"
"""What a `.npy` file begins with."""

NUMBERS = "fiub"
"""The kinds of numpy's dtypes that a model can be given."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One example as the model takes it, without the axis of the batch.

    name: of the source it comes from, with the index in a batch.
    """

    name: str
    values: Array


@dataclass(frozen=True, slots=True)
class Preparation:
    """What makes examples for the one input of a model. picture: None if it takes no pictures."""

    input: TensorInfo
    picture: PictureInput | None

    def examples(self, source: Source) -> Iterator[Example]:
        """The examples in a source; those of an array are made as they are asked for.

        Raises `SpecError` at once: `file-not-found`, `file-unreadable`, `invalid-input`.
        """
        import numpy as np

        content = _content(source)
        if not isinstance(content, np.ndarray):
            return iter([self._picture(source.name, content)])
        batch = self._batch(source.name, content)
        return (
            Example(_row_name(source.name, batch, index), self._fitted(batch[index : index + 1])[0])
            for index in range(len(batch))
        )

    def _picture(self, name: str, picture: bytes | Image) -> Example:
        if picture == b"":
            raise unusable(name, "it is empty", _NO_INPUT)
        if self.picture is None:
            message = f"the model takes {self.input}, which is no image"
            raise unusable(name, message, "give .npy arrays")
        try:
            return Example(name, self.picture.read(picture, self.input.dtype)[0])
        except PictureError as error:
            raise unusable(name, str(error), _NO_INPUT) from None

    def _batch(self, name: str, array: Array) -> Array:
        """The array with an axis of examples, each of which fits the model."""
        import numpy as np

        rank = len(self.input.shape)
        batch = array[np.newaxis] if array.ndim == rank - 1 else array
        received = f"received {array.dtype}{list(array.shape)}"
        if batch.ndim != rank or batch.dtype.kind not in NUMBERS:
            raise unusable(name, f"expected {self.input}, {received}", _ONE_EXAMPLE)
        if _loses(batch, np.dtype(self.input.dtype)):
            raise unusable(name, f"expected {self.input}, {received}", "its numbers do not fit")
        if not len(batch):
            raise unusable(name, f"expected one example or more, {received}")
        sizes = zip(self.input.shape[1:], self._fitted(batch[:1]).shape[1:], strict=True)
        if any(isinstance(size, int) and size != found for size, found in sizes):
            raise unusable(name, f"expected {self.input}, {received}", _ONE_EXAMPLE)
        return batch

    def _fitted(self, batch: Array) -> Array:
        if self.picture is None:
            return batch.astype(self.input.dtype)
        return self.picture.fitted(batch, self.input.dtype)


_NO_INPUT = "expected an image or a .npy array"
_ONE_EXAMPLE = "one example needs no batch axis"


def unusable(name: str, reason: str, help: str = "") -> SpecError:
    """The error for an input that the model cannot be given."""
    message = f"{printable(name, 200)}: {printable(reason.rstrip('.'), 200)}"
    return SpecError.of("invalid-input", message, help=help)


def _loses(batch: Array, dtype: np.dtype[Any]) -> bool:
    """Whether integers of a type would be made of fractions, or of integers beyond it."""
    import numpy as np

    if dtype.kind not in "iu":
        return False
    if batch.dtype.kind == "f":
        return True
    if np.can_cast(batch.dtype, dtype) or not batch.size:
        return False
    bounds = np.iinfo(dtype)
    return int(batch.min()) < bounds.min or int(batch.max()) > bounds.max


def _row_name(name: str, batch: Array, index: int) -> str:
    return name if len(batch) == 1 else f"{name}[{index}]"


def _content(source: Source) -> bytes | Array | Image:
    """The source's array, or its picture; an array in a file stays there, mapped into memory."""
    content = source.content
    if isinstance(content, Path):
        if content.suffix.lower() == ARRAY_SUFFIX and content.is_file():
            return _array(source.name, content)
        content = read_file(content)
    if isinstance(content, bytes) and content.startswith(ARRAY_MAGIC):
        return _array(source.name, content)
    return content


def _array(name: str, file: Path | bytes) -> Array:
    from numpy.lib.format import open_memmap, read_array

    try:
        if isinstance(file, bytes):
            return read_array(BytesIO(file), allow_pickle=False)
        return open_memmap(file, mode="r")
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
        reason = _REASONS.get(reason, reason)
        raise unusable(name, reason, "expected a .npy array of numbers") from None


_REASONS = {
    "mmap length is greater than file size": "the file is cut short",
    "Array can't be memory-mapped: Python objects in dtype.": "it holds Python objects",
}
"""numpy's reasons, in the words of who has the file."""
