"""Whether the backends compute the same function: the same weights and inputs through each.

`verify` compares the output of every layer between every two backends, and the outputs of the
network as it is compiled, at two sizes of each symbol and for several examples as well as for one.
It names the first layer where two part. numpy is imported when arrays are made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, cast

from specc.agreement import NUDGES, Difference, Tolerance, compare, distance, nudged
from specc.backend import backend_names, load_backend
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.dims import Size, evaluate, symbols
from specc.ir import Graph, Item, Node, Value
from specc.layer import Fault
from specc.passes.beginnings import first_layers
from specc.passes.cost import batch_symbols
from specc.tensor import FLOATS

if TYPE_CHECKING:
    from specc.backend import Array, Arrays, SettlingBackend

SMALLEST_SIZES = (2, 4, 8, 16, 32, 64, 128, 256)
"""Tried in turn for the symbols that are not the batch, until every layer takes them."""

MOST_ELEMENTS = 2**28
"""The numbers of one backend that are held at once: of a larger network, the layers are compared
in several runs."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One tensor in two backends.

    name: of the layer's output, or of the network's. node: the layer; None where the tensor is an
        output of the network as it is compiled, in which no other tensor can be seen.
    """

    name: str
    node: Node | None
    difference: Difference

    @property
    def agrees(self) -> bool:
        return self.difference.agrees


@dataclass(frozen=True)
class Comparison:
    """All tensors of a network in two backends, the second of which is the reference.

    sizes: what stands for each symbol. tensors: every layer's outputs in the order of the network,
        then the outputs of the network as it is compiled.
    """

    backends: tuple[str, str]
    sizes: Mapping[str, int]
    tensors: tuple[Compared, ...]

    @property
    def agrees(self) -> bool:
        return self.parting is None

    @cached_property
    def parting(self) -> Compared | None:
        """The first tensor that differs, if one does."""
        return next((each for each in self.tensors if not each.agrees), None)

    @cached_property
    def largest(self) -> Compared:
        """The tensor that lies furthest apart for its scale."""
        return max(self.tensors, key=lambda each: each.difference.relative)

    @property
    def rounded(self) -> bool:
        """Whether some tensor agrees only because rounding alone moves it about as far."""
        return any(each.agrees and each.difference.rounding for each in self.tensors)

    @cached_property
    def undefined(self) -> str | None:
        """The name of the first tensor that has NaN in both, if one does."""
        return next((each.name for each in self.tensors if each.difference.undefined), None)

    def as_json(self) -> dict[str, Any]:
        """What `specc verify --json` says of it; a distance that is not finite is null."""
        return {
            "backends": list(self.backends),
            "sizes": dict(self.sizes),
            "tensors": len(self.tensors),
            "agrees": self.agrees,
            "rounded": self.rounded,
            "first_nan": self.undefined,
            "largest": _as_json(self.largest),
            "first_difference": None if self.parting is None else _as_json(self.parting),
        }


def _as_json(compared: Compared) -> dict[str, Any]:
    difference, node = compared.difference, compared.node
    numbers = {
        "absolute": difference.absolute,
        "scale": difference.scale,
        "relative": difference.relative,
        "rounding": difference.rounding,
    }
    finite = {name: number if isfinite(number) else None for name, number in numbers.items()}
    return {
        "name": compared.name,
        "layer": node and node.path,
        "type": node and node.type,
        **finite,
    }


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: a comparison for each two backends and each choice of sizes."""

    comparisons: tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        return all(comparison.agrees for comparison in self.comparisons)

    def report(self) -> Report:
        """A fault for each layer at which two backends part first."""
        apart: defaultdict[str, list[Comparison]] = defaultdict(list)
        for comparison in self.comparisons:
            if comparison.parting is not None:
                apart[comparison.parting.name].append(comparison)
        report = Report()
        report.extend(_diagnostic(*each) for each in apart.values())
        return report

    def as_json(self) -> dict[str, Any]:
        """What `specc verify --json` prints."""
        return {
            "agrees": self.agrees,
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
        }


