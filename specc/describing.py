"""What `specc layers` prints, read off the declarations of the layers."""

from __future__ import annotations

import inspect
import json
import re
from textwrap import fill
from typing import Any, cast

from specc.diagnostics import SpecError
from specc.layer import LAYERS, MANY, Layer, arity_text
from specc.nesting import SCHEMA_FORMAT
from specc.schema import Schema, parameter_schemas
from specc.tensor import MAX_DIM
from specc.vocabulary import suggest_layer

COLUMNS = 100


def layer_table() -> dict[str, list[tuple[str, str]]]:
    """The layers and what each is in one line, by family, both in alphabetical order.

    The family of a plugin's layer is its module.
    """
    table: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(LAYERS, key=lambda name: (_family(name), name)):
        title = _documentation(LAYERS[name]).partition("\n")[0]
        table.setdefault(_family(name), []).append((name, title))
    return table


def layers_json() -> dict[str, Any]:
    """The same as data."""
    layers = [
        {"name": name, "family": family, "title": title}
        for family, members in layer_table().items()
        for name, title in members
    ]
    return {"layers": layers}


def layer_page(name: str) -> str:
    """All about one layer: what it does, its parameters, and a use of it.

    Raises `SpecError` (`unknown-layer`).
    """
    layer = _known(name)
    sections = [name, _documentation(layer), f"Takes {arity_text(layer)}."]
    parameters = parameter_schemas(layer)
    if parameters:
        entries = (_parameter(key, schema, layer) for key, schema in parameters.items())
        sections.append("\n".join(["Parameters:", *entries]))
    if layer.samples:
        sections.append(_example(layer))
    return "\n\n".join(sections)


def layer_json(name: str) -> dict[str, Any]:
    """The same as data; parameters are described by JSON Schema, as in that of the language.

    Raises `SpecError` (`unknown-layer`).
    """
    layer = _known(name)
    fewest, most = layer.arity
    return {
        "name": name,
        "family": _family(name),
        "description": _documentation(layer),
        "inputs": {"fewest": fewest, "most": None if most >= MANY else most},
        "primary": layer.primary,
        "required": [key for key, field in layer.model_fields.items() if field.is_required()],
        "parameters": parameter_schemas(layer),
        "examples": [
            {"parameters": {**sample.params}, "inputs": sample.inputs, "outputs": sample.outputs}
            for sample in layer.samples[:1]
        ],
    }


def _known(name: str) -> type[Layer]:
    if name in LAYERS:
        return LAYERS[name]
    message = f"there is no layer `{name}`"
    raise SpecError.of("unknown-layer", message, help=suggest_layer(name, LAYERS))


def _family(name: str) -> str:
    """The module of a plugin's layer has the name that is missing here."""
    return LAYERS.families.get(name, LAYERS[name].__module__)


def schema_text(schema: Schema) -> str:
    """A schema in words: `integer > 0 or [integer > 0, integer > 0]`."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(schema_text(item) for item in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(_preferred(list(map(str, schema["enum"]))))
    match schema.get("type"):
        case "array":
            items = schema.get("prefixItems") or [schema.get("items", {})]
            more = "" if "prefixItems" in schema else ", …"
            return f"[{', '.join(map(schema_text, items))}{more}]"
        case "object" if schema.get("format") == SCHEMA_FORMAT:
            return f"one layer, as {{{schema.get('examples', ['Dense'])[0]}: {{…}}}}"
        case "object":
            first, *_ = _preferred(list(schema.get("properties", {})))
            return f"one with arguments, as {{{first}: …}}"
        case None:
            return json.dumps(schema["const"]) if "const" in schema else "any value"
        case kind:
            return " ".join([str(kind), *_bounds(schema)])


def _preferred(names: list[str]) -> list[str]:
    """The names to show: where there are some in lower case, the others are Keras's class names."""
    return [name for name in names if name[:1].islower()] or names


def _documentation(layer: type[Layer]) -> str:
    return inspect.cleandoc(layer.__doc__ or "")


def _parameter(name: str, schema: Schema, layer: type[Layer]) -> str:
    """A parameter with its default, its description and its type, on lines of their own."""
    required = layer.model_fields[name].is_required()
    default = "required" if required else f"default {_yaml(schema.get('default'))}"
    short = f"; `{_short(layer)}` for short" if name == layer.primary else ""
    notes = filter(None, (schema.get("description"), schema_text(schema)))
    return "\n".join([f"  {name} ({default}{short})", *map(_indented, notes)])


def _short(layer: type[Layer]) -> str:
    """A use of the layer with a bare value, as `Dense: 4`, after a sample if one can be so."""
    alone = (sample.params for sample in layer.samples if {*sample.params} == {layer.primary})
    values = (_yaml(params[str(layer.primary)]) for params in alone)
    return f"{layer.__name__}: {next(values, '…')}"


def _indented(text: str) -> str:
    return fill(text, COLUMNS, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _bounds(schema: Schema) -> list[str]:
    """The lower bound, and an upper one unless it is the general limit of 2^31."""
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    return [
        f"{sign} {schema[key]:g}"
        for key, sign in signs.items()
        if key in schema and schema[key] < MAX_DIM
    ]


def _example(layer: type[Layer]) -> str:
    sample = layer.samples[0]
    entry = f"{layer.__name__}: {_yaml(dict(sample.params))}" if sample.params else layer.__name__
    return f"Example:\n  - {entry}\n  {', '.join(sample.inputs)} -> {', '.join(sample.outputs)}"


def _yaml(value: Any) -> str:
    """A value on one line as a spec has it: names bare."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z]\w*", value):
        return value
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return f"{{{', '.join(f'{name}: {_yaml(item)}' for name, item in items)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, cast('list[Any]', value)))}]"
    return json.dumps(value)
