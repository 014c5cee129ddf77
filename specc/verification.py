"""Whether the backends compute the same function: the same weights and inputs through each.

`verify` compares every output between every two backends. Where two part beyond the tolerance it
runs both again with every layer's output as an output of the network, and names the first that
differs. numpy is imported when arrays are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from specc.backend import backend_names, load_backend
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.dims import evaluate, symbols
from specc.ir import Graph, Item, Node, Value
from specc.passes.beginnings import first_layers
from specc.passes.cost import batch_symbols
from specc.tensor import FLOATS

if TYPE_CHECKING:
    from specc.backend import Array, Arrays

SMALLEST_SIZES = (2, 4, 8, 16, 32, 64, 128, 256)
"""Tried in turn for the symbols that are not the batch, until every dim is positive."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two values agree if |a - b| <= absolute + relative * |b|."""

    relative: float = 1e-5
    absolute: float = 1e-5


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one value lies apart between two backends.

    absolute: the largest |a - b|. relative: the largest |a - b| / |b|.
    agrees: whether every element does, within the tolerance; NaN agrees with NaN.
    """

    output: str
    backends: tuple[str, str]
    absolute: float
    relative: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Parting:
    """The first layer, in the network's order, whose output differs between two backends."""

    node: Node
    difference: Difference


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found. partings: one for each two backends that disagree somewhere.

    sizes: what stood for each symbol.
    """

    differences: tuple[Difference, ...]
    partings: tuple[Parting, ...]
    sizes: Mapping[str, int]

    @property
    def agrees(self) -> bool:
        return all(difference.agrees for difference in self.differences)

    def report(self) -> Report:
        """The disagreements as diagnostics, each at the layer where it begins if that is known."""
        report = Report()
        begin = {parting.difference.backends: parting for parting in self.partings}
        for difference in self.differences:
            if not difference.agrees:
                report.add(_diagnostic(difference, begin.get(difference.backends)))
        return report


def verify(
    graph: Graph,
    weights: Arrays,
    *,
    backends: Iterable[str] | None = None,
    batch: int = 2,
    seed: int = 0,
    tolerance: Tolerance | None = None,
) -> Verification:
    """Run `graph` on random inputs through `backends` (default: all installed) and compare.

    seed: of the inputs.
    Raises `SpecError`, among them `unknown-backend` for fewer than two backends.
    """
    names = tuple(dict.fromkeys(backend_names() if backends is None else backends))
    if len(names) < 2:
        raise SpecError.of("unknown-backend", "it takes two backends to compare them")
    tolerance = tolerance or Tolerance()
    sizes = example_sizes(graph, batch)
    inputs = random_inputs(graph, sizes, seed)
    results = _results(graph, names, weights, inputs)
    differences = tuple(
        compare(output, pair, results, tolerance)
        for output in graph.outputs
        for pair in combinations(names, 2)
    )
    apart = dict.fromkeys(each.backends for each in differences if not each.agrees)
    if not apart:
        return Verification(differences, (), sizes)
    suspects = dict.fromkeys(name for pair in apart for name in pair)
    inside = _results(expose_layers(graph), suspects, weights, inputs)
    partings = (_parting(graph, pair, inside, tolerance) for pair in apart)
    return Verification(differences, tuple(filter(None, partings)), sizes)


def _results(
    graph: Graph, names: Iterable[str], weights: Arrays, inputs: Arrays
) -> dict[str, Arrays]:
    return {name: load_backend(name).run(graph, weights, inputs) for name in names}


def compare(
    output: str,
    backends: tuple[str, str],
    results: Mapping[str, Arrays],
    tolerance: Tolerance,
) -> Difference:
    """The difference of one output between two backends; the second is the reference."""
    import numpy as np

    left, right = (np.asarray(results[name][output], np.float64) for name in backends)
    if left.shape != right.shape:
        return Difference(output, backends, np.inf, np.inf, agrees=False)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    scale = np.abs(right)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.where(same, 0.0, np.abs(left - right))
        relative = np.where(same | (scale == 0), 0.0, apart / scale)
    # What has no distance, as infinity and NaN from anything else, is infinitely far.
    apart, relative = (np.where(np.isnan(each), np.inf, each) for each in (apart, relative))
    allowed = tolerance.absolute + tolerance.relative * scale
    agrees = bool(np.all(same | (np.isfinite(apart) & (apart <= allowed))))
    largest = [float(values.max(initial=0.0)) for values in (apart, relative)]
    return Difference(output, backends, *largest, agrees=agrees)


def example_sizes(graph: Graph, batch: int) -> dict[str, int]:
    """A size for each symbol: `batch` for the batch, and small different ones that fit every layer.

    Raises `SpecError` (`invalid-dim`) if none up to 256 do.
    """
    values = [*graph.inputs.values(), *(value for node in graph.nodes for value in node.outputs)]
    shapes = {value.type.shape for value in values}
    names = sorted({name for shape in shapes for size in shape for name in symbols(size)})
    leading = batch_symbols(graph)
    others = [name for name in names if name not in leading]
    for smallest in SMALLEST_SIZES:
        sizes = dict.fromkeys(leading, batch)
        sizes |= {name: smallest + index for index, name in enumerate(others)}
        if all(evaluate(size, sizes) >= 1 for shape in shapes for size in shape):
            return sizes
    raise SpecError.of("invalid-dim", f"no sizes for {', '.join(others)} fit every layer")


def random_inputs(graph: Graph, sizes: Mapping[str, int], seed: int = 0) -> dict[str, Array]:
    """An array for each input, as the spec lays it out: normal floats, or integers from 0 to 9.

    Ids stay below the number of rows of the table that they are looked up in.

    What a `Rescaling` takes is drawn so that it gives numbers of about 1: outputs too small for the
    tolerance would agree whatever the backends compute.
    """
    import numpy as np

    generator = np.random.default_rng(seed)

    def draw(value: Value) -> Array:
        type = value.type
        shape = tuple(evaluate(size, sizes) for size in type.shape)
        if type.dtype in FLOATS:
            return (_spread(graph, value) * generator.standard_normal(shape)).astype(type.dtype)
        end = 2 if type.dtype == "bool" else _ids(graph, value)
        return generator.integers(0, end, shape).astype(type.dtype)

    return {name: draw(value) for name, value in graph.inputs.items()}


def _ids(graph: Graph, value: Value) -> int:
    """How many different integers an input has: at most 10."""
    layers = (node.layer for node in first_layers(graph, value))
    rows = (getattr(layer, name, 10) for layer in layers for name in ("input_dim", "num_tokens"))
    return min(10, *rows, 10)


def _spread(graph: Graph, value: Value) -> float:
    """The standard deviation of an input: what a first `Rescaling` scales to 1, else 1."""
    node = next(first_layers(graph, value), None)
    if node is None or node.type != "Rescaling":
        return 1.0
    scale = getattr(node.layer, "scale", None)
    return 1 / scale if isinstance(scale, float) and scale else 1.0


def expose_layers(graph: Graph) -> Graph:
    """The graph with the output of every layer as an output, by the name of the value.

    Each block and loop hands out what its layers make, so that the value is there outside of it.
    """
    items = tuple(map(_exposed, graph.body.items))
    outputs = {value.name: value for node in graph.nodes for value in node.outputs}
    body = replace(graph.body, items=items, outputs=tuple(outputs.items()))
    return replace(graph, outputs=outputs, body=body)


def _exposed(item: Item) -> Item:
    if isinstance(item, Node):
        return item
    given = {value for _, value in item.outputs}
    made = [("", value) for node in item.nodes() for value in node.outputs if value not in given]
    return replace(item, items=tuple(map(_exposed, item.items)), outputs=(*item.outputs, *made))


def _parting(
    graph: Graph, pair: tuple[str, str], results: Mapping[str, Arrays], tolerance: Tolerance
) -> Parting | None:
    for node in graph.nodes:
        for value in node.outputs:
            difference = compare(value.name, pair, results, tolerance)
            if not difference.agrees:
                return Parting(node, difference)
    return None


def _diagnostic(difference: Difference, parting: Parting | None) -> Diagnostic:
    first, second = difference.backends
    message = f"{difference.output}: {first} and {second} differ by {difference.absolute:.2g}"
    if parting is None:
        return Diagnostic("verification-failed", message)
    node = parting.node
    message += f", first at {node.path} ({node.type}), by {parting.difference.absolute:.2g}"
    return Diagnostic("verification-failed", message, node.span)
