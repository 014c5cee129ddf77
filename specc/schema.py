"""The JSON Schema of the language, made from the models that check it.

Editors complete and check specs by it (`# yaml-language-server: $schema=…`). It describes the form
of a document: what depends on shapes, on names or on the values of expressions, only `specc check`
knows. Wherever a parameter may be computed, a string with `${` is taken too.
Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel

from specc.data.document import Data
from specc.layer import LAYERS, Layer
from specc.nesting import SCHEMA_FORMAT
from specc.syntax.document import (
    CONTROL,
    SIBLINGS,
    BlockEntry,
    Document,
    Entry,
    GroupEntry,
    LayerEntry,
)
from specc.training.document import Train

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
EXPRESSION: Schema = {"$ref": "#/$defs/expression"}
SHARED = ("initializer", "regularizer", "constraint")
BLOCK_NAME = "[a-z][A-Za-z0-9_]*$"


def json_schema() -> Schema:
    """The schema of a whole document."""
    document = _plain(Document.model_json_schema())
    definitions = document.pop("$defs") | {
        "Entry": _entry(),
        "expression": {
            "description": "A string with an expression in it, as `${2 * growth}`.",
            "type": "string",
            "pattern": r"\$\{",
        },
    }
    definitions |= {name: _layer(layer, definitions) for name, layer in LAYERS.items()}
    document["properties"] |= {
        "defaults": _defaults(),
        "variants": _variants(),
        "train": _section(Train, definitions),
        "data": _section(Data, definitions),
    }
    return {"$schema": DRAFT, "title": "specc", **document, "$defs": definitions}


def parameter_schemas(layer: type[Layer]) -> dict[str, Schema]:
    """The schema of each parameter of a layer by name, with its description and default."""
    schemas = _plain(layer.model_json_schema()).get("properties", {})
    # As a spec writes them, which pydantic's schema does not do for a default that is a model.
    defaults = layer.model_construct().model_dump(mode="json")
    return {
        name: schema | ({"default": defaults[name]} if name in defaults else {})
        for name, schema in schemas.items()
    }


# --- layers -------------------------------------------------------------------------------------


def _layer(layer: type[Layer], definitions: Schema) -> Schema:
    """What may stand after `Conv2D:`: parameters, nothing, or the primary parameter alone.

    No parameter is required: the file's `defaults` may give it.
    """
    parameters = {
        name: _shared(name, _or_expression(schema), definitions)
        for name, schema in parameter_schemas(layer).items()
    }
    forms: list[Schema] = [
        {"type": "object", "properties": parameters, "additionalProperties": False},
        {"type": "null"},
    ]
    if layer.primary:
        forms.append({"$ref": f"{_parameters(layer.__name__)}/properties/{layer.primary}"})
    return {"description": (layer.__doc__ or "").partition("\n")[0], "anyOf": forms}


def _shared(name: str, schema: Schema, definitions: Schema) -> Schema:
    """The schema of a parameter; the long ones that many layers have stand once."""
    kind = name.rpartition("_")[2]
    if kind not in SHARED:
        return schema
    form = {"anyOf": schema["anyOf"]}
    if definitions.setdefault(kind, form) != form:
        return schema
    return {key: part for key, part in schema.items() if key != "anyOf"} | {
        "$ref": f"#/$defs/{kind}"
    }


def _parameters(layer: str) -> str:
    """Where the schema of a layer's parameters is."""
    return f"#/$defs/{layer}/anyOf/0"


def _or_expression(schema: Schema) -> Schema:
    """`schema`, or an expression in place of it or of any part of it."""
    notes = {key: schema[key] for key in ("description", "default") if key in schema}
    form = {key: _computed(key, part) for key, part in schema.items() if key not in notes}
    if not form:
        return notes
    if form.get("format") == SCHEMA_FORMAT:
        return {**notes, "anyOf": [*_inner_layer(form.get("examples", list(LAYERS))), EXPRESSION]}
    return {**notes, "anyOf": [*form.get("anyOf", [form]), EXPRESSION]}


def _inner_layer(names: list[str]) -> list[Schema]:
    """A layer as the parameter of another: its name alone, or with what follows it."""
    layers = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    return [{"enum": names}, {"type": "object", "properties": layers, **_ONE_KEY}]


_ONE_KEY: Schema = {"additionalProperties": False, "minProperties": 1, "maxProperties": 1}


