"""Whatever a parameter is set to, a layer refuses it with a fault, or the backends take the layer.

No layer is named: each parameter of each gets each value, beside those that the first sample gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from samples import sample_graph

from specc.backend import load_backend
from specc.diagnostics import SpecError
from specc.dims import DimError
from specc.ir import Graph
from specc.layer import LAYERS, Fault, Layer, Sample
from specc.passes.limits import excess

MOST = 2**31 - 1
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "x", "a" * 5000, {}, {"a": 1}, {"Dense": 1}),
    *(-1, 0, 1, MOST, 2**53, 10**30, -(10**30), 0.5, -1.5, 1e30, -1e30, float("nan"), float("inf")),
    *((), ((),), (0,), (-1,), (1, 2), (MOST,), (MOST, MOST), (None,), (True,), (1e30, -1e30)),
    *(((0, 0), (0, 0)), ((-1, 0),), ((1, 2), (3,)), (1,) * 5000, ((1, 2),) * 3000),
)
BACKENDS = [load_backend(name) for name in ("keras", "onnx", "pytorch")]


def uses(kind: type[Layer]) -> Iterator[tuple[Sample, Any]]:
    """Each parameter at each value."""
    first = kind.samples[0]
    for parameter in kind.model_fields:
        for value in VALUES:
            yield Sample({**first.params, parameter: value}, first.inputs, ()), value


def made(kind: type[Layer], sample: Sample, faults: list[Exception]) -> Graph | None:
    """The network of one layer; None if it is refused, by one of `faults` or for its size."""
    try:
        graph = sample_graph(kind, sample)
        (node,) = graph.nodes
        node.layer.flops(*(value.type for value in node.inputs))
    except (Fault, ValidationError, DimError) as refusal:
        faults.append(refusal)
        return None
    return None if any(excess(value.type) for value in node.outputs) else graph


def compiled(graph: Graph) -> Iterator[str]:
    """The codes of what the backends refuse."""
    for backend in BACKENDS:
        try:
            backend.compile(graph, None, None)
        except SpecError as refusal:
            yield from (diagnostic.code for diagnostic in refusal.report.diagnostics)


@pytest.mark.parametrize("name", LAYERS)
def test_a_value_is_refused_or_compiles(name: str) -> None:
    faults: list[Exception] = []
    for sample, value in uses(LAYERS[name]):
        graph = made(LAYERS[name], sample, faults)
        if graph is not None and value not in (None, True, False, 0, 1):
            assert {*compiled(graph)} <= {"artifact-too-large"}
    texts = [fault.message for fault in faults if isinstance(fault, Fault)]
    assert [text for text in texts if len(text) > 400] == []
