"""Random networks compute the same function everywhere: structures that nobody thought of.

Every layer here gives what it takes, `float32[N, 6, 5, 4]`, so that any value may go anywhere: into
blocks, out of loops, through layers and blocks that are used again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from parity import Case, Keras, Torch, assert_outputs_agree, random_weights

from specc.checking import check_file, require_graph
from specc.ir import Graph
from specc.passes.layout import lay_out
from specc.passes.verify import verify

NETWORKS = 100

LAYERS: list[dict[str, Any]] = [
    {"Conv2D": {"filters": 4, "kernel_size": 3, "padding": "same"}},
    {"Conv2D": {"filters": 4, "kernel_size": 1}},
    {"Dense": 4},
    {"LayerNormalization": None},
    {"BatchNormalization": None},
    {"ReLU": None},
    {"Activation": "tanh"},
    {"Softmax": {"axis": 1}},
    {"Softmax": {"axis": -1}},
    {"MaxPooling2D": {"pool_size": 2, "strides": 1, "padding": "same"}},
    {"AveragePooling2D": {"pool_size": 3, "strides": 1, "padding": "same"}},
]


@dataclass
class Block:
    """A declared block: how many inputs it takes, and the names of its outputs."""

    inputs: int
    outputs: list[str]


@dataclass
class Scope:
    """What may be referred to: names of values, and what may be used again."""

    names: list[str]
    reusable: dict[str, Block] = field(default_factory=dict)

    def inner(self) -> Scope:
        return Scope([*self.names, "prev"], dict(self.reusable))


class Writer:
    """Writes one network: the same seed gives the same one."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.blocks: dict[str, Block] = {}
        self.named = 0

    def network(self) -> dict[str, Any]:
        blocks = {name: self.block(name) for name in ("first", "second")}
        scope = Scope(["x"])
        layers = self.body(scope, self.random.randint(3, 7))
        outputs = sorted({self.random.choice(scope.names[1:]) for _ in range(3)})
        inputs = {"x": "float32[N, 6, 5, 4]"}
        return {
            "specc": 1,
            "name": "random_network",
            "inputs": inputs,
            "blocks": blocks,
            "layers": layers,
            "outputs": outputs,
        }

    def block(self, name: str) -> dict[str, Any]:
        inputs = ["a", "b"][: self.random.randint(1, 2)]
        scope = Scope(list(inputs))
        layers = self.body(scope, self.random.randint(1, 4))
        made = [entry["name"] for entry in layers]
        outputs = sorted({self.random.choice([*made, *inputs]), made[-1]})
        self.blocks[name] = Block(len(inputs), outputs)
        return {"inputs": inputs, "layers": layers, "outputs": outputs}

    def body(self, scope: Scope, entries: int, depth: int = 0) -> list[dict[str, Any]]:
        return [self.entry(scope, depth) for _ in range(entries)]

    def entry(self, scope: Scope, depth: int) -> dict[str, Any]:
        self.named += 1
        name = f"e{self.named}"
        kinds = [self.layer, self.layer, self.layer, self.merge]
        kinds += [self.loop] * (depth < 2) + [self.call] * bool(self.blocks)
        kinds += [self.reuse] * bool(scope.reusable)
        entry = {**self.random.choice(kinds)(name, scope, depth), "name": name}
        scope.names.append(name)
        return entry

    def layer(self, name: str, scope: Scope, depth: int) -> dict[str, Any]:
        scope.reusable[name] = Block(1, [])
        return {**self.random.choice(LAYERS), "inputs": self.some(scope, 1)}

    def merge(self, name: str, scope: Scope, depth: int) -> dict[str, Any]:
        return {self.random.choice(["Add", "Multiply"]): None, "inputs": self.some(scope, 2)}

    def call(self, name: str, scope: Scope, depth: int) -> dict[str, Any]:
        called = self.random.choice(sorted(self.blocks))
        block = scope.reusable[name] = self.blocks[called]
        scope.names += [f"{name}.{output}" for output in block.outputs]
        return {called: None, "inputs": self.some(scope, block.inputs, name)}

    def reuse(self, name: str, scope: Scope, depth: int) -> dict[str, Any]:
        again = self.random.choice(sorted(scope.reusable))
        block = scope.reusable[again]
        scope.names += [f"{name}.{output}" for output in block.outputs]
        return {"reuse": again, "inputs": self.some(scope, block.inputs, name)}

    def loop(self, name: str, scope: Scope, depth: int) -> dict[str, Any]:
        times, inner = self.random.randint(1, 3), scope.inner()
        layers = self.body(inner, self.random.randint(1, 3), depth + 1)
        last = layers[-1]["name"]
        if len(layers) == 1 and self.random.random() < 0.5:
            del layers[0]["name"]
        else:
            iteration = f"{name}.{self.random.randrange(times)}.{last}"
            scope.names.append(iteration)
            if last in inner.reusable:
                scope.reusable[iteration] = inner.reusable[last]
        return {"repeat": times, "layers": layers, "inputs": self.some(scope, 1, name)}

    def some(self, scope: Scope, count: int, but: str = "") -> list[str]:
        """Names of values made before, none of them in `but`."""
        names = [name for name in scope.names if not but or name.split(".")[0] != but]
        return [self.random.choice(names) for _ in range(count)]


def network(seed: int, folder: Path) -> Graph:
    path = folder / "random_network.yaml"
    path.write_text(yaml.safe_dump(Writer(seed).network(), sort_keys=False), "utf-8")
    return require_graph(check_file(path))


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_outputs_agree(seed: int, tmp_path: Path) -> None:
    graph = network(seed, tmp_path)
    verify(graph)
    verify(lay_out(graph))
    weights = random_weights(graph)
    case = Case(graph, weights, {"N": 2})
    torch, keras = Torch(graph, weights), Keras(graph, weights)
    assert_outputs_agree(case, torch.outputs, keras.outputs)
