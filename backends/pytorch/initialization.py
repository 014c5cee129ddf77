"""Initial weights in emitted PyTorch source: the spec's initializers, which are Keras's.

One function `initialize`, which the network applies to its modules, the inner ones first, has a
branch for each class of layers, with what most of them share. What starts otherwise in all modules
of a class of the file gets a branch for that class; what is left, a statement at the network's end.
The scale and shift of a normalization, which PyTorch starts as Keras does, get one where the module
is made, if they start otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import NamedTuple

from specc.emit.code import Code, render
from specc.emit.code import python as python_text
from specc.emit.format import statement
from specc.emit.naming import attribute, relative
from specc.emit.template import Line
from specc.initializers import Initializer, Ones, Zeros
from specc.ir import Graph, Node
from specc.layer import WeightDecl

from .emitted import helpers
from .initializers import Starts, counts_as_keras, is_symmetric
from .site import Site

NATIVE: dict[str, Initializer] = {
    "weight": Ones(),
    "bias": Zeros(),
    "running_mean": Zeros(),
    "running_var": Ones(),
}
"""How the normalizations of PyTorch start."""

NORMALIZATIONS = ("nn.BatchNorm", "nn.GroupNorm", "nn.InstanceNorm", "nn.LayerNorm", "nn.RMSNorm")
"""Their classes begin so; all others start their weights in a way that is not Keras's."""


class Kind(NamedTuple):
    """A class of modules; of convolutions the depthwise ones, or the others."""

    module: str
    depthwise: bool = False


class Weight(NamedTuple):
    """A weight of the network: its name in the module at `path`."""

    path: str
    kind: Kind
    name: str
    declared: WeightDecl

    @property
    def place(self) -> tuple[Kind, str]:
        """What it has in common with the weights that may start alike."""
        return self.kind, self.name

    @property
    def starts_at_any_size(self) -> bool:
        """Whether one statement can start it and all others of its place and initializer."""
        return counts_as_keras(self.declared, depthwise=self.kind.depthwise)


class Start(NamedTuple):
    """A statement that starts a weight; guarded: the weight, if some modules do not have it."""

    text: str
    guarded: str = ""


Usual = Mapping[tuple[Kind, str], Initializer]
"""How most of the weights of a place start."""


@dataclass(slots=True)
class Initialization:
    """How the modules of one network get their first weights.

    kinds: of each module whose weights do not start as PyTorch starts them, by path.
    starts: makes the statements, and knows the functions of `helpers/` that they need.
    branches: the statements of `initialize` for a kind of modules.
    """

    kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])
    starts: Starts = field(default_factory=Starts)
    branches: dict[Kind, list[Start]] = field(default_factory=dict[Kind, list[Start]])

    def start(self, site: Site, reference: str) -> list[Line]:
        """Take note of the new module of a node; what stands after its constructor."""
        node = site.node
        if not site.kind.startswith(NORMALIZATIONS):
            self.kinds[node.path] = _kind(site.kind, node, "weight")
            for part, module in site.parts.items():
                self.kinds[f"{node.path}.{part}"] = _kind(module, node, f"{part}.weight")
            return []
        return [
            Line(self.starts.of(weight, f"{reference}.{name}"))
            for name, weight in node.weights.items()
            if weight.initializer != NATIVE[name]
        ]

    def network_lines(self, graph: Graph, classes: Mapping[str, str]) -> list[Line]:
        """The last statements of the network's `__init__`; settles the branches of `initialize`.

        classes: the class of the file of which there is a module at a path.
        """
        weights = _told_apart(list(self._weights(graph)))
        usual = _usual(weights)
        self._add_branches(weights, usual)
        exceptions = [
            item
            for item in weights
            if not (item.starts_at_any_size and item.declared.initializer == usual[item.place])
        ]
        lines = list(self._settle(exceptions, classes))
        return [Line("self.apply(initialize)"), *lines] if self.branches else lines

    def functions(self) -> Iterator[str]:
        """The function that the network applies to its modules."""
        if not self.branches:
            return
        yield "\n".join(
            [
                "def initialize(module: nn.Module) -> None:",
                '    """Start the weights of a layer as the spec says."""',
                *_branch_lines(self.branches),
            ]
        )

    def _weights(self, graph: Graph) -> Iterator[Weight]:
        """Those of the modules that were taken note of."""
        for key, declared in graph.weights.items():
            path = key.rpartition(".")[0]
            while path and path not in self.kinds:
                path = path.rpartition(".")[0]
            if path:
                yield Weight(path, self.kinds[path], key.removeprefix(f"{path}."), declared)

    def _add_branches(self, weights: list[Weight], usual: Usual) -> None:
        """A branch for each kind of layers: depthwise convolutions before all others."""
        missing = self._missing(weights)
        places = [
            place for place in dict.fromkeys(item.place for item in weights) if place in usual
        ]
        for kind, name in sorted(
            places, key=lambda place: (place[0].module, not place[0].depthwise)
        ):
            initializer, reference = usual[kind, name], f"module.{name}"
            # Keras has the fans of a depthwise kernel the other way round.
            exchanged = kind.depthwise and not is_symmetric(initializer)
            tensor = f"{reference}.transpose(0, 1)" if exchanged else reference
            text = _text(self.starts.at_any_size(initializer, tensor))
            start = Start(text, reference if (kind, name) in missing else "")
            self.branches.setdefault(kind, []).append(start)

    def _missing(self, weights: list[Weight]) -> set[tuple[Kind, str]]:
        """The places whose weights some modules do not have."""
        modules = defaultdict[Kind, set[str]](set)
        for item in weights:
            modules[item.kind].add(item.path)
        having = Counter(item.place for item in weights)
        paths = {item.path for item in weights}
        bare = {kind.module for path, kind in self.kinds.items() if path not in paths}
        inner = any(_has_inner_biases(kind.module) for kind in self.kinds.values())
        return {
            (kind, name)
            for (kind, name), count in having.items()
            if count < len(modules[kind]) or kind.module in bare or (inner and name == "bias")
        }

    def _settle(self, exceptions: list[Weight], classes: Mapping[str, str]) -> Iterator[Line]:
        """A branch for what starts otherwise in all modules of a class; the lines of all else."""
        modules = Counter(classes.values())
        places = {item: list(self._places_in(item, classes)) for item in exceptions}
        found = Counter(place for item in exceptions for place in places[item])
        for item in exceptions:
            complete = [place for place in places[item] if found[place] == modules[place[0]]]
            if not complete:
                reference = f"self.{attribute(item.path)}.{item.name}"
                yield Line(self.starts.of(item.declared, reference))
                continue
            name, start = complete[0]
            starts = self.branches.setdefault(Kind(name), [])
            if start not in starts:
                starts.append(start)

    def _places_in(self, item: Weight, classes: Mapping[str, str]) -> Iterator[tuple[str, Start]]:
        """Each class around a weight, the inner ones first, with the statement that starts it."""
        scope = item.path.rpartition(".")[0]
        while scope:
            if scope in classes:
                reference = f"module.{attribute(relative(item.path, scope))}.{item.name}"
                yield classes[scope], Start(_text(self.starts.of(item.declared, reference)))
            scope = scope.rpartition(".")[0]


