"""PyTorch: emitted source made of ordinary `torch.nn` modules, with channels first inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specc.backend import SettlingBackend, TrainingBackend
from specc.packages import needs

from . import layout as layout  # its lowering is of no family, so nothing else imports it
from . import runtime
from .source import source

if TYPE_CHECKING:
    from torch import nn

    from specc.backend import Array, Arrays, Runner
    from specc.ir import Graph
    from specc.passes.layout import IoLayout
    from specc.training.engine import Engine, Plan


class PyTorchBackend(TrainingBackend, SettlingBackend):
    """See `specc.backend.TrainingBackend`."""

    name = "pytorch"
    suffix = ".py"

    def compile(self, graph: Graph, weights: Arrays | None, io_layout: IoLayout | None) -> str:
        return source(graph, io_layout)

    def model(self, graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> nn.Module:
        return runtime.model(graph, weights, io_layout)

    def weights_of(self, graph: Graph, model: nn.Module) -> dict[str, Array]:
        return runtime.weights_of(graph, model)

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        return runtime.runner(graph, weights)

    def settled(self, graph: Graph, weights: Arrays, inputs: Arrays) -> Arrays:
        return runtime.settled(graph, weights, inputs)

    @needs("torch")
    def engine(self, plan: Plan) -> Engine:
        from .training.engine import PyTorchEngine

        return PyTorchEngine(plan)


BACKEND = PyTorchBackend()
