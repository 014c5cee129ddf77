"""What pydantic found wrong, in the words of the language and at its place in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from specc.codes import CODES
from specc.diagnostics import SHOWN_ERRORS, Diagnostic
from specc.dims import Dim
from specc.layer import LAYERS
from specc.names import MAX_CANDIDATES, did_you_mean, nearest
from specc.source import Span, printable
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import Sequence as YamlSequence
from specc.syntax.yaml import span_at
from specc.vocabulary import meant_parameter, suggest_parameter
from specc.wording import example, shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]
"""The keys and indices that lead to a part of the data."""

_MANY_CHOICES = 8


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """Where the data came from.

    nodes: the mappings the data came from; a key is looked for in the first that has it.
    span: where to point when nothing narrower is known.
    known: the keys there are, for suggestions.
    layer: the name of the layer whose parameters these are; empty for the document's own keys.
    bare: the name, the value and the place of the parameter that a bare value sets.
    model: the model of the data, where parts of it have keys of their own.
    """

    nodes: tuple[YamlMapping, ...]
    span: Span
    known: tuple[str, ...]
    layer: str = ""
    bare: tuple[str, Any, Span] | None = None
    model: type[BaseModel] | None = None

    def known_at(self, place: Place) -> tuple[str, ...]:
        """The keys there are in the mapping at `place`."""
        if not place or self.model is None or not self.known:
            return self.known
        model = self.model
        for step in place:
            info = model.model_fields.get(str(step))
            model = model if info is None else _model_in(info.annotation) or model
        return tuple(model.model_fields)

    def node_of(self, key: str | int) -> YamlMapping | None:
        """The mapping that has `key`."""
        return next((node for node in self.nodes if key in node), None)

    def value_span(self, *place: str | int) -> Span:
        """The narrowest span known for the value at `place`."""
        if not place:
            return self.span
        if self.bare and place[0] == self.bare[0]:
            _, value, span = self.bare
            nested = isinstance(value, YamlSequence | YamlMapping)
            return span_at(value, place[1:]) if nested else span
        node = self.node_of(place[0])
        return self.span if node is None else span_at(node, place)

    def key_span(self, place: Place) -> Span:
        """The span of the key that `place` ends with."""
        data: Any = self.node_of(place[0])
        for step in place[:-1]:
            data = _step(data, step)
        if isinstance(data, YamlMapping) and place[-1] in data:
            return data.key_spans[str(place[-1])]
        return self.value_span(*place)

    def has_misspelt(self, *place: str | int) -> bool:
        """Whether a key that nothing knows was most likely meant to be the one at `place`."""
        *outer, name = place
        known, data = self.known_at(tuple(outer)), [_at(node, outer) for node in self.nodes]
        unknown = (key for node in data if node is not None for key in node if key not in known)
        given = islice(unknown, MAX_CANDIDATES)
        if self.layer:
            return any(meant_parameter(key, known) == name for key in given)
        return any(nearest(key, known) == name for key in given)


def diagnose(error: ValidationError, context: ValidationContext) -> Iterator[Diagnostic]:
    """One diagnostic for each place at fault; the branches of a union are one fault.

    Those beyond what a report shows are only counted: no names are looked through for them.
    """
    for index, (place, details) in enumerate(_by_place(error, context).items()):
        if index == SHOWN_ERRORS:
            context = replace(context, known=())
        kinds = {detail["type"] for detail in details}
        if "extra_forbidden" in kinds:
            yield _unknown(place, context)
        elif kinds != {"missing"} or not all(map(_is_of_keys, details)):
            yield _invalid(place, details, context)
        elif not context.has_misspelt(*place):
            yield _missing(place, context)


def name_faults(
    given: Iterable[str], needed: Iterable[str], context: ValidationContext
) -> Iterator[Diagnostic]:
    """What is wrong with the names of the `given` keys, whatever their values are."""
    given = tuple(given)
    for name in given:
        if name not in context.known:
            yield _unknown((name,), context)
    for name in needed:
        if name not in given and not context.has_misspelt(name):
            yield _missing((name,), context)


def places_at_fault(error: ValidationError, context: ValidationContext) -> list[Place]:
    """The places in the data that pydantic refuses."""
    return list(_by_place(error, context))


def _by_place(
    error: ValidationError, context: ValidationContext
) -> dict[Place, list[ErrorDetails]]:
    """What pydantic says of each place; what it says of a place around another is left out."""
    places: dict[Place, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        places.setdefault(_place(detail, context), []).append(detail)
    around = {place[:length] for place in places for length in range(len(place))}
    return {place: details for place, details in places.items() if place not in around}


def _place(detail: ErrorDetails, context: ValidationContext) -> Place:
    """The part of pydantic's location that exists in the data, without its union tags."""
    location = detail["loc"]
    if _is_of_keys(detail):
        return location
    first, *steps = location or ("",)
    if not location or first == "[key]":
        return ()
    data: Any = context.node_of(first)
    data = _step(data, first)
    if context.bare and first == context.bare[0]:
        data = context.bare[1]
    place: list[str | int] = [first]
    for step in steps:
        if step == "[key]":
            break
        if _has(data, step):
            data = _step(data, step)
            place.append(step)
    return tuple(place)


