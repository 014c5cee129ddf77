"""The engine on Keras's own `compile`, `fit` and `evaluate`: one `fit` an epoch.

`fit` makes the steps, counts the metrics and shares the work among devices; epochs belong to
`specc.training.loop`. On TensorFlow a call of a small network makes several steps, and `after_step`
comes after each call.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from specc.backends.keras import runtime
from specc.diagnostics import SpecError
from specc.training.objectives import log_names

from .devices import placement
from .feeding import Feed, as_inputs, as_outputs, feed, steps_per_call
from .losses import MEAN_LOSS, loss, mean_loss
from .metrics import metric
from .optimizers import optimizer

if TYPE_CHECKING:
    from specc.data.loading import Batch
    from specc.tensor import TensorType
    from specc.training.engine import AfterStep, Array, Logs, Plan
    from specc.training.objectives import Objective

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
"""Keras's dtype policies: weights stay float32, whatever the arithmetic."""


class KerasEngine:
    """See `specc.training.engine.Engine`. One process, be it with several devices.

    Raises `SpecError` for devices that are not there: see `devices.placement`.
    """

    rank = 0
    world = 1

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._place = placement(plan)
        self.precision = self._place.precision
        self.device = self._place.device
        # Under a strategy, TensorFlow cannot make several steps in one call.
        self._stack = steps_per_call(plan, self.device) if self._place.replicas == 1 else 1
        keras.utils.set_random_seed(plan.train.seed)
        with self._place.scope():
            self._model = self._emitted()
            self._trainer = self._part_in_training()
            self._compile()
            self._build()
        self._variables = runtime.variables(plan.graph, self._model)

    def _emitted(self) -> keras.Model:
        """The emitted model, made under the dtype policy of the precision."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(POLICIES[self.precision])
        try:
            return runtime.model(self._plan.graph, self._plan.weights)
        finally:
            keras.config.set_dtype_policy(before)

    def _part_in_training(self) -> keras.Model:
        """The model as far as the outputs with an objective; layers and weights are the same."""
        objectives = self._plan.objectives
        if len(objectives) == len(self._plan.graph.outputs):
            return self._model
        outputs = {name: self._model.output[name] for name in objectives}
        return keras.Model(self._model.inputs, as_outputs(outputs))

    def _compile(self) -> None:
        objectives = self._plan.objectives
        self._trainer.compile(
            optimizer=optimizer(self._plan),
            loss=as_outputs({name: loss(each) for name, each in objectives.items()}),
            loss_weights=as_outputs({name: each.weight for name, each in objectives.items()}),
            metrics=as_outputs({name: self._metrics(each) for name, each in objectives.items()}),
            steps_per_execution=self._stack,
            jit_compile=self._plan.train.compile,
        )

    def _metrics(self, objective: Objective) -> list[keras.metrics.Metric]:
        metrics = [metric(wanted, objective) for wanted in objective.metrics]
        return [*metrics, mean_loss(objective)] if len(self._plan.objectives) > 1 else metrics

    def _build(self) -> None:
        """Make what the first step else makes: the variables of the optimizer and the metrics."""
        plan = self._plan
        inputs = {name: _any_batch(value.type) for name, value in plan.graph.inputs.items()}
        targets = {name: _any_targets(each) for name, each in plan.objectives.items()}
        example = (as_inputs(inputs, plan.graph), as_outputs(targets))
        # Keras has no public way that does it without computing anything.
        self._trainer._symbolic_build(data_batch=example)  # noqa: SLF001

    @property
    def learning_rate(self) -> float:
        rate = np.float32(ops.convert_to_numpy(self._trainer.optimizer.learning_rate))
        return float(str(rate))  # 0.001, not 0.0010000000474974513

    def reduce_learning_rate(self, rate: float) -> None:
        self._trainer.optimizer.learning_rate = rate

    def train(self, batches: Iterable[Batch], after_step: AfterStep, *, done: int = 0) -> Logs:
        feed = self._feed(batches)
        if feed is None:
            return self._logs(self._trainer.get_metrics_result())

        def after_call(steps: int, logs: Mapping[str, Any]) -> None:
            after_step(done + steps, partial(self._logs, logs))

        carried = _read(self._trainer.metrics_variables) if done else None
        calls = _Calls(self._trainer, feed, after_call, carried)
        with self._place.scope(), _explained(feed):
            self._trainer.fit(feed.dataset(), shuffle=False, verbose=0, callbacks=calls)
            return self._logs(self._trainer.get_metrics_result())

    def evaluate(self, batches: Iterable[Batch]) -> Logs:
        feed = self._feed(batches)
        if feed is None:
            return {}
        self._settle()
        kept = _read(self._trainer.metrics_variables)
        try:
            with self._place.scope(), _explained(feed):
                results = self._trainer.evaluate(feed.dataset(), verbose=0, return_dict=True)
                return self._logs(results)
        finally:  # A run that ends here is saved with the metrics of the epoch.
            with self._place.scope():
                _assign(self._trainer.metrics_variables, kept)

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        names = list(self._plan.graph.outputs)
        for batch in batches:
            with self._place.scope():
                results = self._model.predict_on_batch(as_inputs(batch.inputs, self._plan.graph))
            made = {names[0]: results} if len(names) == 1 else results
            # Under a strategy of TensorFlow's every device gives them all, one after the other.
            size = len(next(iter(batch.inputs.values())))
            yield {name: np.asarray(made[name][:size], np.float32) for name in names}

    def weights(self) -> dict[str, Array]:
        self._settle()
        arrays = runtime.read(self._variables)
        return {key: arrays[key] for key in self._plan.graph.weights}

    def state(self) -> dict[str, Array]:
        self._settle()
        return {
            f"{kind}.{index}": array
            for kind, variables in self._state_variables().items()
            for index, array in enumerate(_read(variables))
        }

    def restore(self, weights: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        with self._place.scope():
            runtime.assign(self._variables, weights)
            for kind, variables in self._state_variables().items():
                _assign(variables, [state[f"{kind}.{index}"] for index in range(len(variables))])

    def any(self, flag: bool) -> bool:
        return flag

    def first(self, fault: SpecError | None) -> SpecError | None:
        return fault

    def close(self) -> None:
        pass  # Nothing is held but memory.

    def _settle(self) -> None:
        """On JAX, `fit` keeps everything to itself until it is asked."""
        if keras.backend.backend() == "jax":
            self._trainer.jax_state_sync()

    def _state_variables(self) -> dict[str, list[Any]]:
        """All variables but the weights, in a fixed order."""
        weights = {id(variable) for variable in self._model.weights}
        return {
            "optimizer": self._trainer.optimizer.variables,
            "metrics": self._trainer.metrics_variables,
            "random": [each for each in self._model.variables if id(each) not in weights],
        }

    def _logs(self, results: Mapping[str, Any]) -> Logs:
        logs = {name: float(ops.convert_to_numpy(value)) for name, value in results.items()}
        objectives = self._plan.objectives
        if len(objectives) > 1:
            logs |= {f"{name}_loss": logs[f"{name}_{MEAN_LOSS}"] for name in objectives}
        return {name: logs[name] for name in log_names(objectives)}

    def _feed(self, batches: Iterable[Batch]) -> Feed | None:
        return feed(self._plan, batches, stack=self._stack, peeks=self._place.replicas > 1)


class _Calls(keras.callbacks.CallbackList):
    """What `fit` tells, as steps.

    The list of callbacks itself and not a callback in it, which would be given logs as numbers, and
    so wait for the device after every call.

    after_call: takes the number of steps so far and the logs.
    carried: the metrics to go on from, in place of zeros.
    """

    def __init__(
        self,
        model: keras.Model,
        feed: Feed,
        after_call: Callable[[int, Mapping[str, Any]], None],
        carried: list[Array] | None,
    ) -> None:
        super().__init__(add_history=True, model=model)
        self.trainer = model
        self.feed = feed
        self.after_call = after_call
        self.carried = carried

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        if self.carried is not None:  # `fit` has just set them to zero
            _assign(self.trainer.metrics_variables, self.carried)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # The last call of an epoch may make fewer steps than the others.
        steps = min(batch + 1, self.feed.given)
        # One call more would find no data, but TensorFlow would count it as a step of the
        # optimizer: that needs none.
        self.trainer.stop_training = steps == self.feed.total
        self.after_call(steps, logs)


@contextmanager
def _explained(feed: Feed) -> Iterator[None]:
    """Say what is wrong in specc's words, and nothing where nothing is.

    Raises the fault of the feed, and `SpecError` (`out-of-memory`).
    """
    try:
        with warnings.catch_warnings():
            # Keras does not know how many batches there are.
            warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
            yield
    except Exception as error:
        if not _out_of_memory(error):
            raise
        message = f"the device has not enough memory for a step of {feed.first.size} examples"
        help = "make batch_size smaller, or set precision to bfloat16"
        raise SpecError.of("out-of-memory", message, help=help) from None
    if feed.fault is not None:
        raise feed.fault


def _out_of_memory(error: Exception) -> bool:
    """Each framework below Keras says it in its own way."""
    names = ("ResourceExhaustedError", "OutOfMemoryError")
    return type(error).__name__ in names or "RESOURCE_EXHAUSTED" in str(error)


def _any_batch(type: TensorType) -> keras.KerasTensor:
    shape = tuple(size if isinstance(size, int) else None for size in type.shape)
    return keras.KerasTensor(shape, type.dtype)


def _any_targets(objective: Objective) -> keras.KerasTensor:
    whole = _any_batch(objective.type)
    by_index = objective.labels == "int"
    return keras.KerasTensor(whole.shape[:-1], "int32") if by_index else whole


def _read(variables: Iterable[Any]) -> list[Array]:
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: Iterable[Any], arrays: Iterable[Array]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
