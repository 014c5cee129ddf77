"""Random valid networks: every type of layer, as its samples use it, in structures of all kinds.

Nothing is thrown away: a layer is only chosen where each of its inputs can be had. An input is a
value of exactly that type, one brought to it by dense layers, or another input of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Any

from specc.dims import Size, symbols
from specc.layer import LAYERS, Fault, Sample
from specc.tensor import FLOATS, TensorType, parse_tensor_type

BATCH = parse_tensor_type("float32[N]").shape[0]

SMOOTH = ("tanh", "sigmoid", "softsign")
"""Activations that keep what goes through a network small."""

POOLINGS = {
    3: "GlobalAveragePooling1D",
    4: "GlobalAveragePooling2D",
    5: "GlobalAveragePooling3D",
}
"""By rank: what leaves the channels alone of a tensor whose other sizes may be unknown."""


@dataclass(frozen=True)
class Use:
    """One way to use a layer: a sample of it, with an open batch."""

    layer: str
    params: Mapping[str, Any]
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    training: bool

    @property
    def exact(self) -> bool:
        """Whether its inputs must be the same bit for bit, as those of the network are."""
        continuous = LAYERS[self.layer].continuous
        return not continuous or any(type.dtype not in FLOATS for type in self.outputs)

    @property
    def keeps(self) -> bool:
        """Whether it can be repeated."""
        return len(self.inputs) == 1 and self.inputs == self.outputs and not self.exact


def all_uses() -> list[Use]:
    """Those of every layer, in the order of names."""
    return [use for name, layer in LAYERS.items() for use in _uses(name, layer.samples)]


def _uses(name: str, samples: tuple[Sample, ...]) -> Iterator[Use]:
    for sample in samples:
        inputs = tuple(map(_opened, map(parse_tensor_type, sample.inputs)))
        try:
            outputs = LAYERS[name](**sample.params).infer(*inputs)
        except Fault:
            continue
        yield Use(name, sample.params, inputs, outputs, sample.training)


def _opened(type: TensorType) -> TensorType:
    return type.with_shape((BATCH, *type.shape[1:])) if type.rank else type


@dataclass
class Block:
    """A declared block: what it takes, and what each of its outputs is."""

    name: str
    inputs: tuple[TensorType, ...]
    outputs: dict[str, TensorType]


@dataclass
class Scope:
    """What may be referred to.

    values: types by name. given: the names of the network's inputs, or of values as exact.
    reusable: entries with weights, with what they take and give.
    open: whether the network may get another input here.
    """

    values: dict[str, TensorType] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    reusable: list[Block] = field(default_factory=list)
    open: bool = False


Entry = dict[str, Any]


class Writer:
    """Writes one network: the same seed gives the same one.

    training: whether all of it may be compared in training.
    """

    def __init__(self, seed: int, uses: list[Use]) -> None:
        self.random = Random(seed)
        self.uses = uses
        self.inputs: dict[str, TensorType] = {}
        self.blocks: dict[str, Any] = {}
        self.entries = 0
        self.training = True

    def network(self) -> dict[str, Any]:
        """The whole spec, as data."""
        scope = Scope(open=True)
        layers = self.body(scope, self.random.randint(4, 9), depth=0)
        made = [name for name in scope.values if name not in self.inputs]
        outputs = self.random.sample(made, min(len(made), 4)) + made[-1:]
        return {
            "specc": 1,
            "name": "random_network",
            "inputs": {name: str(type) for name, type in self.inputs.items()},
            "blocks": self.blocks,
            "layers": layers,
            "outputs": sorted(set(outputs)),
        }

    def body(self, scope: Scope, count: int, depth: int) -> list[Entry]:
        """Entries of one scope; each may bring others that prepare its inputs."""
        layers: list[Entry] = []
        for _ in range(count):
            kinds = [self.layer] * 6 + [self.merge] * bool(_mergeable(scope))
            kinds += [self.loop, self.block] * (depth < 2)
            kinds += [self.again] * bool(self._repeatable(scope))
            self.random.choice(kinds)(scope, layers, depth)
        return layers

    # --- entries --------------------------------------------------------------------------------

    def layer(self, scope: Scope, layers: list[Entry], depth: int) -> None:
        """A layer, and often a smooth activation after it."""
        feasible = self.uses if scope.open else [u for u in self.uses if self._feasible(u, scope)]
        by_layer = sorted({use.layer for use in feasible})
        chosen = self.random.choice(by_layer)
        use = self.random.choice([use for use in feasible if use.layer == chosen])
        self.training &= use.training
        inputs = [self.supply(type, scope, layers, use.exact) for type in use.inputs]
        name = self.add(scope, layers, {use.layer: dict(use.params) or None}, inputs, use.outputs)
        if len(use.outputs) == 1:
            scope.reusable.append(Block(name, use.inputs, {"": use.outputs[0]}))
            self._calm(name, scope, layers)

    def _calm(self, name: str, scope: Scope, layers: list[Entry]) -> None:
        type = scope.values[name]
        if type.dtype in FLOATS and type.rank > 1 and self.random.random() < 0.6:
            # onnxruntime has no softsign of doubles.
            smooth = self.random.choice(SMOOTH[:2] if type.dtype == "float64" else SMOOTH)
            self.add(scope, layers, {"Activation": smooth}, [name], (type,))

    def merge(self, scope: Scope, layers: list[Entry], depth: int) -> None:
        """Two values of one type become one."""
        names = self.random.choice(_mergeable(scope))
        kind = self.random.choice(["Add", "Multiply", "Average", "Concatenate"])
        inputs = [self.random.choice(names) for _ in range(2)]
        outputs = LAYERS[kind]().infer(*(scope.values[name] for name in inputs))
        self.add(scope, layers, {kind: None}, inputs, outputs)

    def loop(self, scope: Scope, layers: list[Entry], depth: int) -> None:
        """What keeps the type of a value, several times."""
        names = [name for name in scope.values if self._keeping(scope.values[name])]
        if not names:
            return self.layer(scope, layers, depth)
        start = self.random.choice(names)
        body: list[Entry] = []
        for _ in range(self.random.randint(1, 3)):
            use = self.random.choice(self._keeping(scope.values[start]))
            self.training &= use.training
            body.append({use.layer: dict(use.params) or None})
            # A normalization right after another has gradients of nothing but rounding.
            body.append({"Activation": self.random.choice(SMOOTH)})
        if self.random.random() < 0.5:
            body.append({"Add": None, "inputs": ["prev", start]})
        times = self.random.randint(1, 4)
        self.add(scope, layers, {"repeat": times, "layers": body}, [start], (scope.values[start],))
        return None

    def _keeping(self, type: TensorType) -> list[Use]:
        return [use for use in self.uses if use.keeps and use.inputs == (type,)]

    def block(self, scope: Scope, layers: list[Entry], depth: int) -> None:
        """A block that is declared, and called where it is declared."""
        names = _sources(scope)
        if not names:
            return self.layer(scope, layers, depth)
        chosen = self.random.sample(names, min(len(names), self.random.randint(1, 2)))
        types = tuple(scope.values[name] for name in chosen)
        inner = Scope(dict(zip("ab", types, strict=False)))
        body = self.body(inner, self.random.randint(1, 4), depth + 1)
        if not any(entry["name"] in inner.values for entry in body):
            self.add(inner, body, {"Activation": "tanh"}, ["a"], types[:1])
        named = [entry["name"] for entry in body]
        made = {name: inner.values[name] for name in named if name in inner.values}
        picked = sorted({*self.random.sample(sorted(made), min(len(made), 2)), list(made)[-1]})
        outputs = {name: made[name] for name in picked}
        called = f"block_{len(self.blocks)}"
        inputs = list("ab"[: len(types)])
        self.blocks[called] = {"inputs": inputs, "layers": body, "outputs": picked}
        name = self._call(scope, layers, {called: None}, chosen, outputs)
        scope.reusable.append(Block(called, types, outputs))
        scope.reusable.append(Block(name, types, outputs))
        return None

    def again(self, scope: Scope, layers: list[Entry], depth: int) -> None:
        """A block once more with weights of its own, or an entry with the same weights."""
        block = self.random.choice(self._repeatable(scope))
        inputs = [self.random.choice(_of_type(scope, type)) for type in block.inputs]
        head = {block.name: None} if block.name in self.blocks else {"reuse": block.name}
        self._call(scope, layers, head, inputs, block.outputs)

    def _repeatable(self, scope: Scope) -> list[Block]:
        return [
            block for block in scope.reusable if all(_of_type(scope, type) for type in block.inputs)
        ]

    # --- values ---------------------------------------------------------------------------------

    def add(
        self,
        scope: Scope,
        layers: list[Entry],
        head: Entry,
        inputs: list[str],
        outputs: tuple[TensorType, ...],
    ) -> str:
        """An entry at the end of `layers`; gives its name."""
        self.entries += 1
        name = f"e{self.entries}"
        entry = {**head, "name": name, "inputs": inputs}
        if len(outputs) == 1:
            scope.values[name] = outputs[0]
        else:
            entry["outputs"] = [f"{name}_{index}" for index in range(len(outputs))]
            scope.values |= zip(entry["outputs"], outputs, strict=True)
        layers.append(entry)
        return name

    def _call(
        self,
        scope: Scope,
        layers: list[Entry],
        head: Entry,
        inputs: list[str],
        outputs: Mapping[str, TensorType],
    ) -> str:
        self.entries += 1
        name = f"e{self.entries}"
        layers.append({**head, "name": name, "inputs": inputs})
        if len(outputs) == 1:
            (scope.values[name],) = outputs.values()
        else:
            scope.values |= {f"{name}.{output}": type for output, type in outputs.items()}
        return name

    def _feasible(self, use: Use, scope: Scope) -> bool:
        return all(self._suppliable(type, scope, use.exact) for type in use.inputs)

    def _suppliable(self, type: TensorType, scope: Scope, exact: bool) -> bool:
        if _of_type(scope, type, exact):
            return True
        return not exact and _is_reachable(type) and bool(_sources(scope))

    def supply(self, type: TensorType, scope: Scope, layers: list[Entry], exact: bool) -> str:
        """The name of a value of `type`; what it takes to make one goes to `layers`."""
        ready = _of_type(scope, type, exact)
        if ready and (not scope.open or self.random.random() < 0.8):
            return self.random.choice(ready)
        sources = _sources(scope) if _is_reachable(type) and not exact else []
        if sources and (not scope.open or self.random.random() < 0.7):
            return self._adapt(self.random.choice(sources), type, scope, layers)
        if ready:
            return self.random.choice(ready)
        assert scope.open
        name = f"x{len(self.inputs)}"
        self.inputs[name] = scope.values[name] = type
        scope.given.add(name)
        return name

    def _adapt(self, name: str, type: TensorType, scope: Scope, layers: list[Entry]) -> str:
        """Pooled to its channels, brought to the number of elements, and into the shape."""
        source = scope.values[name]
        if source.rank > 2:
            pooled = source.with_shape((BATCH, source.channels))
            name = self.add(scope, layers, {POOLINGS[source.rank]: None}, [name], (pooled,))
        sizes = [size for size in type.shape[1:] if isinstance(size, int)]
        flat = type.with_shape((BATCH, prod(sizes)))
        dense = {"units": prod(sizes), "activation": self.random.choice(SMOOTH)}
        name = self.add(scope, layers, {"Dense": dense}, [name], (flat,))
        if type.rank == 2:
            return name
        return self.add(scope, layers, {"Reshape": sizes}, [name], (type,))


def _is_reachable(type: TensorType) -> bool:
    """Whether dense layers can make it: all of an example is of known size."""
    known = all(isinstance(size, int) for size in type.shape[1:])
    return type.dtype == "float32" and type.rank > 1 and known and symbols(type.shape[0]) == {"N"}


def _sources(scope: Scope) -> list[str]:
    """The values that dense layers can start from."""
    return [name for name, type in scope.values.items() if _is_source(type)]


def _is_source(type: TensorType) -> bool:
    channels: Size | None = type.shape[-1] if type.rank > 1 else None
    return (
        type.dtype == "float32"
        and isinstance(channels, int)
        and (type.rank == 2 or type.rank in POOLINGS)
        and type.shape[0] == BATCH
    )


def _of_type(scope: Scope, type: TensorType, exact: bool = False) -> list[str]:
    names = [name for name, known in scope.values.items() if known == type]
    return [name for name in names if name in scope.given] if exact else names


def _mergeable(scope: Scope) -> list[list[str]]:
    """Groups of values of one floating type, with channels to put one after the other."""
    groups: dict[TensorType, list[str]] = {}
    for name, type in scope.values.items():
        if type.dtype in FLOATS and type.rank > 1:
            groups.setdefault(type, []).append(name)
    return [names for names in groups.values() if len(names) > 1]
