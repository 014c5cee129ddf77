"""The file's `defaults` for layers that stand inside another, as `LSTM` in `Bidirectional`."""

from __future__ import annotations

from specc.layer import LAYERS, Layer
from specc.nesting import is_bare, nested_fields
from specc.syntax.document import Document
from specc.syntax.yaml import Data, Mapping


def with_inner_defaults(layer: type[Layer], value: Data, document: Document) -> Data:
    """What is written after the name of `layer`, with the defaults of the layers inside filled in.

    What is filled in keeps the spans of where `defaults` has it.
    """
    fields = nested_fields(layer)
    if not fields:
        return value
    if is_bare(layer, value):
        return _inner(value, document)
    if not isinstance(value, Mapping):
        return value
    changed = {name: _inner(value[name], document) for name in fields if name in value}
    return _replaced(value, changed)


def _inner(written: Data, document: Document) -> Data:
    """A layer with its parameters, as it is written inside another."""
    if isinstance(written, str):
        defaults = document.defaults_of(written)
        return written if defaults is None else _named(written, defaults)
    if not isinstance(written, Mapping) or len(written) != 1:
        return written
    [(name, value)] = written.items()
    if name not in LAYERS:
        return written
    layer, defaults = LAYERS[name], document.defaults_of(name)
    value = with_inner_defaults(layer, value, document)
    if defaults is not None and layer.primary and is_bare(layer, value):
        value = _single(layer.primary, value, written)
    if defaults is not None and (value is None or isinstance(value, Mapping)):
        value = defaults if value is None else _over(defaults, value)
    return _replaced(written, {name: value})


def _named(name: str, defaults: Mapping) -> Mapping:
    """`{name: defaults}`, all of which stands where the defaults do."""
    made = Mapping(defaults.source)
    made.extent = defaults.extent
    made[name], made.extents[name] = defaults, (defaults.extent, defaults.extent)
    return made


def _single(name: str, value: Data, written: Mapping) -> Mapping:
    """`{name: value}`, where `value` is the one of `written`."""
    made = Mapping(written.source)
    [extents] = written.extents.values()
    made.extent = extents[1]
    made[name], made.extents[name] = value, extents
    return made


def _over(defaults: Mapping, value: Mapping) -> Mapping:
    """The keys of `value`, and those of `defaults` that it has not."""
    made = Mapping(value.source)
    made.extent = value.extent
    made.extents = {**defaults.extents, **value.extents}
    made.update({**defaults, **value})
    return made


def _replaced(mapping: Mapping, changed: dict[str, Data]) -> Mapping:
    """`mapping` with other values under some of its keys."""
    made = Mapping(mapping.source)
    made.extent, made.extents = mapping.extent, mapping.extents
    made.update({**mapping, **changed})
    return made
