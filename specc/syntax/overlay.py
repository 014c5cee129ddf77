"""Values laid over a part of a spec: what the command line or Python says in place of the file.

Each part keeps the place where it was written, so that a fault is shown where it stands: in the
file, or in the option.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from specc.diagnostics import SpecError
from specc.source import Source, printable
from specc.syntax.yaml import Data, read_yaml
from specc.syntax.yaml import Mapping as YamlMapping

CHOICES: Final[Mapping[str, str]] = {
    "optimizer": "",
    "learning_rate": "",
    "loss": "",
    "source": "path",
    "validation": "path",
    "test": "path",
}
"""The keys whose value is one thing by name, and the argument that `{idx: digits}` gives it."""


def overlaid(base: YamlMapping, over: YamlMapping) -> YamlMapping:
    """`base` with what `over` says in its place; a mapping in both is laid over in its turn.

    Where a choice falls on another name, the arguments of the first one are gone with it.
    """
    merged = YamlMapping(base.source)
    merged.extent = base.extent
    for given in (base, over):
        for key, value in given.items():
            merged[key] = _laid(key, merged[key], value) if key in merged else value
            merged.key_spans[key] = given.key_spans[key]
            merged.value_spans[key] = given.value_spans[key]
    return merged


def _laid(key: str, old: Data, new: Data) -> Data:
    if not isinstance(old, YamlMapping) or not isinstance(new, YamlMapping):
        return new
    if key not in CHOICES:
        return overlaid(old, new)
    return overlaid(_spelt_out(old, CHOICES[key]), new) if old.keys() == new.keys() else new


def _spelt_out(choice: YamlMapping, primary: str) -> YamlMapping:
    """`{idx: digits}` as `{idx: {path: digits}}`."""
    spelt = YamlMapping(choice.source)
    spelt.extent, spelt.extents = choice.extent, choice.extents
    for name, value in choice.items():
        bare = primary and value is not None and not isinstance(value, YamlMapping)
        spelt[name] = within((primary,), choice, name) if bare else value
    return spelt


def within(path: tuple[str, ...], given: YamlMapping, key: str) -> YamlMapping:
    """The value that `given` has under `key`, as if it stood under `path`, at the same place."""
    data: Data = given[key]
    for name in reversed(path):
        outer = YamlMapping(given.source)
        outer.extent = given.extents[key][1]
        outer.extents[name] = given.extents[key]
        outer[name] = data
        data = outer
    assert isinstance(data, YamlMapping)
    return data


def from_python(section: str, values: Mapping[str, Any]) -> YamlMapping:
    """What Python says of a section, read as if a file said it: the same limits, and places.

    Raises `SpecError`: `wrong-type` for what no spec can say, else what `read_yaml` raises.
    """
    if isinstance(values, YamlMapping):
        return values
    try:
        text = json.dumps(values, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"`{section}`: expected what YAML can say, received {printable(str(error), 200)}"
        raise SpecError.of("wrong-type", message) from None
    return read_yaml(Source(f"{section}=", text))