@dataclass(frozen=True, slots=True)
class _Trial:
    """One choice of sizes, with inputs of them."""

    sizes: Mapping[str, int]
    inputs: Arrays

    def elements(self, value: Value) -> int:
        return prod(evaluate(size, self.sizes) for size in value.type.shape)


@dataclass(frozen=True, slots=True)
class _View:
    """What is compiled to see some tensors of a network.

    tensors: outputs of `graph` by name, each with the layer that makes it, or None: see `Compared`.
    """

    graph: Graph
    tensors: Mapping[str, Node | None]


@dataclass(frozen=True)
class _Seen:
    """What one backend gives of a view in each trial, all from one model."""

    view: _View
    backend: str
    weights: Arrays
    trials: list[_Trial]

    @cached_property
    def arrays(self) -> list[Arrays]:
        return self._run(self.weights, [trial.inputs for trial in self.trials])

    @cached_property
    def rounding(self) -> list[dict[str, float]]:
        """How far each tensor moves where weights and inputs move in their last places."""
        furthest = [dict.fromkeys(self.view.tensors, 0.0) for _ in self.trials]
        for seed in NUDGES:
            inputs = [self._nudged(trial.inputs, seed) for trial in self.trials]
            moved = self._run(self._nudged(self.weights, seed), inputs)
            for far, there, here in zip(furthest, moved, self.arrays, strict=True):
                for name in far:
                    far[name] = max(far[name], distance(there[name], here[name]))
        return furthest

    def _nudged(self, arrays: Arrays, seed: int) -> dict[str, Array]:
        dtypes = self.view.graph.dtypes
        return {name: nudged(array, seed, dtypes) for name, array in arrays.items()}

    def _run(self, weights: Arrays, inputs: Iterable[Arrays]) -> list[Arrays]:
        runner = load_backend(self.backend).runner(self.view.graph, weights)
        return [runner(each) for each in inputs]


def drawn_weights(graph: Graph, backends: Iterable[str], inputs: Arrays, seed: int = 0) -> Arrays:
    """Weights to verify a network with, in which nothing starts as one number or grows too large.

    See `varied_weights`, and `SettlingBackend` if one of the backends is such.
    """
    from specc.weights import varied_weights

    weights: Arrays = varied_weights(graph.weights, seed)
    settling = [each for each in map(load_backend, backends) if hasattr(each, "settled")]
    if settling and any(node.type == "BatchNormalization" for node in graph.nodes):
        weights = cast("SettlingBackend", settling[0]).settled(graph, weights, inputs)
    return weights


def verify(
    graph: Graph,
    weights: Arrays | None = None,
    *,
    backends: Iterable[str] | None = None,
    batch: int = 2,
    seed: int = 0,
    tolerance: Tolerance | None = None,
) -> Verification:
    """Run `graph` on random inputs through `backends` (default: all installed) and compare.

    weights: None draws them: see `drawn_weights`.
    batch: the number of examples in the first of two trials; there is one in the second, with
        other sizes. seed: of the inputs, and of weights that are drawn.
    tolerance: None goes by the types of the tensors. Where two backends part by more, rounding may
        explain it: see `agreement`.
    Raises `SpecError`, among them `unknown-backend` for fewer than two backends, and
    `invalid-input` for a batch of none.
    """
    names = tuple(dict.fromkeys(backend_names() if backends is None else backends))
    if len(names) < 2:
        raise SpecError.of("unknown-backend", "it takes two backends to compare them")
    if batch < 1:
        raise SpecError.of("invalid-input", f"expected a batch of at least 1, received {batch}")
    trials = [_Trial(each, random_inputs(graph, each, seed)) for each in two_sizes(graph, batch)]
    if weights is None:
        weights = drawn_weights(graph, names, trials[0].inputs, seed)
    allowed = tolerance or Tolerance.of(graph.dtypes)
    found: defaultdict[tuple[int, tuple[str, str]], list[Compared]] = defaultdict(list)
    for view in _views(graph, trials):
        seen = {name: _Seen(view, name, weights, trials) for name in names}
        for trial, pair in product(range(len(trials)), combinations(names, 2)):
            first, second = (seen[name] for name in pair)
            found[trial, pair] += _compared(first, second, trial, allowed)
    return Verification(
        tuple(
            Comparison(pair, trials[trial].sizes, tuple(tensors))
            for (trial, pair), tensors in found.items()
        )
    )