def _is_of_keys(detail: ErrorDetails) -> bool:
    """Whether a key is missing or unknown, and not, say, an item of a list missing."""
    kind, location = detail["type"], detail["loc"]
    return kind == "extra_forbidden" or (kind == "missing" and isinstance(location[-1], str))


def _has(data: object, step: str | int) -> bool:
    if isinstance(data, YamlMapping):
        return step in data
    return isinstance(data, YamlSequence) and isinstance(step, int) and step < len(data)


def _step(data: Any, step: str | int) -> Any:
    return data[step] if _has(data, step) else None


def _at(data: Any, place: Iterable[str | int]) -> YamlMapping | None:
    """The mapping at `place`; None if there is none."""
    for step in place:
        data = _step(data, step)
    return data if isinstance(data, YamlMapping) else None


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation such as `dict[str, Model] | None` holds; None without one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _unknown(place: Place, context: ValidationContext) -> Diagnostic:
    name = str(place[-1])
    span = context.key_span(place)
    if context.layer:
        message = f"{context.layer} has no parameter `{printable(name)}`"
        help = _only_in_keras(context.layer, name) or suggest_parameter(name, context.known)
        return Diagnostic("unknown-parameter", message, span, help=help)
    known = context.known_at(place[:-1])
    help = did_you_mean(name, known) or "there are " + _listed(known)
    return Diagnostic("unknown-key", f"unknown key `{printable(name)}`", span, help=help)


def _only_in_keras(layer: str, parameter: str) -> str:
    """Why a parameter of Keras's is none of the layer here; empty if it is none in Keras."""
    return LAYERS[layer].only_keras.get(parameter, "") if layer in LAYERS else ""


def _missing(place: Place, context: ValidationContext) -> Diagnostic:
    name = str(place[-1])
    if context.layer:
        given = f"{context.bare[0]}: {example(context.bare[1])}, " if context.bare else ""
        message = f"{context.layer} needs `{name}`"
        help = f"write `{context.layer}: {{{given}{name}: …}}`"
        return Diagnostic("missing-parameter", message, context.span, help=help)
    span = context.value_span(*place[:-1])
    return Diagnostic("missing-key", f"`{name}` is missing", span, help=f"add `{name}:`")


def _invalid(place: Place, details: list[ErrorDetails], context: ValidationContext) -> Diagnostic:
    received = details[0]["input"]
    of_key = any("[key]" in detail["loc"] for detail in details)
    span = context.key_span(place) if of_key else context.value_span(*place)
    path = f"`{_path(place)}`" if place else ""
    subject = " ".join(filter(None, (context.layer, path)))
    subject = f"{subject}: " if subject else ""
    if isinstance(received, Dim):
        return Diagnostic(
            "unknown-size",
            f"{subject}a constant is needed, and the size is `{received}`",
            span,
            help="give the input a constant size, or use a layer that takes any size",
        )
    own = next((message for message in map(_own_message, details) if message), None)
    code = "invalid-parameter" if context.layer else "wrong-type"
    if own is not None:
        return Diagnostic(own[0] or code, subject + own[1], span)
    expected = _either(dict.fromkeys(_expectation(detail) for detail in details))
    message = f"{subject}expected {expected}, received {shown(received)}"
    return Diagnostic(code, message, span, help=_help(place, received, details, context))


