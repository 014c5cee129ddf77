"""Keras 3: emitted source that builds an ordinary Functional model, channels last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specc.backend import TrainingBackend

from . import runtime
from .source import emit

if TYPE_CHECKING:
    import keras

    from specc.backend import Array, Arrays, Runner
    from specc.ir import Graph
    from specc.passes.layout import IoLayout
    from specc.training.engine import Engine, Plan


class KerasBackend(TrainingBackend):
    """See `specc.backend.TrainingBackend`."""

    name = "keras"
    suffix = ".py"

    def compile(self, graph: Graph, weights: Arrays | None, io_layout: IoLayout | None) -> str:
        return emit(graph, io_layout).text

    def model(
        self, graph: Graph, weights: Arrays, io_layout: IoLayout | None = None
    ) -> keras.Model:
        return runtime.model(graph, weights, io_layout)

    def weights_of(self, graph: Graph, model: keras.Model) -> dict[str, Array]:
        return runtime.weights_of(graph, model)

    def runner(self, graph: Graph, weights: Arrays) -> Runner:
        return runtime.runner(graph, weights)

    def engine(self, plan: Plan) -> Engine:
        from .training.engine import KerasEngine

        return KerasEngine(plan)


BACKEND = KerasBackend()
