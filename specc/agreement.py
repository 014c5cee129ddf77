"""Whether two arrays are the same number for number, up to what rounding does to them.

A tensor is held against its own scale, the largest of its numbers, so that one whose numbers are
small is held to no less than any other. numpy is imported when arrays are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specc.backend import Array

NUDGES = (1, 2, 3)
"""The seeds of `nudged` that show what rounding does to a network."""

ROUNDINGS = 8
"""How many times as far as rounding alone moves a tensor may two backends lie apart."""

HALVES = {"float16": ROUNDINGS * 2.0**-11, "bfloat16": ROUNDINGS * 2.0**-8}
"""What two runs in half precision may differ by, as a part of a tensor's largest number."""


@dataclass(frozen=True, slots=True, order=True)
class Tolerance:
    """Two tensors agree if |a - b| <= absolute + relative * (the largest |b|), everywhere."""

    relative: float = 1e-5
    absolute: float = 0.0

    @classmethod
    def of(cls, dtypes: Iterable[str]) -> Tolerance:
        """What two runs may differ by where tensors of these types are computed."""
        usual = cls()
        return cls(max([usual.relative, *(HALVES.get(dtype, 0.0) for dtype in dtypes)]))


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a tensor in one backend lies from the same tensor in another.

    absolute: the largest |a - b|; infinity if the shapes differ, or one is not a number where the
        other is. scale: the largest |b| that is finite.
    rounding: how far rounding alone moves the tensor, where that was looked at; else 0.
    undefined: whether some number is NaN in both, of which nothing can be said.
    """

    absolute: float
    scale: float
    tolerance: Tolerance
    rounding: float = 0.0
    undefined: bool = False

    @property
    def relative(self) -> float:
        """The part of the scale that the tensors lie apart."""
        if not self.absolute:
            return 0.0
        return self.absolute / self.scale if self.scale else inf

    @property
    def allowed(self) -> float:
        return self.tolerance.absolute + self.tolerance.relative * self.scale

    @property
    def agrees(self) -> bool:
        return self.absolute <= max(self.allowed, ROUNDINGS * self.rounding) and self.absolute < inf


def compare(array: Array, reference: Array, tolerance: Tolerance) -> Difference:
    """How far `array` lies from `reference`; infinities and NaN agree with their like."""
    import numpy as np

    if array.shape != reference.shape:
        return Difference(inf, 0.0, tolerance)
    left, right = array.astype(np.float64), reference.astype(np.float64)
    scale = np.abs(right).max(initial=0.0, where=np.isfinite(right))
    undefined = np.isnan(left) & np.isnan(right)
    same = (left == right) | undefined
    with np.errstate(invalid="ignore"):
        apart = np.nan_to_num(np.abs(left - right), nan=inf, posinf=inf)
    furthest = float(apart.max(initial=0.0, where=~same))
    return Difference(furthest, float(scale), tolerance, undefined=bool(undefined.any()))


def distance(array: Array, other: Array) -> float:
    """The largest difference of two arrays."""
    return compare(array, other, Tolerance()).absolute


def nudged(array: Array, seed: int, dtypes: Iterable[str] = ()) -> Array:
    """`array` with its numbers moved in the last places of what is computed with.

    dtypes: of that. About half of float32 numbers become four units larger: as much lies between
        two libraries' functions such as tanh. Where there is half precision, numbers become a unit
        of it larger or smaller, or stay.
    """
    import numpy as np

    generator, half = np.random.default_rng(seed), Tolerance.of(dtypes)
    if half > Tolerance() and array.dtype.kind == "f":
        units = generator.integers(-1, 2, array.shape)
        moved = array * (1 + 2 * half.relative / ROUNDINGS * units)
        return np.asarray(moved, array.dtype)  # of one number too, of which `*` makes a scalar
    if array.dtype != np.float32:
        return array
    larger = generator.random(array.shape) < 0.5
    return np.asarray(array + 4 * np.spacing(array) * larger)
