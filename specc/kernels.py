"""Kernels and biases: what convolutions of all kinds are told of them, and the weights they are."""

from __future__ import annotations

from math import prod
from typing import Annotated, Protocol

from pydantic import Field

from specc.activations import ActivationName
from specc.constraints import ConstraintField
from specc.initializers import InitializerField
from specc.layer import Fault, Layer, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Positive,
    require_constant,
    require_keeps_channels,
    require_spatial,
)
from specc.tensor import TensorType

Filters = Annotated[Positive, Field(description="Channels of the output.")]
DepthMultiplier = Annotated[
    Positive, Field(description="Filters for each channel, each of which sees that channel alone.")
]
Activation = Annotated[ActivationName | None, Field(description="Applied to the output.")]
UseBias = Annotated[bool, Field(description="Whether a bias is added.")]
KernelInitializer = Annotated[InitializerField, Field(description="Start of the kernel.")]
PointwiseInitializer = Annotated[
    InitializerField, Field(description="Start of the kernel that joins the channels.")
]
BiasInitializer = Annotated[InitializerField, Field(description="Start of the bias.")]
KernelRegularizer = Annotated[RegularizerField, Field(description="Penalty on the kernel.")]
PointwiseRegularizer = Annotated[
    RegularizerField, Field(description="Penalty on the kernel that joins the channels.")
]
BiasRegularizer = Annotated[RegularizerField, Field(description="Penalty on the bias.")]
KernelConstraint = Annotated[ConstraintField, Field(description="What the kernel is kept to.")]
PointwiseConstraint = Annotated[
    ConstraintField, Field(description="What the kernel that joins the channels is kept to.")
]
BiasConstraint = Annotated[ConstraintField, Field(description="What the bias is kept to.")]

KERNEL_SIZE = "Size of the window along each axis, in cells; one number is all."
STRIDES = "Steps of the window, in cells."
PADDING = "`valid`, `same`, or explicit pads in cells."
DILATION_RATE = "Distance between the window's cells."


class Biased(Protocol):
    """A layer that may have a bias."""

    @property
    def use_bias(self) -> bool: ...
    def declare(self, role: str, shape: tuple[int, ...]) -> WeightDecl: ...


def require_convolvable(x: TensorType, rank: int, activation: str | None) -> None:
    """Refuse what no convolution takes: another rank, integers, channels of an unknown number."""
    require_spatial(x, rank)
    require_keeps_channels(activation)
    channels_of(x)


def channels_of(x: TensorType) -> int:
    """The channels, which weights need to be a constant."""
    return require_constant(x.channels, "the channels")


def require_strides_or_dilation(strides: tuple[int, ...], dilation_rate: tuple[int, ...]) -> None:
    """Refuse both at once, as Keras does."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise Fault(
            "invalid-parameter",
            "strides and dilation_rate cannot both be larger than 1",
            parameter="dilation_rate",
            help="Keras has no such convolution: set one of them to 1",
        )


def kernel_weight(
    layer: Layer, shape: tuple[int, ...], channels: tuple[int, int], role: str = "kernel"
) -> WeightDecl:
    """A kernel with its taps after two axes; `channels` are those in and out, as Keras counts.

    In Keras the taps are first, and the two axes the other way round.
    """
    taps = prod(shape[2:])
    fan = (channels[0] * taps, channels[1] * taps)
    return layer.declare(role, shape, fan, (*range(2, len(shape)), 1, 0))


def bias_weight(layer: Biased, filters: int, name: str = "bias") -> dict[str, WeightDecl]:
    """The bias by its name, if the layer has one."""
    return {name: layer.declare("bias", (filters,))} if layer.use_bias else {}
