"""What a layer is: a frozen pydantic model of its parameters that knows shapes, weights and cost.

Adding a layer is one class here (in its family's file under `specc/layers/`) and one function in
each backend's file of the same name. Documentation, JSON Schema, `specc layers` and the tests
derive from the declaration; `LAYERS` finds it by name and imports only the families a spec uses.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from specc.class_variables import settle_class_variables
from specc.constraints import Constraint
from specc.dims import Size
from specc.initializers import Initializer
from specc.named import Named
from specc.regularizers import Regularizer
from specc.tensor import TensorType

Layout = Literal["channels_last", "channels_first", "any"]
"""How a channels-first backend may lay out a layer's tensors: see `Layer.layout`."""

STACKED = -1
"""In place of a canonical axis, one along which Keras keeps several weights."""

MANY = 1_000
"""The upper arity of a layer that takes any number of inputs."""


class Fault(Exception):
    """A layer refuses its inputs; the elaborator adds where.

    code: a key of `specc.codes.CODES`.
    message: expected and received.
    parameter: the parameter at fault, if it is one.
    input: the index of the input at fault, if it is one.
    help: what to do.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        parameter: str | None = None,
        input: int | None = None,
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.parameter = parameter
        self.input = input
        self.help = help


@dataclass(frozen=True, slots=True)
class WeightDecl:
    """One weight of a layer, in the canonical layout: that of the PyTorch module's `state_dict`.

    fan: (fan_in, fan_out) as Keras counts them, for the initializers that scale by it.
    keras_order: the canonical axis that each of Keras's axes is, or is a part of, where Keras keeps
        the weight another way; `STACKED` for one along which Keras keeps several weights.
    keras_sizes: the sizes of Keras's axes, where they are not all those of canonical ones.
    """

    shape: tuple[int, ...]
    initializer: Initializer
    fan: tuple[int, int] = (1, 1)
    trainable: bool = True
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None
    keras_order: tuple[int, ...] | None = None
    keras_sizes: tuple[int, ...] | None = None

    @property
    def elements(self) -> int:
        """How many parameters it is."""
        return prod(self.shape)

    @property
    def keras_axes(self) -> tuple[int, ...]:
        """The canonical axis that each of Keras's axes is, or is a part of."""
        return tuple(range(len(self.shape))) if self.keras_order is None else self.keras_order

    @property
    def keras_permutation(self) -> tuple[int, ...]:
        """The canonical axes, each once, in the order in which Keras has them."""
        order = dict.fromkeys((*self.keras_axes, *range(len(self.shape))))
        return tuple(axis for axis in order if axis != STACKED)

    @property
    def keras_shape(self) -> tuple[int, ...]:
        """Its shape in Keras."""
        return self.keras_sizes or tuple(self.shape[axis] for axis in self.keras_axes)

    def refusals(self) -> Iterator[tuple[Named, str]]:
        """What it cannot be drawn by or kept to, and why."""
        if (reason := self.initializer.refusal(self.shape)) is not None:
            yield self.initializer, reason
        if self.constraint is not None and (reason := self._constraint_refusal(self.constraint)):
            yield self.constraint, reason

    def _constraint_refusal(self, constraint: Constraint) -> str | None:
        shape = self.keras_shape
        if reason := constraint.refusal(shape):
            return reason
        if STACKED not in [self.keras_axes[axis] for axis in constraint.axes(len(shape))]:
            return None
        return (
            f"expected axis 1, for {constraint.name} of a weight that Keras has as {list(shape)}, "
            f"received {list(constraint.given_axes)}: axis 0 is of several weights"
        )

    @classmethod
    def as_in_keras(
        cls, shape: tuple[int, ...], initializer: Initializer, *, trainable: bool = True
    ) -> WeightDecl:
        """A weight with the same shape in Keras, which settles its fans: a bias, a scale."""
        return cls(shape, initializer, _fan(shape), trainable)


def _fan(keras_shape: tuple[int, ...]) -> tuple[int, int]:
    """What Keras counts as (fan_in, fan_out) of a weight of that shape."""
    if len(keras_shape) < 2:
        size = prod(keras_shape)
        return size, size
    *taps, fan_in, fan_out = keras_shape
    return fan_in * prod(taps), fan_out * prod(taps)


@dataclass(frozen=True, slots=True)
class Sample:
    """A concrete use of a layer, from which the tests make themselves.

    params: as in YAML, lists as tuples.
    inputs, outputs: tensor types as text, such as `float32[2, 8, 8, 3]`; symbols allowed.
    parameters: the number of weights' elements, trainable or not.
    training: False where the layer is random in training, so that only inference is compared.
    """

    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: int = 0
    training: bool = True


