"""Parameters that are themselves a layer: `Bidirectional: {layer: {LSTM: {units: 8}}}`.

A spec writes the inner layer as it would write an entry: by its name, with parameters or with a
bare value for its primary one. Where such a parameter is the primary one of its layer, its name may
be left out: `Bidirectional: {LSTM: 8}`. A fault in the inner layer is found at its place inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from specc.layer import LAYERS, Layer
from specc.source import printable
from specc.vocabulary import suggest_layer, suggest_parameter
from specc.wording import shown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import ErrorDetails

SCHEMA_FORMAT = "layer"
"""The `format` that marks, in a layer's JSON Schema, where another layer stands."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Annotation of a field that takes a layer, or None where `optional`.

    members: the names of the layers it takes; all if empty.
    """

    members: tuple[str, ...] = ()
    optional: bool = False

    def parse(self, value: object) -> Layer | None:
        """The layer that `value` is, names, or names with parameters.

        Raises `ValueError`, or pydantic's `ValidationError` for the parameters.
        """
        if value is None and self.optional:
            return None
        if isinstance(value, Layer):
            self._class(type(value).__name__)
            return value
        if isinstance(value, str):
            return _validated(self._class(value), None)
        if isinstance(value, Mapping) and len(cast(Mapping[str, object], value)) == 1:
            [(name, given)] = cast(Mapping[str, object], value).items()
            return _validated(self._class(name), given)
        raise ValueError(
            f"expected one layer, as {{{self._example()}: {{…}}}}, "
            f"received {shown(cast(object, value))}"
        )

    def _class(self, name: str) -> type[Layer]:
        if name not in LAYERS:
            help = suggest_layer(name, self.members or LAYERS)
            raise ValueError(f"unknown-layer: there is no layer `{printable(name)}`; {help}")
        if self.members and name not in self.members:
            raise ValueError(f"expected one of {', '.join(self.members)}, received {name}")
        return LAYERS[name]

    def _example(self) -> str:
        return self.members[0] if self.members else "Dense"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(_written)
        return core_schema.no_info_plain_validator_function(self.parse, serialization=written)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        form: JsonSchemaValue = {"type": "object", "format": SCHEMA_FORMAT}
        if self.members:
            form["examples"] = list(self.members)
        return {"anyOf": [form, {"type": "null"}]} if self.optional else form


def nested_fields(layer: type[Layer]) -> tuple[str, ...]:
    """The parameters of `layer` that are layers."""
    return tuple(
        name
        for name, info in layer.model_fields.items()
        if any(isinstance(item, Nested) for item in info.metadata)
    )


def is_bare(layer: type[Layer], value: object) -> bool:
    """Whether `value`, written after the name of `layer`, is that of its primary parameter."""
    if value is None:
        return False
    if not isinstance(value, Mapping):
        return True
    names = list(cast(Mapping[str, object], value))
    return layer.primary in nested_fields(layer) and len(names) == 1 and names[0][:1].isupper()


def parameters_of(layer: type[Layer], value: object) -> Mapping[str, Any]:
    """The parameters that `value`, written after the name of `layer`, gives it."""
    if not is_bare(layer, value):
        return cast(Mapping[str, Any], value or {})
    if layer.primary is None:
        message = f"{layer.__name__} has no parameter that a bare value could set"
        raise ValueError(f"invalid-parameter: {message}")
    return {layer.primary: value}


def _validated(layer: type[Layer], value: object) -> Layer:
    """`layer` with its parameters; errors carry its name in their path, as the spec does."""
    try:
        return layer.model_validate(parameters_of(layer, value))
    except ValidationError as error:
        faults = [_below(layer, fault) for fault in error.errors()]
    raise ValidationError.from_exception_data(layer.__name__, faults)


def _below(layer: type[Layer], fault: ErrorDetails) -> InitErrorDetails:
    """`fault`, found in the parameters of `layer`, as it is seen from the field."""
    kind, place, context = fault["type"], fault["loc"], fault.get("ctx", {})
    name = layer.__name__
    if kind == "extra_forbidden":
        parameter = str(place[-1])
        hint = layer.only_keras.get(parameter) or suggest_parameter(parameter, layer.model_fields)
        message = f"unknown-parameter: {name} has no parameter `{printable(parameter)}`; {hint}"
        kind, context = "value_error", {"error": message}
    elif kind == "missing":
        kind, context = (
            "value_error",
            {"error": f"missing-parameter: {name} needs `{place[-1]}`"},
        )
    return InitErrorDetails(type=kind, loc=(name, *place), input=fault["input"], ctx=context)


def _written(layer: Layer | None) -> str | dict[str, Any] | None:
    """`layer` as a spec writes it."""
    if layer is None:
        return None
    name, given = type(layer).__name__, layer.model_dump(exclude_defaults=True)
    return {name: given} if given else name