def _computed(key: str, part: Any) -> Any:
    """The part of a schema under `key`, with expressions in place of any value."""
    match key:
        case "anyOf":
            computed = [_or_expression(item) for item in part]
            return [form for item in computed for form in item["anyOf"] if form != EXPRESSION]
        case "prefixItems":
            return [_or_expression(item) for item in part]
        case "items":
            return _or_expression(part)
        case "additionalProperties" if isinstance(part, dict):
            return _or_expression(cast("Schema", part))
        case "properties":
            return {name: _or_expression(item) for name, item in part.items()}
        case _:
            return part


# --- entries ------------------------------------------------------------------------------------


def _entry() -> Schema:
    """An entry of `layers`: a bare name, or a mapping with one head."""
    siblings = _properties(Entry)
    bare: Schema = {
        "type": "string",
        "anyOf": [{"enum": list(LAYERS)}, {"pattern": f"^{BLOCK_NAME}"}],
    }
    layer = {
        **_mapping(LayerEntry, {name: {"$ref": f"#/$defs/{name}"} for name in LAYERS} | siblings),
        "oneOf": [{"required": [name]} for name in LAYERS],
    }
    controls = (_control(head, model) for head, model in CONTROL.items())
    group = _mapping(GroupEntry, _properties(GroupEntry)) | {"required": ["layers"]}
    return {"anyOf": [bare, layer, _call(siblings), *controls, group]}


def _control(head: str, model: type[Entry]) -> Schema:
    """A `repeat`, `for` or `reuse`: the loops among them have a body."""
    required = [head, "layers"] if "layers" in model.model_fields else [head]
    return _mapping(model, _properties(model)) | {"required": required}


def _call(siblings: Schema) -> Schema:
    """A call of a block, whose name no schema knows: the one key that is no word of specc."""
    words = sorted(SIBLINGS | set(CONTROL))
    return {
        **_mapping(BlockEntry, siblings),
        "patternProperties": {
            f"^(?!(?:{'|'.join(words)})$){BLOCK_NAME}": {"type": ["object", "null"]}
        },
        "not": {"propertyNames": {"enum": sorted(siblings)}},
    }


def _mapping(model: type[Entry], properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": (model.__doc__ or "").partition("\n")[0],
        "properties": properties,
        "additionalProperties": False,
    }


def _properties(model: type[Entry]) -> Schema:
    return _plain(model.model_json_schema())["properties"]


# --- other parts of a document ------------------------------------------------------------------


def _defaults() -> Schema:
    """Parameters by layer type."""
    forms = {name: {"$ref": _parameters(name)} for name in LAYERS}
    return {"type": "object", "properties": forms, "additionalProperties": False}


def _variants() -> Schema:
    """Params by variant, each with an `expect` if it has one of its own."""
    values: Schema = {
        "type": ["object", "null"],
        "properties": {"expect": {"$ref": "#/$defs/Expect"}},
    }
    return {"type": "object", "additionalProperties": values}


def _section(model: type[BaseModel], definitions: Schema) -> Schema:
    """`train` or `data`; the parts it is made of go to `definitions`."""
    whole = model.model_json_schema()
    parts = {**whole.pop("$defs", {}), model.__name__: whole}
    for name, part in parts.items():
        form = {key: _with_references(item, definitions) for key, item in part.items()}
        definitions[name] = _form(_plain(form))
    return {"anyOf": [{"$ref": f"#/$defs/{model.__name__}"}, {"type": "null"}]}


def _with_references(part: Any, definitions: Schema) -> Any:
    """A part of a schema; what may be chosen by name, or by an alias, is defined once."""
    if isinstance(part, list):
        items = cast("list[Any]", part)
        return [_with_references(item, definitions) for item in items]
    if not isinstance(part, dict):
        return part
    form = cast("Schema", part)
    found = {key: _with_references(item, definitions) for key, item in form.items()}
    if "title" not in found or "properties" not in found:
        return found
    name, model = found["title"], _form(_plain(found))
    while definitions.setdefault(name, model) != model:
        name += "_"
    return {"$ref": f"#/$defs/{name}"}


def _form(schema: Schema) -> Schema:
    """`schema` with expressions in place of any value in it."""
    return {key: _computed(key, part) for key, part in schema.items()}


def _plain(schema: Schema) -> Schema:
    """A schema of pydantic without the titles, which say what the keys say."""
    return {key: _untitled(key, part) for key, part in schema.items() if key != "title"}


def _untitled(key: str, part: Any) -> Any:
    if key in ("properties", "$defs"):  # here the keys are names, `title` may be one of them
        return {name: _plain(item) for name, item in part.items()}
    if isinstance(part, dict):
        return _plain(cast("Schema", part))
    if isinstance(part, list):
        items = cast("Iterable[Any]", part)
        return [_plain(cast("Schema", item)) if isinstance(item, dict) else item for item in items]
    return part
