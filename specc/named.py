"""Parameters that are written as a name: `he_normal`, or `{random_normal: {stddev: 0.02}}`.

A family of such things (initializers, regularizers, constraints) is one `Named` class for each.
`ByName` makes the annotation of a layer's field out of them; pydantic's validator of a class is
built only when a spec gives that class arguments, since most layers take the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from specc.class_variables import settle_class_variables
from specc.names import did_you_mean, nearest
from specc.source import printable
from specc.wording import shown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import ErrorDetails


@settle_class_variables
class Named(BaseModel):
    """One member of a family; its fields are the arguments, with Keras's names and defaults.

    name: how a spec writes it.
    aliases: further names that Keras knows.
    primary: the argument that a scalar sets, as in `{l2: 5.0e-5}`.
    argument_words: arguments as other tools call them, and what to write instead.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", defer_build=True, allow_inf_nan=False
    )

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    primary: ClassVar[str | None] = None
    argument_words: ClassVar[Mapping[str, str]] = {}

    def __str__(self) -> str:
        arguments = self.model_dump(exclude_defaults=True).items()
        listed = ", ".join(f"{name}={value}" for name, value in arguments)
        return f"{self.name}({listed})" if listed else self.name

    def keras_config(self) -> tuple[str, dict[str, Any]]:
        """Keras's class name, and the arguments that differ from Keras's defaults."""
        return type(self).__name__, self.model_dump(exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class ByName:
    """Annotation of a field that takes one of `members` by name.

    kind: what a member is called in messages, such as `initializer`.
    members: the classes. A spec writes the name (`he_normal`) or, as Keras allows, the class
        (`HeNormal`).
    words: members as other tools call them, and what to write instead.
    or_number: whether a number may stand in a member's place; it stays one.
    """

    kind: str
    members: tuple[type[Named], ...]
    words: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    or_number: bool = False

    def parse(self, value: object) -> Named | float:
        """The member that `value` is, names, or names with arguments.

        Raises `ValueError`, or pydantic's `ValidationError` for the arguments.
        """
        if isinstance(value, self.members):
            return value
        if self.or_number and isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._member(value)()
        if isinstance(value, Mapping):
            entries = list(cast(Mapping[object, object], value).items())
            if len(entries) == 1:
                [(name, arguments)] = entries
                return _validated(self._member(name), str(name), arguments)
        expected = f"{'a number or ' if self.or_number else ''}one {self.kind}"
        raise ValueError(
            f"expected {expected}, alone or with arguments, received {shown(cast(object, value))}"
        )

    def _member(self, name: object) -> type[Named]:
        known = _by_name(self.members)
        if isinstance(name, str) and name in known:
            return known[name]
        hint = self.words.get(str(name)) or self._guess(str(name), known)
        raise ValueError(f"there is no {self.kind} `{printable(str(name))}`; {hint}")

    def _guess(self, name: str, known: Mapping[str, type[Named]]) -> str:
        if match := nearest(name, known):
            return f"did you mean `{known[match].name}`?"
        return f"expected one of {', '.join(member.name for member in self.members)}"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "anyOf": [
                *([{"type": "number"}] if self.or_number else []),
                {"enum": list(_by_name(self.members))},
                {
                    "type": "object",
                    "properties": {
                        name: _arguments(member)
                        for name, member in _by_name(self.members).items()
                        if member.model_fields
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }


@cache
def _by_name(members: tuple[type[Named], ...]) -> Mapping[str, type[Named]]:
    return {
        name: member
        for member in members
        for name in (member.name, member.__name__, *member.aliases)
    }


def _validated(member: type[Named], name: str, arguments: object) -> Named:
    """`member` with `arguments`; errors carry `name` in their path, as the spec does."""
    if member.primary and not isinstance(arguments, Mapping):
        arguments = {member.primary: arguments}
    try:
        return member.model_validate(arguments)
    except ValidationError as error:
        found = error.errors()
    hints = [_hint(member, fault) for fault in found if _is_unknown(fault)]
    faults = [_below(member, name, fault) for fault in found if not _is_meant(fault, hints)]
    raise ValidationError.from_exception_data(member.__name__, faults)


def _is_unknown(fault: ErrorDetails) -> bool:
    return fault["type"] == "extra_forbidden"


def _is_meant(fault: ErrorDetails, hints: list[str]) -> bool:
    """Whether an argument is missing that a hint names: it was written under another name."""
    return fault["type"] == "missing" and any(f"`{fault['loc'][0]}`" in hint for hint in hints)


def _hint(member: type[Named], fault: ErrorDetails) -> str:
    """What to write in place of an argument that `member` does not have."""
    argument, known = str(fault["loc"][-1]), member.model_fields
    takes = f"it takes {', '.join(known) or 'nothing'}"
    return member.argument_words.get(argument) or did_you_mean(argument, known) or takes


def _below(member: type[Named], name: str, fault: ErrorDetails) -> InitErrorDetails:
    """`fault`, found in the arguments of `member`, as it is seen from the field."""
    kind, context = fault["type"], fault.get("ctx", {})
    if _is_unknown(fault):
        argument, hint = printable(str(fault["loc"][-1])), _hint(member, fault)
        message = f"unknown-parameter: {name} has no argument `{argument}`; {hint}"
        kind, context = "value_error", {"error": message}
    return InitErrorDetails(type=kind, loc=(name, *fault["loc"]), input=fault["input"], ctx=context)


def _written(member: Named | float) -> str | float | dict[str, Any]:
    """`member` as a spec writes it."""
    if not isinstance(member, Named):
        return member
    arguments = member.model_dump(exclude_defaults=True)
    return {member.name: arguments} if arguments else member.name


def _arguments(member: type[Named]) -> JsonSchemaValue:
    """The JSON Schema of what may stand after `name:`."""
    whole = member.model_json_schema()
    if member.primary is None:
        return whole
    return {"anyOf": [whole["properties"][member.primary], whole]}
