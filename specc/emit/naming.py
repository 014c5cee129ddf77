"""Names of classes, functions and attributes in emitted source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specc.ir import Item, Node
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


def scope(item: Item, prefix: str) -> str:
    """What the literals of an item belong to, seen from `prefix`; nothing without a name."""
    parts = [part for part in relative(item.path, prefix).split(".") if not part.isdigit()]
    if not parts or (isinstance(item, Node) and _is_numbered(parts[0], snake_case(item.type))):
        return ""
    return parts[0]


def _is_numbered(name: str, default: str) -> bool:
    """Whether an entry got its name from its place: `conv2d`, `conv2d_1`."""
    return re.fullmatch(rf"{default}(_\d+)?", name) is not None


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
