"""Names that emitted source must not give to anything of the spec."""

from __future__ import annotations

from specc.emit.naming import class_name, unique
from specc.ir import Graph

from .emitted import helpers

AMBIGUOUS = ("I", "O", "l")
"""Letters that linters refuse, since they look like digits."""

LOOP_VARIABLE = "layer"
"""What `forward` calls the modules that it applies one after the other."""

RESERVED = (
    *("Callable", "F", "Tensor", "math", "nn", "torch"),
    *("False", "None", "True"),
    *("i", "initialize", "module", "self", "weight", LOOP_VARIABLE),
    *AMBIGUOUS,
    *helpers(),
)


def method_name(graph: Graph, usual: str) -> str:
    """The name of a method of the network: an entry may have taken the usual one."""
    (name,) = unique([usual], {item.name for item in graph.body.items})
    return name


def network_class(graph: Graph) -> str:
    """The name of the network's class in the emitted source."""
    (name,) = unique([class_name(graph.name) or "Network"], set(RESERVED))
    return name
