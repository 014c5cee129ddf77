"""Random networks compute the same function everywhere: what nobody thought of, with every layer.

`make fuzz N=5000` runs as many others; docs/parity.md says what was run and found.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from parity import (
    Arrays,
    Case,
    Keras,
    Torch,
    assert_losses_agree,
    assert_outputs_agree,
    assert_steps_agree,
    random_weights,
)
from random_networks import Writer, all_uses
from samples import graph_sizes

from specc.checking import check_file, require_graph
from specc.ir import Graph
from specc.layer import LAYERS
from specc.passes.layout import lay_out
from specc.passes.verify import verify

FIRST, COUNT = int(os.environ.get("FUZZ_FIRST", "0")), int(os.environ.get("FUZZ", "200"))
USES = all_uses()


def written(seed: int, folder: Path) -> tuple[Graph, bool]:
    """A network, and whether all of it may be compared in training."""
    writer = Writer(seed, USES)
    path = folder / "random_network.yaml"
    path.write_text(yaml.safe_dump(writer.network(), sort_keys=False), "utf-8")
    return require_graph(check_file(path)), writer.training


class KeepingCase(Case):
    """A case whose masks keep the first of their steps: the mean of none is no number."""

    @property
    def inputs(self) -> Arrays:
        arrays = dict(Case.inputs.fget(self))
        for array in arrays.values():
            if array.dtype == bool:
                array[..., 0] = True
        return arrays


def averages_twice(graph: Graph) -> bool:
    """Whether moving averages are updated in two places, of which Keras chooses the first."""
    owners = [node.owner for node in graph.nodes if node.type == "BatchNormalization"]
    return len(owners) > len({*owners})


def test_every_layer_has_a_use() -> None:
    assert {use.layer for use in USES} == set(LAYERS)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_the_backends_agree(seed: int, tmp_path: Path) -> None:
    graph, training = written(seed, tmp_path)
    verify(graph)
    verify(lay_out(graph))
    weights = random_weights(graph)
    torch, keras = Torch(graph, weights), Keras(graph, weights)
    for large in (False, True):
        sizes = graph_sizes(graph, large) | ({} if large else {"N": 1})
        case = KeepingCase(graph, weights, sizes, seed)
        assert_outputs_agree(case, torch, keras, sensitive=torch)
    if training and case.directions and not averages_twice(graph):
        assert_steps_agree(case, torch, keras, training=True, sensitive=True)
        assert_losses_agree(case, torch, keras, steps=3, rate=1e-3)
