"""What weights are kept to in training: Keras's constraints, with Keras's meaning.

A spec writes `non_neg`, `{max_norm: 3}` or `{max_norm: {max_value: 3, axis: [0, 1, 2]}}`. They act
on a weight after each step of the optimizer. A norm, √Σw², runs along `axis`, counted as Keras has
the weight: axis 0 of a `Dense`'s kernel (C, units) gives each unit one of its own.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from specc.named import ByName, Named
from specc.tensor import MAX_RANK

Axis = Annotated[
    int | Annotated[tuple[int, ...], Field(min_length=1, max_length=MAX_RANK)],
    Field(description="The axis or axes of Keras's weight along which the norm runs."),
]


class Constraint(Named):
    """What becomes of a weight w after each step."""

    @property
    def given_axes(self) -> tuple[int, ...]:
        """The axes of Keras's weight along which a norm runs, as given; none without a norm."""
        axis: int | tuple[int, ...] = getattr(self, "axis", ())
        return (axis,) if isinstance(axis, int) else axis

    def axes(self, rank: int) -> tuple[int, ...]:
        """The same, counted from the front."""
        return tuple(axis % rank for axis in self.given_axes)

    def refusal(self, shape: tuple[int, ...]) -> str | None:
        """Why a weight of Keras's `shape` cannot be kept so; None if it can."""
        given, rank = self.given_axes, len(shape)
        in_range = all(-rank <= axis < rank for axis in given)
        if in_range and len({*self.axes(rank)}) == len(given):
            return None
        expected = f"axes from {-rank} to {rank - 1}, each once" if rank else "no axis"
        return (
            f"expected {expected}, for {self.name} of a weight that Keras has as {list(shape)}, "
            f"received {list(given)}"
        )


class MaxNorm(Constraint):
    """Norms are at most `max_value`."""

    name = "max_norm"
    primary = "max_value"

    max_value: float = Field(2.0, ge=0)
    axis: Axis = 0


class MinMaxNorm(Constraint):
    """Norms move to between `min_value` and `max_value`, by `rate` of the way."""

    name = "min_max_norm"

    min_value: float = Field(0.0, ge=0)
    max_value: float = Field(1.0, ge=0)
    rate: float = Field(1.0, ge=0, le=1)
    axis: Axis = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        least, most = self.min_value, self.max_value
        if least > most:
            raise ValueError(f"expected min_value <= max_value, received {least} and {most}")
        return self


class NonNeg(Constraint):
    """Elements below 0 become 0."""

    name = "non_neg"


class UnitNorm(Constraint):
    """Norms are 1."""

    name = "unit_norm"

    axis: Axis = 0


CONSTRAINTS: tuple[type[Constraint], ...] = (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)

ConstraintField = Annotated[Constraint, ByName("constraint", CONSTRAINTS)] | None
"""The type of a layer's parameter that takes a constraint."""
