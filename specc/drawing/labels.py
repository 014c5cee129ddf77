"""The words on a box: a layer's name, type and telling parameters, what a closed block holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import cast

from specc.drawing.folding import Part, nodes_of
from specc.drawing.palette import group_of
from specc.ir import Item, Node, Region, Value
from specc.layer import Layer
from specc.source import escaped, printable
from specc.wording import count

LISTED = 12
"""A closed block tells as many of its entries."""

_QUIET = frozenset({"momentum", "epsilon", "use_bias", "seed", "name"})
_QUIET_ENDINGS = ("initializer", "regularizer", "constraint")
_WINDOWS = frozenset({"kernel_size", "pool_size"})  # 3×3 says what it is
_UNIFORM = frozenset({"strides", "padding", "dilation_rate", "size", "cropping"})


@dataclass(frozen=True, slots=True)
class Row:
    """The text for one layer, or for one closed block or loop.

    group: a key of `specc.drawing.palette.COLOURS`.
    name: its path inside the frame it stands in; `""` where the title says it already.
    details: the telling parameters of a layer, or what a block holds.
    owner: the path of the layer or block whose weights it uses; `""` if it has its own.
    parameters: of its own.
    tooltip: everything, as lines.
    """

    group: str
    title: str
    name: str = ""
    details: str = ""
    owner: str = ""
    parameters: int = 0
    tooltip: str = ""

    @property
    def note(self) -> str:
        """How many parameters it has, or whose."""
        if self.owner:
            return f"weights of {self.owner}"
        return count(self.parameters, "parameter") if self.parameters else ""


def row_of(part: Part, scope: str) -> Row:
    """The text of a part that is not opened. scope: the path of the frame it stands in."""
    first = part.first
    title, name = times_text(part) + _kind(first), path_text(part, scope)
    return Row(
        group_of(first.type) if isinstance(first, Node) else "block",
        title,
        name if name != title else "",
        telling(first.layer) if isinstance(first, Node) else contents(first),
        _owner(first),
        sum(map(parameters_of, part.items)),
        tooltip(part),
    )


def times_text(part: Part) -> str:
    """`6 × ` before what is drawn once for six iterations."""
    return f"{part.times:,} × " if part.times > 1 else ""


def path_text(part: Part, scope: str) -> str:
    """`layer.0 … 5` of what stands in `scope`."""
    path = part.first.path.removeprefix(f"{scope}.")
    return path if part.times == 1 else f"{path} … {part.last.name}"


def tooltip(part: Part) -> str:
    """All that is known of a part, as lines."""
    first = part.first
    lines = [path_text(part, ""), *_facts(first)]
    if owner := _owner(first):
        lines.append(f"weights of {owner}")
    if parameters := sum(map(parameters_of, part.items)):
        lines.append(count(parameters, "parameter"))
    return "\n".join(printable(line, 1000) for line in lines)


def contents(region: Region) -> str:
    """What a block or an iteration holds: `6 × dense_layer, transition`."""
    runs = ((word, sum(1 for _ in run)) for word, run in groupby(_words(region)))
    texts = [f"{times:,} × {word}" if times > 1 else word for word, times in islice(runs, LISTED)]
    return ", ".join([*texts, "…"] if next(runs, None) else texts)


def telling(layer: Layer) -> str:
    """The parameters that tell what a layer does, the primary one first: `64 filters, 7×7`."""
    fields = type(layer).model_fields
    given = {
        name: value
        for name, value in layer
        if value != fields[name].default
        and name not in _QUIET
        and not name.endswith(_QUIET_ENDINGS)
    }
    primary = {name: given[name] for name in (layer.primary,) if name in given}
    return ", ".join(_parameter(name, value) for name, value in (primary | given).items())


def value_text(value: Value) -> str:
    """A tensor as a tooltip has it."""
    return f"{value.name}: {value.type}"


def parameters_of(item: Item) -> int:
    """The number of the weights' elements, those that belong to another layer not counted."""
    return sum(
        weight.elements
        for node in nodes_of(item)
        if not node.shared
        for weight in node.weights.values()
    )


def _kind(item: Item) -> str:
    return item.type if isinstance(item, Node) else item.label


def _owner(item: Item) -> str:
    return item.owner if item.shared and any(node.weights for node in nodes_of(item)) else ""


def _facts(item: Item) -> Iterator[str]:
    if isinstance(item, Region):
        yield f"{item.kind} {item.label}: {contents(item)}"
        return
    yield str(item.layer)
    yield from (f"from {value_text(value)}" for value in item.inputs)
    yield from (f"gives {value.type}" for value in item.outputs)


def _words(region: Region) -> Iterator[str]:
    """What its entries are called; a loop is its iterations."""
    for item in region.items:
        if isinstance(item, Region) and item.kind == "loop":
            yield from _words(item)
        else:
            yield _kind(item)


def _parameter(name: str, value: object) -> str:
    if name in ("filters", "units"):
        return f"{value} {name if value != 1 else name.removesuffix('s')}"
    if name == "activation":
        return _yaml(value)
    if name in _WINDOWS and (sizes := _items(value)):
        return "×".join(map(_yaml, sizes))
    return name if value is True else f"{name} {_yaml(_uniform(name, value))}"


def _uniform(name: str, value: object) -> object:
    """One number for a tuple, however nested, that has but this one, where a spec may write so."""
    items = _items(value)
    if name not in _UNIFORM or not items:
        return value
    first, *others = (_uniform(name, each) for each in items)
    return first if isinstance(first, int) and all(each == first for each in others) else items


def _yaml(value: object) -> str:
    """A value as a spec has it."""
    items = _items(value)
    if items is not None:
        return f"[{', '.join(map(_yaml, items))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return escaped(str(value).lower() if isinstance(value, bool) else str(value))


def _items(value: object) -> tuple[object, ...] | None:
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else None
