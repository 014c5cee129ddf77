"""A spec as it is in force, written as one file that stands alone and means the same network.

What it includes is in it, the values of its params and the sizes of its inputs are those in use,
`train` and `data` have every default written out, and `expect` says what the network comes to:
whoever checks the file checks that it is still that network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from specc.ir import Graph
from specc.layer import LAYERS
from specc.named import Named
from specc.passes.params import PARAM_TYPES
from specc.source import Source
from specc.syntax.document import Document
from specc.syntax.program import Program
from specc.syntax.writing import yaml_text
from specc.syntax.yaml import read_yaml

if TYPE_CHECKING:
    from specc.data.document import Data
    from specc.training.document import Train

    Defaults = Mapping[str, Mapping[str, Any]]

YIELDING = frozenset({"monitor"})
"""Fields whose default is no more than a wish: without validation examples `val_loss` gives way to
`loss`, where one that was written is an error."""


def resolved_spec(program: Program, graph: Graph, train: Train | None, data: Data | None) -> str:
    """The text of the spec that `program` is with the params and the sizes of `graph`.

    The network of that text is `graph`, and the text of its own resolution is the same again.
    Raises `SpecError` if a value cannot stand in a spec, such as a path with a control character.
    """
    document = program.document
    parts: dict[str, Any] = {
        "name": graph.name,
        "description": document.description,
        "license": document.license,
        "params": {name: _param(value) for name, value in graph.params.items()},
        **_layers(program, graph),
        "outputs": document.written("outputs"),
        "expect": _expect(graph),
        "train": None if train is None else written(train),
        "data": None if data is None else written(data),
    }
    text = yaml_text({"specc": 1} | {key: part for key, part in parts.items() if part})
    read_yaml(Source("the resolved spec", text))
    return text


def written(value: object) -> Any:
    """A declaration as a spec writes it, with every default but `None` and those in `YIELDING`."""
    if isinstance(value, Named):
        arguments = _fields(value)
        return {value.name: arguments} if arguments else value.name
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {key: written(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [written(item) for item in cast("tuple[object, ...]", value)]
    return _literal(value)


def _fields(model: BaseModel) -> dict[str, Any]:
    """The fields by name; None is left out where it is the default."""
    given = {name: (info, getattr(model, name)) for name, info in type(model).model_fields.items()}
    return {
        name: written(value)
        for name, (info, value) in given.items()
        if (value is not None or info.default is not None)
        and (name not in YIELDING or name in model.model_fields_set)
    }


def _param(value: object) -> Any:
    """A value of a param as its default; a string that names a type would ask for one."""
    if isinstance(value, str) and value in PARAM_TYPES:
        return f"${{'{value}'}}"
    if isinstance(value, tuple):
        return [_literal(item) for item in cast("tuple[object, ...]", value)]
    return _literal(value)


def _literal(value: object) -> Any:
    """A value that is read as it is: no expression in it."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list | tuple):
        return [_literal(item) for item in cast("tuple[object, ...]", value)]
    return value


def _expect(graph: Graph) -> dict[str, Any]:
    return {
        "parameters": graph.parameters,
        "trainable_parameters": graph.trainable_parameters,
        "outputs": {name: str(value.type) for name, value in graph.outputs.items()},
    }


def _inputs(graph: Graph) -> dict[str, str]:
    return {name: str(value.type) for name, value in graph.inputs.items()}


def _layers(program: Program, graph: Graph) -> dict[str, Any]:
    """`defaults`, `inputs`, `blocks` and `layers`, those of included files among them.

    The defaults of a file hold for its own layers only: where files differ in them, they are
    written at the layers.
    """
    main = program.document
    documents = {id(main): main} | {
        id(each.document): each.document for each in program.blocks.values()
    }
    alike = all(document.defaults == main.defaults for document in documents.values())
    return {
        "defaults": main.written("defaults") if alike else {},
        "inputs": _inputs(graph) if graph.sizes else main.written("inputs"),
        "blocks": {
            name: _with_defaults(each.block.node, {} if alike else _defaults(each.document))
            for name, each in program.blocks.items()
        },
        "layers": _entries(main.written("layers"), {} if alike else _defaults(main)),
    }


def _defaults(document: Document) -> Defaults:
    return {layer: document.defaults_of(layer) or {} for layer in document.defaults}


def _entries(entries: Any, defaults: Defaults) -> list[Any]:
    return [_with_defaults(entry, defaults) for entry in entries]


def _with_defaults(entry: Any, defaults: Defaults) -> Any:
    """An entry, or a whole block, with the defaults written at its layers."""
    if isinstance(entry, str):
        return {entry: dict(defaults[entry])} if defaults.get(entry) else entry
    return {
        key: _entries(value, defaults) if key == "layers" else _layer(key, value, defaults)
        for key, value in entry.items()
    }


def _layer(key: str, value: Any, defaults: Defaults) -> Any:
    """The value of a key of an entry: the parameters of a layer, if the key is one."""
    if not defaults.get(key):
        return value
    given: dict[str, Any] = {str(LAYERS[key].primary): value}
    if value is None or isinstance(value, Mapping):
        given = dict(cast("Mapping[str, Any]", value or {}))
    return {**defaults[key], **given}
