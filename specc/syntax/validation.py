"""What pydantic found wrong, in the words of the language and at its place in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from specc.codes import CODES
from specc.diagnostics import Diagnostic
from specc.dims import Dim
from specc.names import did_you_mean
from specc.source import Span, printable
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import span_at
from specc.vocabulary import suggest_parameter

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """Where the data came from.

    nodes: the mappings the data came from; a key is looked for in the first that has it.
    span: where to point when nothing narrower is known.
    known: the keys there are, for suggestions.
    layer: the name of the layer whose parameters these are; empty for the document's own keys.
    """

    nodes: tuple[YamlMapping, ...]
    span: Span
    known: tuple[str, ...]
    layer: str = ""

    def node_of(self, key: str | int) -> YamlMapping | None:
        """The mapping that has `key`."""
        return next((node for node in self.nodes if key in node), None)


def diagnose(error: ValidationError, context: ValidationContext) -> Iterator[Diagnostic]:
    """One diagnostic for each place at fault; the branches of a union are one fault."""
    places: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        places.setdefault(_place(detail, context), []).append(detail)
    for place, details in places.items():
        yield _diagnostic(place, details, context)


def _place(detail: ErrorDetails, context: ValidationContext) -> tuple[str | int, ...]:
    """The part of pydantic's location that exists in the data, without its union tags."""
    location = detail["loc"]
    if detail["type"] in ("missing", "extra_forbidden"):
        return location
    data: Any = context.node_of(location[0]) if location else None
    place: list[str | int] = []
    for step in location:
        if step == "[key]":
            break
        if isinstance(data, YamlMapping) and step in data:
            data = data[str(step)]
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):  # type: ignore[arg-type]
            data = data[step]
        elif data is not None:
            continue
        place.append(step)
    return tuple(place)


def _diagnostic(
    place: tuple[str | int, ...], details: list[ErrorDetails], context: ValidationContext
) -> Diagnostic:
    kinds = {detail["type"] for detail in details}
    if "extra_forbidden" in kinds:
        return _unknown(place, context)
    if kinds == {"missing"}:
        return _missing(place, context)
    return _invalid(place, details, context)


def _unknown(place: tuple[str | int, ...], context: ValidationContext) -> Diagnostic:
    name = str(place[-1])
    span = _key_span(place, context)
    if context.layer:
        message = f"{context.layer} has no parameter `{printable(name)}`"
        help = suggest_parameter(name, context.known)
        return Diagnostic("unknown-parameter", message, span, help=help)
    help = did_you_mean(name, context.known) or "there are " + _listed(context.known)
    return Diagnostic("unknown-key", f"unknown key `{printable(name)}`", span, help=help)


def _missing(place: tuple[str | int, ...], context: ValidationContext) -> Diagnostic:
    name = str(place[-1])
    if context.layer:
        message = f"{context.layer} needs `{name}`"
        help = f"write `{context.layer}: {{{name}: …}}`"
        return Diagnostic("missing-parameter", message, context.span, help=help)
    span = _span(place[:-1], context)
    return Diagnostic("missing-key", f"`{name}` is missing", span, help=f"add `{name}:`")


def _invalid(
    place: tuple[str | int, ...], details: list[ErrorDetails], context: ValidationContext
) -> Diagnostic:
    received = details[0]["input"]
    span = _span(place, context)
    subject = f"{context.layer} `{_path(place)}`" if context.layer else f"`{_path(place)}`"
    if isinstance(received, Dim):
        return Diagnostic(
            "unknown-size",
            f"{subject}: a constant is needed, and the size is `{received}`",
            span,
            help="give the input a constant size, or use a layer that takes any size",
        )
    messages = [_own_message(detail) for detail in details]
    own = next((message for message in messages if message), None)
    if own is not None:
        code, message = own
        return Diagnostic(code or _invalid_code(context), f"{subject}: {message}", span)
    expected = _either(dict.fromkeys(_expectation(detail) for detail in details))
    message = f"{subject}: expected {expected}, received {_shown(received)}"
    return Diagnostic(_invalid_code(context), message, span, help=_quoting_help(received, details))


def _invalid_code(context: ValidationContext) -> str:
    return "invalid-parameter" if context.layer else "wrong-type"


def _own_message(detail: ErrorDetails) -> tuple[str, str] | None:
    """What a validator of ours said, as (code or empty, message); None if pydantic itself spoke."""
    if detail["type"] != "value_error":
        return None
    text = str(detail.get("ctx", {}).get("error", detail["msg"]))
    code, _, message = text.partition(": ")
    return (code, message) if code in CODES else ("", text)


def _span(place: tuple[str | int, ...], context: ValidationContext) -> Span:
    node = context.node_of(place[0]) if place else None
    return context.span if node is None else span_at(node, place)


def _key_span(place: tuple[str | int, ...], context: ValidationContext) -> Span:
    data: Any = context.node_of(place[0])
    for step in place[:-1]:
        if not isinstance(data, Mapping | tuple) or (
            isinstance(data, Mapping) and step not in data
        ):
            return context.span
        data = data[step]  # type: ignore[index]
    if isinstance(data, YamlMapping) and place[-1] in data:
        return data.key_spans[str(place[-1])]
    return context.span


def _path(place: tuple[str | int, ...]) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{printable(step)}"
    return text.removeprefix(".")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _either(choices: Mapping[str, None]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'the string "{printable(value)}"'
        case Mapping():
            return "a mapping"
        case tuple():
            items = ", ".join(_shown(item) for item in value[:4])  # type: ignore[arg-type]
            return f"[{items}{', …' if len(value) > 4 else ''}]"  # type: ignore[arg-type]
        case _:
            return printable(str(value))


def _quoting_help(received: object, details: list[ErrorDetails]) -> str:
    wants_bool = any(detail["type"].startswith("bool") for detail in details)
    if wants_bool and isinstance(received, str) and received.lower() in ("yes", "no", "on", "off"):
        return "YAML 1.2 has only `true` and `false`"
    wants_number = any(detail["type"].startswith(("int", "float")) for detail in details)
    if wants_number and isinstance(received, str) and received.lstrip("-").isdigit():
        return "write the number without quotes"
    return ""


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
    "greater_than": lambda ctx: f"a number greater than {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"a number of at least {ctx['ge']}",
    "less_than": lambda ctx: f"a number less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"a number of at most {ctx['le']}",
    "literal_error": lambda ctx: str(ctx["expected"]).replace("'", "`"),
    "string_pattern_mismatch": lambda _: "an expression `${…}`",
    "too_short": lambda ctx: f"at least {ctx['min_length']} items",
    "too_long": lambda ctx: f"{ctx['max_length']} items at most",
}


def _expectation(detail: ErrorDetails) -> str:
    name = _EXPECTATIONS.get(detail["type"])
    return name(detail.get("ctx", {})) if name else detail["msg"].lower()