def _views(graph: Graph, trials: list[_Trial]) -> Iterator[_View]:
    """The network with the outputs of its layers laid open, then as it is; once if that is one."""
    made = graph.makers
    if made.keys() <= {*graph.outputs.values()}:
        yield _View(graph, {name: made.get(value) for name, value in graph.outputs.items()})
        return
    for values in _stretches(graph, trials):
        yield _View(expose_layers(graph, values), {value.name: made[value] for value in values})
    yield _View(graph, dict.fromkeys(graph.outputs))


def _stretches(graph: Graph, trials: list[_Trial]) -> Iterator[list[Value]]:
    """All values that layers make, in order, in parts of at most `MOST_ELEMENTS`."""
    part: list[Value] = []
    room = MOST_ELEMENTS
    for value in graph.makers:
        elements = sum(trial.elements(value) for trial in trials)
        if part and elements > room:
            yield part
            part, room = [], MOST_ELEMENTS
        part.append(value)
        room -= elements
    if part:
        yield part


def _compared(first: _Seen, second: _Seen, trial: int, tolerance: Tolerance) -> Iterator[Compared]:
    """The tensors of a view in two backends; where they differ, beside what rounding does."""
    left, right = first.arrays[trial], second.arrays[trial]
    for name, node in first.view.tensors.items():
        difference = compare(left[name], right[name], tolerance)
        if not difference.agrees:
            rounding = max(first.rounding[trial][name], second.rounding[trial][name])
            difference = replace(difference, rounding=rounding)
        yield Compared(name, node, difference)


def two_sizes(graph: Graph, batch: int) -> list[dict[str, int]]:
    """Those of `example_sizes`; then one example, each other symbol larger, and odd if it was even.

    It is one choice where they are the same, for want of symbols.
    """
    first = example_sizes(graph, batch)
    leading = batch_symbols(graph)
    step = len(first) | 1
    alone = first | dict.fromkeys(leading, 1)
    second = {name: size if name in leading else size + step for name, size in alone.items()}
    others = [sizes for sizes in (second, alone) if _fit(graph, sizes)]
    return [first, *(sizes for sizes in others[:1] if sizes != first)]


def example_sizes(graph: Graph, batch: int) -> dict[str, int]:
    """A size for each symbol: `batch` for the batch, and small different ones that fit every layer.

    Raises `SpecError` (`invalid-dim`) if none up to 256 do.
    """
    names = sorted({name for size in _dims(graph) for name in symbols(size)})
    leading = batch_symbols(graph)
    others = [name for name in names if name not in leading]
    for smallest in SMALLEST_SIZES:
        sizes = dict.fromkeys(leading, batch)
        sizes |= {name: smallest + index for index, name in enumerate(others)}
        if _fit(graph, sizes):
            return sizes
    raise SpecError.of("invalid-dim", f"no sizes for {', '.join(others)} fit every layer")


def _fit(graph: Graph, sizes: Mapping[str, int]) -> bool:
    positive = all(evaluate(size, sizes) >= 1 for size in _dims(graph))
    return positive and all(_takes(node, sizes) for node in graph.nodes)


def _takes(node: Node, sizes: Mapping[str, int]) -> bool:
    """Whether a layer takes inputs of these sizes: a mirrored pad must be smaller than its axis."""
    types = (value.type for value in node.inputs)
    try:
        node.layer.infer(*(x.with_shape(evaluate(size, sizes) for size in x.shape) for x in types))
    except Fault:
        return False
    return True


