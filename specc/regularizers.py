"""Penalties on weights that are added to the loss: Keras's regularizers, with Keras's meaning.

A spec writes `l2`, `{l2: 5.0e-5}` or `{l1_l2: {l1: 1.0e-5, l2: 1.0e-4}}`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specc.named import ByName, Named


class Regularizer(Named):
    """A penalty on the elements w of a weight."""


class L1(Regularizer):
    """l1 · Σ|w|."""

    name = "l1"
    primary = "l1"

    l1: float = Field(0.01, ge=0)


class L2(Regularizer):
    """l2 · Σw²: not halved, as in Keras."""

    name = "l2"
    primary = "l2"

    l2: float = Field(0.01, ge=0)


class L1L2(Regularizer):
    """l1 · Σ|w| + l2 · Σw²."""

    name = "l1_l2"

    l1: float = Field(0.0, ge=0)
    l2: float = Field(0.0, ge=0)


REGULARIZERS: tuple[type[Regularizer], ...] = (L1, L2, L1L2)

RegularizerField = Annotated[Regularizer, ByName("regularizer", REGULARIZERS)] | None
"""The type of a layer's parameter that takes a regularizer."""
