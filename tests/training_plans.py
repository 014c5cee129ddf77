"""Plans and batches for the tests of the engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import specc
from specc.data.loading import Batch
from specc.training.document import Train
from specc.training.engine import Plan
from specc.training.objectives import Objective, objectives

Array = np.ndarray[Any, Any]

TWO = """
inputs: {a: "float32[N, 4]", b: "float32[N, 2]"}
layers:
  - Concatenate:
    inputs: [a, b]
  - Dense: 3
    name: kind
  - Dense: 1
    name: age
    inputs: concatenate
outputs: [kind, age]
"""


def plan_of(folder: Path, layers: str, train: Mapping[str, Any], **options: Any) -> Plan:
    """The plan of training `layers`, the rest of a spec after its name, as `train` says.

    options: of `Plan`.
    """
    (path := folder / "net.yaml").write_text(f"specc: 1\nname: net\n{layers}", "utf-8")
    network = specc.load(path)
    declared = Train.model_validate({"optimizer": "sgd", "epochs": 2, **train})
    found = objectives(network.graph, declared)
    weights = network.initial_weights(declared.seed)
    return Plan(network.graph, declared, found, weights, **{"steps_per_epoch": 7, **options})


def batches_of(plan: Plan, count: int, *, last: int = 0, seed: int = 0) -> list[Batch]:
    """Batches of random examples; the last one has `last` of them, if not 0."""
    generator = np.random.default_rng(seed)
    sizes = [plan.train.batch_size] * count
    sizes[-1] = last or sizes[-1]
    return [_batch(plan, size, generator) for size in sizes]


def _batch(plan: Plan, size: int, generator: np.random.Generator) -> Batch:
    inputs = {
        name: generator.normal(size=_shape(value.type, size)).astype(np.float32)
        for name, value in plan.graph.inputs.items()
    }
    targets = {name: _targets(each, size, generator) for name, each in plan.objectives.items()}
    weighted = plan.train.class_weight is not None
    weights = generator.uniform(0.5, 1.5, size).astype(np.float32) if weighted else None
    return Batch(inputs, targets, weights, size)


def _targets(objective: Objective, size: int, generator: np.random.Generator) -> Array:
    shape = _shape(objective.type, size)
    match objective.labels:
        case "int":
            return generator.integers(0, shape[-1], shape[:-1]).astype(np.int32)
        case "one_hot":
            classes = generator.integers(0, shape[-1], shape[:-1])
            return np.eye(shape[-1], dtype=np.float32)[classes]
        case "binary":
            return generator.integers(0, 2, shape).astype(np.float32)
        case "values":
            return generator.normal(size=shape).astype(np.float32)


def _shape(type: Any, size: int) -> tuple[int, ...]:
    return (size, *type.shape[1:])
