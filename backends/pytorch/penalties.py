"""The penalties on weights that training adds to the loss: a method of the network."""

from __future__ import annotations

from collections.abc import Iterator

from specc.emit.code import python
from specc.emit.format import statement
from specc.emit.naming import attribute
from specc.ir import Graph
from specc.regularizers import L1, L1L2, L2, Regularizer

from .names import method_name

METHOD = "regularization_loss"

KINDS = {"Conv2D": "nn.Conv2d", "Dense": "nn.Linear"}
"""Layers of which each use is one module of one class."""

FEW = 3
"""So many weights are listed rather than searched for."""


def penalty_method(graph: Graph) -> tuple[str, ...]:
    """The source of the method, the sum of Keras's `model.losses`; none if it would be 0."""
    penalties = {
        key: terms for key, weight in graph.weights.items() if (terms := _terms(weight.regularizer))
    }
    if not penalties:
        return ()
    docstring = '"""The penalties on the weights, to be added to the loss in training."""'
    body = _searched(graph, penalties) or _listed(penalties)
    lines = [statement(line, 2) for line in (docstring, *body)]
    return ("\n".join([f"    def {method_name(graph, METHOD)}(self) -> Tensor:", *lines]),)


Terms = tuple[tuple[float, str], ...]
"""Factors, and the methods of a weight that they multiply."""


def _terms(regularizer: Regularizer | None) -> Terms:
    match regularizer:
        case L1(l1=l1):
            l2 = 0.0
        case L2(l2=l2):
            l1 = 0.0
        case L1L2(l1=l1, l2=l2):
            pass
        case _:
            return ()
    both = ((l1, "abs"), (l2, "square"))
    return tuple((factor, method) for factor, method in both if factor)


def _texts(weight: str, terms: Terms) -> Iterator[str]:
    for factor, method in terms:
        yield f"{python(factor)} * {weight}.{method}().sum()"


def _searched(graph: Graph, penalties: dict[str, Terms]) -> list[str]:
    """The body where one penalty is on all kernels of the classes that have any; else nothing."""
    owners = [node for node in graph.nodes if not node.shared]
    kinds = {node.type for node in owners if f"{node.path}.weight" in penalties}
    kernels = {f"{node.path}.weight" for node in owners if node.type in kinds}
    uniform = len(set(penalties.values())) == 1 and penalties.keys() == kernels
    if not uniform or not kinds <= KINDS.keys() or len(kernels) <= FEW:
        return []
    classes = [module for kind, module in KINDS.items() if kind in kinds]
    layers = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
    (terms,) = set(penalties.values())
    return [
        f"layers = {layers}",
        "kernels = [item.weight for item in self.modules() if isinstance(item, layers)]",
        f"return sum({' + '.join(_texts('kernel', terms))} for kernel in kernels)",
    ]


def _listed(penalties: dict[str, Terms]) -> Iterator[str]:
    """The body that names each weight."""
    items = [
        text for key, terms in penalties.items() for text in _texts(f"self.{attribute(key)}", terms)
    ]
    yield f"penalties = [{', '.join(items)}]"
    yield "return torch.stack(penalties).sum()"
