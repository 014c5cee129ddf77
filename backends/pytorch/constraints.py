"""What weights are kept to, after each step of training: a method of the network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from specc.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from specc.emit.code import python
from specc.emit.format import statement
from specc.emit.naming import attribute
from specc.ir import Graph
from specc.layer import WeightDecl

from .names import method_name

METHOD = "constrain_weights"


def split_weights(graph: Graph) -> list[str]:
    """The keys of the weights of which a norm sees an axis as several."""
    return [
        key
        for key, constraint, weight in _constrained(graph)
        if _view(weight, constraint.axes(len(weight.keras_shape)))[0]
    ]


def constraint_method(graph: Graph) -> tuple[str, ...]:
    """The source of the method; none if every weight is free."""
    calls: defaultdict[str, list[str]] = defaultdict(list)
    for key, constraint, weight in _constrained(graph):
        view, dims = _view(weight, constraint.axes(len(weight.keras_shape)))
        calls[_call(constraint, dims)].append(f"self.{attribute(key)}{view}")
    if not calls:
        return ()
    docstring = '"""Keep the weights to their constraints, after each step of the optimizer."""'
    header = f"    @torch.no_grad()\n    def {method_name(graph, METHOD)}(self) -> None:"
    body = (text for call, weights in calls.items() for text in _texts(call, weights))
    return ("\n".join([header, statement(docstring, 2), *body]),)


def constraint_helpers(graph: Graph) -> set[str]:
    """The names of the helpers that the method calls: elements are kept without one."""
    found = (constraint for _, constraint, _ in _constrained(graph))
    return {_helper(each) for each in found if not isinstance(each, NonNeg)}


def _constrained(graph: Graph) -> Iterator[tuple[str, Constraint, WeightDecl]]:
    for key, weight in graph.weights.items():
        if weight.constraint is not None:
            yield key, weight.constraint, weight


def _view(weight: WeightDecl, axes: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """What turns a weight into one that has Keras's `axes`, and where it has them.

    An axis in which Keras sees several is split only where some of them are wanted, not all.
    """
    view, dims, at = "", list[int](), 0
    for axis in range(len(weight.shape)):
        parts = [each for each, of in enumerate(weight.keras_axes) if of == axis]
        wanted = [index for index, part in enumerate(parts) if part in axes]
        if 0 < len(wanted) < len(parts):
            sizes = tuple(weight.keras_shape[part] for part in parts)
            view += f".unflatten({at}, {python(sizes)})"
            dims += [at + index for index in wanted]
            at += len(parts)
            continue
        dims += [at] if wanted else []
        at += 1
    return view, tuple(dims)


def _call(constraint: Constraint, dims: tuple[int, ...]) -> str:
    """The statement that keeps a weight, which stands in place of `{}`."""
    dim = f"dim={python(dims[0] if len(dims) == 1 else dims)}"
    match constraint:
        case MaxNorm(max_value=most):
            return f"{_helper(constraint)}({{}}, {python(most)}, {dim})"
        case MinMaxNorm(min_value=least, max_value=most, rate=rate):
            part = "" if rate == 1 else f", rate={python(rate)}"
            return f"{_helper(constraint)}({{}}, {python(least)}, {python(most)}, {dim}{part})"
        case UnitNorm():
            return f"{_helper(constraint)}({{}}, {dim})"
        case _:
            return "{}.clamp_(min=0)"


def _helper(constraint: Constraint) -> str:
    """The helper that keeps a weight to a norm."""
    return f"{constraint.name}_"


def _texts(call: str, weights: list[str]) -> Iterator[str]:
    """What keeps `weights`, all of them alike."""
    if len(weights) == 1:
        yield statement(call.format(weights[0]), 2)
        return
    yield statement(f"weights = [{', '.join(weights)}]", 2)
    yield statement("for weight in weights:", 2)
    yield statement(call.format("weight"), 3)