def _own_message(detail: ErrorDetails) -> tuple[str, str] | None:
    """What a validator of ours said, as (code or empty, message); None if pydantic itself spoke."""
    if detail["type"] != "value_error":
        return None
    text = str(detail.get("ctx", {}).get("error", detail["msg"]))
    code, _, message = text.partition(": ")
    return (code, message) if code in CODES else ("", text)


def _path(place: Place) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{printable(step)}"
    return text.removeprefix(".")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _either(choices: Mapping[str, None]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


_ARITHMETIC = re.compile(r"[0-9 ]+(\^|\*\*|[-+*/])[0-9 ]+")
_YAML_1_1_BOOLEANS = ("yes", "no", "on", "off")


def _help(
    place: Place, received: object, details: list[ErrorDetails], context: ValidationContext
) -> str:
    """What to write instead, where it can be guessed."""
    kinds = {detail["type"] for detail in details}
    if place[:1] == ("inputs",) and not context.layer and "string_type" in kinds:
        return "write a tensor type, as float32[N, 28, 28, 3]"
    if "tuple_type" in kinds and isinstance(received, Mapping):
        return "a list has `- ` before each of its entries"
    if isinstance(received, str):
        return _help_with_string(received, kinds, details)
    if "int_type" in kinds and isinstance(received, float):
        return "`//` divides to an integer, and `int(…)` rounds down"
    return ""


def _help_with_string(received: str, kinds: set[str], details: list[ErrorDetails]) -> str:
    if "bool_type" in kinds and received.lower() in _YAML_1_1_BOOLEANS:
        return "YAML 1.2 has only `true` and `false`"
    if "literal_error" in kinds:
        choices = [choice for detail in details for choice in _choices(detail)]
        return did_you_mean(received, choices) or _some(choices)
    if not kinds & {"int_type", "float_type"}:
        return ""
    if received.removeprefix("-").replace(".", "", 1).isdigit():
        return "write the number without quotes"
    if operator := _ARITHMETIC.fullmatch(received):
        power = received.replace("^", "**") if operator[1] == "^" else received
        return f'arithmetic needs an expression: "${{{printable(power)}}}"'
    return ""


def _choices(detail: ErrorDetails) -> list[str]:
    if detail["type"] != "literal_error":
        return []
    return re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))


def _some(choices: list[str]) -> str:
    return f"the names are {', '.join(choices)}" if len(choices) > _MANY_CHOICES else ""


def _choice(context: dict[str, Any]) -> str:
    expected = str(context["expected"])
    many = expected.count("'") > 2 * _MANY_CHOICES
    return "one of its names" if many else expected.replace("'", "`")


_EXPECTATIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "int_type": lambda _: "an integer",
    "int_from_float": lambda _: "an integer",
    "float_type": lambda _: "a number",
    "finite_number": lambda _: "a finite number",
    "bool_type": lambda _: "true or false",
    "string_type": lambda _: "a string",
    "tuple_type": lambda _: "a list",
    "dict_type": lambda _: "a mapping",
    "mapping_type": lambda _: "a mapping",
    "model_type": lambda _: "a mapping",
    "model_attributes_type": lambda _: "a mapping",
    "none_required": lambda _: "nothing",
    "is_instance_of": lambda _: "an entry",
    "greater_than": lambda ctx: f"a number greater than {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"a number of at least {ctx['ge']:g}",
    "less_than": lambda ctx: f"a number less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"a number of at most {ctx['le']:g}",
    "literal_error": _choice,
    "string_pattern_mismatch": lambda _: "an expression `${…}`",
    "too_short": lambda ctx: f"at least {ctx['min_length']} items",
    "too_long": lambda ctx: f"{ctx['max_length']} items at most",
    "missing": lambda _: "a longer list",
}


def _expectation(detail: ErrorDetails) -> str:
    name = _EXPECTATIONS.get(detail["type"])
    return name(detail.get("ctx", {})) if name else detail["msg"].lower()