def _dims(graph: Graph) -> Iterator[Size]:
    """Every dim of every value."""
    values = (*graph.inputs.values(), *graph.makers)
    return (size for value in values for size in value.type.shape)


def random_inputs(graph: Graph, sizes: Mapping[str, int], seed: int = 0) -> dict[str, Array]:
    """An array for each input, as the spec lays it out: normal floats, or integers from 0 to 9.

    Ids stay below the number of rows of the table that they are looked up in. Numbers of bfloat16,
    which numpy lacks, are in float32.

    What a `Rescaling` takes is drawn so that it gives numbers of about 1: outputs too small for the
    tolerance would agree whatever the backends compute.
    """
    import numpy as np

    generator = np.random.default_rng(seed)

    def draw(value: Value) -> Array:
        type = value.type
        shape = tuple(evaluate(size, sizes) for size in type.shape)
        if type.dtype in FLOATS:
            numbers = np.asarray(_spread(graph, value) * generator.standard_normal(shape))
            return _bfloat16(numbers) if type.dtype == "bfloat16" else numbers.astype(type.dtype)
        end = 2 if type.dtype == "bool" else _ids(graph, value)
        return np.asarray(generator.integers(0, end, shape)).astype(type.dtype)

    return {name: draw(value) for name, value in graph.inputs.items()}


def _bfloat16(numbers: Array) -> Array:
    """float32 numbers that bfloat16, the upper half of one, holds as well."""
    import numpy as np

    bits = np.asarray(numbers.astype(np.float32).view(np.uint32) & 0xFFFF0000)
    return bits.view(np.float32)


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


def expose_layers(graph: Graph, values: Iterable[Value] | None = None) -> Graph:
    """The graph with the outputs of layers as outputs beside its own, by the names of the values.

    Each block and loop hands out what its layers make, so that the value is there outside of it.
    values: which to show; None is all.
    """
    shown = dict.fromkeys(graph.makers if values is None else values)
    items = tuple(_exposed(item, shown) for item in graph.body.items)
    outputs = {value.name: value for value in (*shown, *graph.outputs.values())}
    body = replace(graph.body, items=items, outputs=tuple(outputs.items()))
    return replace(graph, outputs=outputs, body=body)


def _exposed(item: Item, shown: Mapping[Value, None]) -> Item:
    if isinstance(item, Node):
        return item
    given = {value for _, value in item.outputs}
    made = [value for node in item.nodes() for value in node.outputs if value in shown]
    more = tuple(("", value) for value in made if value not in given)
    items = tuple(_exposed(each, shown) for each in item.items)
    return replace(item, items=items, outputs=(*item.outputs, *more))


def _diagnostic(comparison: Comparison, *others: Comparison) -> Diagnostic:
    """The fault at the tensor where all these part."""
    compared = comparison.parting
    assert compared is not None
    who = _who({each.backends: None for each in (comparison, *others)})
    difference, node = compared.difference, compared.node
    message = (
        f"{who} by {difference.absolute:.2g} where the largest number is {difference.scale:.2g}"
    )
    if node is None:
        message += f", in the output `{compared.name}` of the compiled network; its layers agree"
        return Diagnostic("verification-failed", message)
    return Diagnostic(
        "verification-failed", f"{message}, first at {node.path} ({node.type})", node.span
    )


def _who(pairs: Iterable[tuple[str, str]]) -> str:
    """Which backends differ, and if it is one from all others, that one."""
    first, *more = pairs
    odd = set(first).intersection(*more)
    if more and len(odd) == 1:
        others = [name for pair in (first, *more) for name in pair if name not in odd]
        return f"{odd.pop()} differs from {' and '.join(others)}"
    return f"{', '.join(f'{a} and {b}' for a, b in (first, *more))} differ"
