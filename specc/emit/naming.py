"""Names of classes, functions and attributes in emitted source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specc.ir import Item, Node, Region
from specc.names import snake_case


def class_name(label: str) -> str:
    """`dense_layer` → `DenseLayer`, `resnet50` → `Resnet50`."""
    return "".join(part[:1].upper() + part[1:] for part in label.split("_") if part)


def attribute(path: str) -> str:
    """A dotted path as attributes and indices: `stage.0.conv2d` → `stage[0].conv2d`."""
    return re.sub(r"\.(\d+)", r"[\1]", path)


def relative(path: str, prefix: str) -> str:
    """`path` without the scope's `prefix`."""
    return path.removeprefix(f"{prefix}.") if prefix else path


def scope(item: Item, region: Region) -> str:
    """What the literals of an item in `region` belong to; nothing, if its name says nothing."""
    parts = [part for part in relative(item.path, region.path).split(".") if not part.isdigit()]
    default = _default_name(item)
    is_numbered = not parts or re.fullmatch(rf"{default}(_\d+)?", parts[0])
    if is_numbered and (isinstance(item, Node) or _count(default, region) > 1):
        return ""
    return parts[0] if parts else ""


def _count(name: str, region: Region) -> int:
    return sum(_default_name(item) == name for item in region.items)


def _default_name(item: Item) -> str:
    return item.label if isinstance(item, Region) else snake_case(item.type)


def variable(path: str) -> str:
    """A dotted path as one identifier."""
    return path.replace(".", "_")


def unique(names: Iterable[str], taken: set[str]) -> list[str]:
    """The names, numbered from 2 where they are taken already."""
    free: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in taken:
            candidate, number = f"{name}{number}", number + 1
        taken.add(candidate)
        free.append(candidate)
    return free
