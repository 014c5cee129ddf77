"""How much of `keras.layers` the language has, read off Keras itself and the declarations."""

from __future__ import annotations

import inspect
from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from specc.layer import LAYERS
from specc.vocabulary import NEEDLESS_PARAMETERS, NO_LAYERS

UNKNOWN = "newer than this version of specc"
"""What is said of a class that this version has no word for."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What stands for one class of `keras.layers`.

    names: Keras's, the class's own first.
    family: the part of `keras.layers` that it is in, such as `convolutional`.
    supported: whether a layer of the language has its name.
    note: the parameters that this layer leaves out; else why there is none.
    """

    names: tuple[str, ...]
    family: str
    supported: bool
    note: str


def keras_coverage() -> tuple[Coverage, ...]:
    """Every class of the installed Keras's `keras.layers`, by family and name."""
    names: defaultdict[type[Any], list[str]] = defaultdict(list)
    for name, kind in keras_layers().items():
        names[kind].append(name)
    found = (_coverage(kind, aliases) for kind, aliases in names.items())
    return tuple(sorted(found, key=lambda each: (each.family, each.names)))


def coverage_table(found: tuple[Coverage, ...]) -> dict[str, list[tuple[str, str, str]]]:
    """Names, whether there is a layer, and the note, by family."""
    table: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for each in found:
        word = "yes" if each.supported else "no"
        table[each.family].append((", ".join(each.names), word, each.note))
    return table


def _coverage(kind: type[Any], aliases: list[str]) -> Coverage:
    name = kind.__name__ if kind.__name__ in aliases else aliases[0]
    names = (name, *sorted(alias for alias in aliases if alias != name))
    family = kind.__module__.removeprefix("keras.src.layers.").partition(".")[0]
    if name not in LAYERS:
        return Coverage(names, family, False, NO_LAYERS.get(name, UNKNOWN))
    left_out = ", ".join(left_out_parameters(name, kind))
    return Coverage(names, family, True, left_out and f"without {left_out}")


def left_out_parameters(name: str, kind: type[Any]) -> list[str]:
    """The parameters of a class of Keras that the layer of that name has no use for.

    Those that a spec says in other words (`name`, `data_format`) do not count.
    """
    given = inspect.signature(kind).parameters.keys() - LAYERS[name].model_fields.keys()
    return sorted(given - {"kwargs", "name", "data_format"})


def reason_for_leaving_out(name: str, parameter: str) -> str:
    """Why a layer has not that parameter of Keras's, as its users are told; "" if none is given."""
    return LAYERS[name].only_keras.get(parameter) or NEEDLESS_PARAMETERS.get(parameter, "")


def left_out() -> list[tuple[str, str]]:
    """The parameters that some layer leaves out, and why."""
    supported = {name: kind for name, kind in keras_layers().items() if name in LAYERS}
    found = {
        (parameter, reason_for_leaving_out(name, parameter))
        for name, kind in supported.items()
        for parameter in left_out_parameters(name, kind)
    }
    return sorted(found)


def beyond_keras() -> tuple[str, ...]:
    """The layers that `keras.layers` has not."""
    theirs = keras_layers()
    return tuple(name for name in LAYERS if name not in theirs)


def keras_layers() -> dict[str, type[Any]]:
    """The classes of `keras.layers` by name; one may have several."""
    members = vars(import_module("keras.layers"))
    return {name: kind for name, kind in members.items() if isinstance(kind, type)}