def _kind(module: str, node: Node, kernel: str) -> Kind:
    """The kind of a node's module; depthwise if each filter sees one channel, of several."""
    is_convolution = module in ("nn.Conv1d", "nn.Conv2d", "nn.Conv3d")
    if not is_convolution or kernel not in node.weights:
        return Kind(module)
    return Kind(module, node.weights[kernel].shape[1] == 1 != node.inputs[0].type.channels)


def _usual(weights: Iterable[Weight]) -> Usual:
    counts = Counter(
        (item.place, item.declared.initializer) for item in weights if item.starts_at_any_size
    )
    usual: dict[tuple[Kind, str], Initializer] = {}
    for (place, initializer), _ in counts.most_common():
        usual.setdefault(place, initializer)
    return usual


def _told_apart(weights: list[Weight]) -> list[Weight]:
    """The weights, depthwise kernels among the others where one statement starts both."""
    usual = _usual(weights)
    apart = {
        kind
        for (kind, name), initializer in usual.items()
        if kind.depthwise
        and not (is_symmetric(initializer) and usual.get((Kind(kind.module), name)) == initializer)
    }
    return [
        item if item.kind in apart else item._replace(kind=Kind(item.kind.module))
        for item in weights
    ]


def _branch_lines(branches: Mapping[Kind, list[Start]]) -> Iterator[str]:
    """One branch for each kind of modules; one for several classes that start alike."""
    words = chain(["if"], repeat("elif"))
    groups: dict[tuple[bool, tuple[Start, ...]], list[str]] = {}
    for kind, starts in branches.items():
        groups.setdefault((kind.depthwise, tuple(starts)), []).append(kind.module)
    for word, ((depthwise, starts), modules) in zip(words, groups.items(), strict=False):
        classes = modules[0] if len(modules) == 1 else f"({', '.join(modules)})"
        conditions = [f"isinstance(module, {classes})"]
        if depthwise:
            conditions.append("1 < module.groups == module.in_channels")
        if len(starts) == 1 and starts[0].guarded:
            conditions.append(f"{starts[0].guarded} is not None")
            starts = (Start(starts[0].text),)
        yield statement(f"{word} {' and '.join(conditions)}:", 1)
        for start in starts:
            yield from _start_lines(start)


def _start_lines(start: Start) -> Iterator[str]:
    if start.guarded:
        yield f"        if {start.guarded} is not None:"
    yield statement(start.text, 3 if start.guarded else 2)


def _text(code: Code) -> str:
    return render(code, lambda literal: python_text(literal.value))


def _has_inner_biases(kind: str) -> bool:
    """Whether a module of `helpers/` has others in it, which have a bias or not."""
    return kind in helpers() and "bias=bias" in helpers()[kind].source
