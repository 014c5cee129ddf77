"""Inputs for any model, of its own types and shapes, to run it for the sake of running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specc.diagnostics import SpecError
from specc.dim_syntax import DimSyntaxError, parse_size
from specc.dims import Size, evaluate, symbol, symbols, value_at
from specc.inference.model import TensorInfo
from specc.source import printable
from specc.wording import listing

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Array = NDArray[Any]

USUAL_SIZES = {4: 224, 5: 32}
"""What an axis of unknown size is at least, by the rank of its tensor: pictures, volumes."""
USUAL_SIZE = 128
"""The same in a tensor of any other rank, such as a text."""


@dataclass(frozen=True, slots=True)
class RandomInputs:
    """What makes inputs of any batch: floats from 0 to 1, and integers 0 and 1, valid as indices.

    shapes: of each input; the first axis of the first one that has axes is the batch.
    sizes: of all symbols but that of the batch.
    """

    inputs: Sequence[TensorInfo]
    shapes: Sequence[Sequence[Size]]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, inputs: Sequence[TensorInfo], given: Mapping[str, int]) -> RandomInputs:
        """Inputs of the sizes given; a symbol that is not has the least with a usual size.

        Raises `SpecError` (`invalid-input`) for a symbol that is in no input, or is the batch.
        """
        first = next((tensor.shape[0] for tensor in inputs if tensor.shape), None)
        shapes = [list(_sizes(tensor, first or "batch")) for tensor in inputs]
        batch = _batch_symbols(shapes)
        usual: dict[str, int] = {}
        for shape in shapes:
            least = USUAL_SIZES.get(len(shape), USUAL_SIZE)
            for size in shape:
                usual |= dict.fromkeys(
                    sorted(symbols(size) - batch - {*usual}), _usual(size, least)
                )
        for name in given:
            if name not in usual:
                message = f"expected a symbol of the model's inputs, received `{printable(name)}`"
                none = "there are none besides the batch"
                help = listing("besides the batch there are", usual) or none
                raise SpecError.of("invalid-input", message, help=help)
        return cls(inputs, shapes, usual | dict(given))

    @property
    def fixed_batch(self) -> int | None:
        """The only batch that the model takes; None if it takes any."""
        if _batch_symbols(self.shapes):
            return None
        first = next((shape[0] for shape in self.shapes if shape), 1)
        return first if isinstance(first, int) else None

    def of_batch(self, batch: int) -> dict[str, Array]:
        """An array for each input, by name; always the same ones.

        Raises `SpecError` (`invalid-input`) for sizes at which an input has none, or does not fit
        in memory.
        """
        import numpy as np

        generator = np.random.default_rng(0)
        bindings = dict.fromkeys(_batch_symbols(self.shapes), batch) | dict(self.sizes)
        return {
            tensor.name: _random(generator, tensor, [evaluate(size, bindings) for size in sizes])
            for tensor, sizes in zip(self.inputs, self.shapes, strict=True)
        }


def _random(generator: Generator, tensor: TensorInfo, shape: list[int]) -> Array:
    import numpy as np

    wrong = f"the input `{printable(tensor.name)}`: {tensor} would be of {shape}"
    if any(size < 1 for size in shape):
        raise SpecError.of("invalid-input", wrong, help="give other sizes")
    try:
        if np.dtype(tensor.dtype).kind == "f":
            return generator.random(shape, np.float32).astype(tensor.dtype)
        return generator.integers(2, size=shape).astype(tensor.dtype)
    except (MemoryError, ValueError):  # ValueError: beyond what numpy can count
        message = f"{wrong}, which memory does not hold"
        raise SpecError.of("invalid-input", message, help="give smaller sizes") from None


def _sizes(tensor: TensorInfo, batch: int | str) -> Iterator[Size]:
    """The sizes of a tensor; an unknown one is the batch, or a symbol of its own."""
    for axis, size in enumerate(tensor.shape):
        known = size or (f"{tensor.name}.{axis}" if axis else batch)
        yield known if isinstance(known, int) else _parsed(known)


def _parsed(text: str) -> Size:
    """A size as specc writes it (`16*h`); any other name is a symbol."""
    try:
        return parse_size(text)
    except DimSyntaxError:
        return symbol(text)


def _batch_symbols(shapes: Sequence[Sequence[Size]]) -> frozenset[str]:
    return symbols(next((shape[0] for shape in shapes if shape), 1))


def _usual(size: Size, least: int) -> int:
    """The first number with which `size` is `least` or more, if each of its symbols is that."""
    return next((n for n in range(1, least) if value_at(size, n) >= least), least)