@settle_class_variables
class Layer(BaseModel):
    """A kind of layer; an instance is one use of it, with its parameters.

    primary: the parameter that `Dense: 10` sets.
    arity: the fewest and the most inputs it takes.
    layout: what a channels-first backend may hand it. `channels_first`: images with channels at
        axis 1 (convolutions, poolings); `channels_last`: only the layout of the spec, since the
        layer works on the last axis or on the order of elements; `any`: whatever comes, since the
        layer works element by element, or maps its axis through the layout.
    augmentation: whether it changes images at random in training, and does nothing at inference.
    continuous: whether inputs that differ by rounding give outputs that do no more.
    beyond_keras: parameters that Keras's layer of that name lacks.
    only_keras: parameters that only Keras's layer has, though other layers here have them, and why.
    samples: concrete uses that exercise each parameter.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", defer_build=True, allow_inf_nan=False
    )

    primary: ClassVar[str | None] = None
    arity: ClassVar[tuple[int, int]] = (1, 1)
    layout: ClassVar[Layout] = "channels_last"
    augmentation: ClassVar[bool] = False
    continuous: ClassVar[bool] = True
    beyond_keras: ClassVar[tuple[str, ...]] = ()
    only_keras: ClassVar[Mapping[str, str]] = MappingProxyType({})
    samples: ClassVar[tuple[Sample, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        LAYERS.register(cls)

    def __str__(self) -> str:
        fields = type(self).model_fields
        given = (f"{name}={value}" for name, value in self if value != fields[name].default)
        return f"{type(self).__name__}({', '.join(given)})"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """The types of the outputs. Raises `Fault` if the inputs do not fit."""
        raise NotImplementedError

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        """The weights by canonical name (`weight`, `bias`, …), in the order of the `state_dict`."""
        return NO_WEIGHTS

    def declare(
        self,
        role: str,
        shape: tuple[int, ...],
        fan: tuple[int, int] | None = None,
        keras_order: tuple[int, ...] | None = None,
    ) -> WeightDecl:
        """The weight of the layer's `<role>_initializer`, `_regularizer` and `_constraint`.

        fan, keras_order: see `WeightDecl`; as of a weight with the same shape in Keras, if they are
            not given.
        """
        return WeightDecl(
            shape,
            getattr(self, f"{role}_initializer"),
            fan or _fan(shape),
            regularizer=getattr(self, f"{role}_regularizer", None),
            constraint=getattr(self, f"{role}_constraint", None),
            keras_order=keras_order,
        )

    def layout_for(self, *inputs: TensorType) -> Layout:
        """`layout`, for a layer in which it depends on the parameters or the inputs."""
        return self.layout

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        """Whether the input at `index` is images if it has four axes, volumes if it has five."""
        return True

    def flops(self, *inputs: TensorType) -> Size:
        """Floating-point operations of inference for one batch.

        A multiply and an add are two; a comparison, and a function such as exp, is one.
        """
        return 0


def arity_text(layer: type[Layer]) -> str:
    """How many inputs a layer takes: `1 input`, `1 to 3 inputs`, or `2 or more inputs`."""
    fewest, most = layer.arity
    if most == 1:
        return "1 input"
    if most >= MANY:
        return f"{fewest} or more inputs"
    return f"{fewest} inputs" if fewest == most else f"{fewest} to {most} inputs"


NO_WEIGHTS: Mapping[str, WeightDecl] = MappingProxyType({})


@dataclass(slots=True)
class LayerTable(Mapping[str, type[Layer]]):
    """Layer classes by name. A family is imported when one of its layers is first asked for."""

    folder: Path
    package: str
    _loaded: dict[str, type[Layer]] = field(default_factory=dict[str, type[Layer]])
    _families: dict[str, str] | None = None

    def register(self, layer: type[Layer]) -> None:
        """Make `layer` known; plugins too come in this way. Abstract bases start with `_`.

        Raises `TypeError` if another module has a layer of that name.
        """
        name = layer.__name__
        if name.startswith("_"):
            return
        if self._home(name) not in (None, layer.__module__):
            raise TypeError(f"there is a layer {name} already, in {self._home(name)}")
        self._loaded[name] = layer

    def _home(self, name: str) -> str | None:
        """The module that has the layer of that name; None if there is no such layer."""
        if name in self.families:
            return f"{self.package}.{self.families[name]}"
        return self._loaded[name].__module__ if name in self._loaded else None

    @property
    def families(self) -> Mapping[str, str]:
        """Layer name → family, read off the family files' class lines without importing them."""
        if self._families is None:
            self._families = {
                name: file.stem
                for file in sorted(self.folder.glob("[a-z]*.py"))
                for name in re.findall(r"\nclass ([A-Z]\w*)\(", file.read_text("utf-8"))
            }
        return self._families

    def __getitem__(self, name: str) -> type[Layer]:
        if name not in self._loaded:
            importlib.import_module(f"{self.package}.{self.families[name]}")
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._loaded, *self.families}))

    def __len__(self) -> int:
        return len({*self._loaded, *self.families})

    def __contains__(self, name: object) -> bool:
        return name in self._loaded or name in self.families


LAYERS = LayerTable(Path(__file__).parent / "layers", "specc.layers")
