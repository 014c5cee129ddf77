"""The same function: a network in PyTorch, in Keras and in ONNX, on the same weights and inputs.

All arrays are in the layout of the spec, and weights and their gradients in the canonical layout,
so that what comes out of one framework can be held against what comes out of another. A tensor has
one gradient, that of `Σ directions · outputs`, so that each element of an output counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rounding import rounding_of
from samples import sample_graph, sample_sizes

from specc.agreement import ROUNDINGS
from specc.backend import load_backend, load_model_backend
from specc.dims import evaluate
from specc.ir import Graph, Value
from specc.layer import Layer, Sample
from specc.passes.images import images
from specc.passes.layout import IoLayout
from specc.tensor import FLOATS
from specc.verification import random_inputs

Array = NDArray[Any]
Arrays = Mapping[str, Array]

TOLERANCE = 1e-5
"""What the backends may differ by, relative and absolute: the promise."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass forward and backward gave.

    gradients: by canonical key, for each trainable weight. weights: after the pass.
    input_gradients: by name, for each floating input.
    """

    outputs: Arrays
    gradients: Arrays
    input_gradients: Arrays
    weights: Arrays


@dataclass(frozen=True, slots=True)
class Case:
    """A network with weights, and inputs of certain sizes, drawn anew from `seed`."""

    graph: Graph
    weights: Arrays
    sizes: Mapping[str, int]
    seed: int = 0

    @property
    def inputs(self) -> Arrays:
        return random_inputs(self.graph, self.sizes, self.seed)

    @property
    def directions(self) -> Arrays:
        """What the gradient is taken of: a coefficient for each element of a floating output."""
        generator = np.random.default_rng(self.seed + 1)
        return {
            name: generator.standard_normal(self.shape(value)).astype(value.type.dtype)
            for name, value in self.graph.outputs.items()
            if value.type.dtype in FLOATS
        }

    def shape(self, value: Value) -> tuple[int, ...]:
        return tuple(evaluate(size, self.sizes) for size in value.type.shape)


def random_weights(graph: Graph, seed: int = 1) -> dict[str, Array]:
    """Weights in which no two numbers are alike, so that no zero and no one hides a fault.

    They keep the size of what goes through a layer, as the initializers do; variances are positive.
    """
    generator = np.random.default_rng(seed)
    weights: dict[str, Array] = {}
    for key, weight in graph.weights.items():
        if key.endswith("running_var"):
            drawn = generator.uniform(0.5, 2, weight.shape)
        else:
            fan_in = weight.fan[0] if len(weight.shape) > 1 else 1
            drawn = generator.standard_normal(weight.shape) / np.sqrt(fan_in)
        weights[key] = np.asarray(drawn, np.float32)
    return weights


def sample_case(layer: type[Layer], sample: Sample) -> Case:
    """The network of one layer, at small sizes; its symbols stay: one model serves all sizes."""
    graph = sample_graph(layer, sample)
    return Case(graph, random_weights(graph), sample_sizes(sample))


def sample_cases(layer: type[Layer], sample: Sample) -> list[Case]:
    """The same at small sizes and, if there are symbols, at large ones."""
    small = sample_case(layer, sample)
    large = replace(small, sizes=sample_sizes(sample, large=True))
    return [small, large] if small.sizes else [small]


# The frameworks ---------------------------------------------------------------------------------


class Torch:
    """The emitted PyTorch module; its images are channels first unless `io_layout` says else."""

    def __init__(self, graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> None:
        self.graph = graph
        self.io_layout: IoLayout = io_layout or "channels_first"
        self.images = images_of(graph, self.io_layout)
        self.model: Any = load_model_backend("pytorch").model(graph, weights, io_layout)

    def __repr__(self) -> str:
        return f"PyTorch with {self.io_layout}"

    def tensors(self, inputs: Arrays) -> dict[str, Any]:
        import torch

        given = self.images.first(inputs)
        return {
            name: torch.from_numpy(array).clone().requires_grad_(is_float(array))
            for name, array in given.items()
        }

    def apply(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs by name, as tensors, in the layout of the spec."""
        made = self.model(*tensors.values())
        made = (made,) if len(self.graph.outputs) == 1 else made
        named = zip(self.graph.outputs, made, strict=True)
        return {name: x.movedim(1, -1) if name in self.images.made else x for name, x in named}

    def outputs(self, inputs: Arrays) -> dict[str, Array]:
        import torch

        self.model.eval()
        with torch.inference_mode():
            return {name: x.numpy() for name, x in self.apply(self.tensors(inputs)).items()}

    def step(self, case: Case, *, training: bool) -> Pass:
        self.model.train(training).zero_grad()
        tensors = self.tensors(case.inputs)
        outputs = self.apply(tensors)
        functional = self.functional(outputs, case)
        if functional.requires_grad:  # else nothing of it depends on a tensor by a gradient
            functional.backward()
        parameters = dict(self.model.named_parameters())
        return Pass(
            {name: x.detach().numpy() for name, x in outputs.items()},
            {key: gradient(parameters[key]) for key in trainable(self.graph)},
            self.images.last(
                {name: gradient(x) for name, x in tensors.items() if x.dtype.is_floating_point}
            ),
            self.weights(),
        )

    def functional(self, outputs: Mapping[str, Any], case: Case) -> Any:
        """`Σ directions · outputs`."""
        import torch

        return torch.stack(
            [
                (outputs[name] * torch.from_numpy(direction)).sum().double()
                for name, direction in case.directions.items()
            ]
        ).sum()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Put the weights back at the end."""
        import torch

        arrays = {key: tensor.numpy().copy() for key, tensor in self.model.state_dict().items()}
        yield
        self.model.load_state_dict({key: torch.from_numpy(x) for key, x in arrays.items()})

    def losses(self, case: Case, steps: int, rate: float) -> Array:
        """The functional before each of some steps of plain SGD, which change the weights."""
        import torch

        self.model.train()
        parameters = [each for each in self.model.parameters() if each.requires_grad]
        found: list[float] = []
        for _ in range(steps):
            self.model.zero_grad()
            functional = self.functional(self.apply(self.tensors(case.inputs)), case)
            found.append(functional.item())
            if not parameters or not functional.requires_grad:
                continue
            functional.backward()
            with torch.no_grad():
                for each in parameters:
                    if each.grad is not None:
                        each -= rate * each.grad
        return np.array(found)

    def weights(self) -> dict[str, Array]:
        held = load_model_backend("pytorch").weights_of(self.graph, self.model)
        return {key: array.copy() for key, array in held.items()}


def gradient(tensor: Any) -> Array:
    """The gradient that a tensor got; nothing came to it where nothing depends on it."""
    if tensor.grad is None:
        return np.zeros_like(tensor.detach().numpy())
    return tensor.grad.numpy().copy()


class Keras:
    """The emitted Keras model; its images are channels last unless `io_layout` says else."""

    def __init__(self, graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> None:
        self.graph = graph
        self.io_layout: IoLayout = io_layout or "channels_last"
        self.images = images_of(graph, self.io_layout)
        self.model: Any = load_model_backend("keras").model(graph, weights, io_layout)

    def __repr__(self) -> str:
        return f"Keras with {self.io_layout}"

    def apply(self, tensors: Mapping[str, Any], *, training: bool) -> dict[str, Any]:
        """The outputs by name, as tensors."""
        given = [*tensors.values()]
        made = self.model(given if len(given) > 1 else given[0], training=training)
        return {next(iter(self.graph.outputs)): made} if len(self.graph.outputs) == 1 else made

    def outputs(self, inputs: Arrays) -> dict[str, Array]:
        from keras import ops

        given = self.images.first(inputs)
        tensors = {name: ops.convert_to_tensor(array) for name, array in given.items()}
        made = self.apply(tensors, training=False)
        arrays = {name: ops.convert_to_numpy(x) for name, x in made.items()}
        return {n: images_last(x) if n in self.images.made else x for n, x in arrays.items()}

    def step(self, case: Case, *, training: bool) -> Pass:
        """A pass by TensorFlow's gradients, of a model with images channels last."""
        import tensorflow as tf

        tensors = {name: tf.constant(array) for name, array in case.inputs.items()}
        floating = {name: x for name, x in tensors.items() if x.dtype.is_floating}
        with tf.GradientTape() as tape:
            tape.watch(floating)
            outputs = self.apply(tensors, training=training)
            functional = self.functional(outputs, case)
        own = [variable.value for variable in self.model.trainable_variables]
        of_weights, of_inputs = tape.gradient(
            functional, (own, floating), unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        after = self.weights()
        return Pass(
            {name: x.numpy() for name, x in outputs.items()},
            self._by_key(of_weights),
            {name: x.numpy() for name, x in of_inputs.items()},
            after,
        )

    def functional(self, outputs: Mapping[str, Any], case: Case) -> Any:
        """`Σ directions · outputs`."""
        import tensorflow as tf

        return tf.add_n(
            [
                tf.cast(tf.reduce_sum(outputs[name] * given), tf.float64)
                for name, given in case.directions.items()
            ]
        )

    @contextmanager
    def kept(self) -> Generator[None]:
        """Put the weights back at the end."""
        values = [variable.numpy() for variable in self.model.variables]
        yield
        for variable, value in zip(self.model.variables, values, strict=True):
            variable.assign(value)

    def losses(self, case: Case, steps: int, rate: float) -> Array:
        """The functional before each of some steps of plain SGD, which change the weights."""
        import tensorflow as tf

        tensors = {name: tf.constant(array) for name, array in case.inputs.items()}
        variables = self.model.trainable_variables
        found: list[float] = []
        for _ in range(steps):
            with tf.GradientTape() as tape:
                functional = self.functional(self.apply(tensors, training=True), case)
            gradients = tape.gradient(
                functional,
                [variable.value for variable in variables],
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            found.append(float(functional))
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign(variable.value - rate * tf.convert_to_tensor(gradient))
        return np.array(found)

    def weights(self) -> dict[str, Array]:
        return dict(load_model_backend("keras").weights_of(self.graph, self.model))

    def _by_key(self, gradients: list[Any]) -> dict[str, Array]:
        """The gradients laid out as the weights are: they take their places and are read there."""
        import tensorflow as tf

        variables = self.model.trainable_variables
        values = [variable.numpy() for variable in variables]
        for variable, array in zip(variables, gradients, strict=True):
            variable.assign(tf.convert_to_tensor(array))  # that of a looked-up table is sparse
        found = self.weights()
        for variable, array in zip(variables, values, strict=True):
            variable.assign(array)
        return {key: found[key] for key in trainable(self.graph)}


def onnx_outputs(graph: Graph, weights: Arrays, inputs: Arrays) -> dict[str, Array]:
    return load_backend("onnx").run(graph, weights, inputs)


def trainable(graph: Graph) -> list[str]:
    """The keys of the weights that have a gradient."""
    return [key for key, weight in graph.weights.items() if weight.trainable]


def is_float(array: Array) -> bool:
    return np.issubdtype(array.dtype, np.floating)


@dataclass(frozen=True)
class Images:
    """The names of the inputs and of the outputs that a model has channels first."""

    given: frozenset[str]
    made: frozenset[str]

    def first(self, inputs: Arrays) -> dict[str, Array]:
        """Inputs as the model takes them."""
        return {n: np.moveaxis(x, -1, 1) if n in self.given else x for n, x in inputs.items()}

    def last(self, inputs: Arrays) -> dict[str, Array]:
        """What belongs to inputs, such as gradients, as the spec has it."""
        return {n: images_last(x) if n in self.given else x for n, x in inputs.items()}


def images_of(graph: Graph, io_layout: IoLayout) -> Images:
    found = images(graph) if io_layout == "channels_first" else frozenset()
    ends = (graph.inputs, graph.outputs)
    return Images(*(frozenset(n for n, x in end.items() if x in found) for end in ends))


def images_last(array: Array) -> Array:
    return np.moveaxis(array, 1, -1)


# Agreement --------------------------------------------------------------------------------------


def difference(received: Array, expected: Array, slack: float = 0.0) -> float:
    """The largest difference of two arrays, where 1 is the most that the tolerance allows.

    slack: what is allowed beside that.
    """
    if received.shape != expected.shape or received.dtype != expected.dtype:
        return np.inf
    allowed = TOLERANCE + TOLERANCE * np.abs(expected.astype(np.float64)) + slack
    apart = np.abs(received.astype(np.float64) - expected) / allowed
    return float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))


def assert_agree(
    received: Arrays, expected: Arrays, what: str, rounded: Callable[[], Arrays] | None = None
) -> None:
    """Two sets of arrays have the same names, shapes, dtypes and, within the tolerance, values.

    rounded: makes the arrays with PyTorch, where the network may be one that makes much of a last
        place. They may then differ by `ROUNDINGS` times as much as it does, beside the tolerance.
    """
    assert list(received) == list(expected), what
    assert all(np.isfinite(array).all() for array in expected.values()), f"{what} is not finite"
    worst = _apart(received, expected, {})
    if worst and rounded is not None:
        worst = _apart(received, expected, rounding_of(rounded))
    assert not worst, f"{what}: {worst}"


def _apart(received: Arrays, expected: Arrays, rounding: Mapping[str, float]) -> dict[str, str]:
    """What differs by more than is allowed."""
    found = {
        name: difference(received[name], array, ROUNDINGS * rounding.get(name, 0.0))
        for name, array in expected.items()
    }
    return {name: f"{apart:.3g} × the tolerance" for name, apart in found.items() if apart > 1}


def assert_outputs_agree(
    case: Case, *models: Torch | Keras, sensitive: Torch | None = None
) -> None:
    """Every backend gives the same outputs, of the shapes and dtypes that the compiler inferred.

    sensitive: what shows how far rounding moves the outputs, if the network may be one that makes
        much of a last place.
    """
    reference = onnx_outputs(case.graph, case.weights, case.inputs)
    for name, value in case.graph.outputs.items():
        declared = (case.shape(value), value.type.dtype)
        assert (reference[name].shape, reference[name].dtype.name) == declared, name
    rounded = sensitive and partial(sensitive.outputs, case.inputs)
    for model in models:
        assert_agree(model.outputs(case.inputs), reference, f"{model} and ONNX", rounded)


def assert_steps_agree(
    case: Case, torch: Torch, keras: Keras, *, training: bool, sensitive: bool = False
) -> None:
    """Outputs, gradients and what happens to the moving averages are the same in both.

    sensitive: whether the network may be one that makes much of a last place. The models end as
        they were.
    """

    def run(model: Torch | Keras) -> Arrays:
        with model.kept():
            found = model.step(case, training=training)
        weights = found.weights
        if training and model is keras:
            weights = unbiased(case, weights)
        return {
            **{f"output {name}": array for name, array in found.outputs.items()},
            **{f"gradient of {name}": array for name, array in found.gradients.items()},
            **{f"gradient of {name}": array for name, array in found.input_gradients.items()},
            **{f"weight {name} then": array for name, array in weights.items()},
        }

    rounded = partial(run, torch) if sensitive else None
    assert_agree(run(torch), run(keras), "a step", rounded)


def assert_losses_agree(case: Case, torch: Torch, keras: Keras, steps: int, rate: float) -> None:
    """So are the losses of some steps of plain SGD, up to what rounding does to them."""

    def run(model: Torch | Keras) -> Arrays:
        with model.kept():
            return {"losses": model.losses(case, steps, rate)}

    assert_agree(run(torch), run(keras), "losses of some steps", partial(run, torch))


def assert_weights_are_as_declared(torch: Torch, keras: Keras) -> None:
    """Names, order and number of the weights; their shapes are compared where they are loaded."""
    graph, model = torch.graph, torch.model
    state = {key: x for key, x in model.state_dict().items() if "num_batches" not in key}
    assert list(state) == list(graph.weights)
    assert [key for key, x in model.named_parameters() if x.requires_grad] == trainable(graph)
    assert keras.model.count_params() == graph.parameters
    in_training = sum(prod(variable.shape) for variable in keras.model.trainable_variables)
    assert in_training == graph.trainable_parameters


def unbiased(case: Case, weights: Arrays, steps: int = 1) -> dict[str, Array]:
    """Keras's `weights` after training, with the running variances that PyTorch has then.

    Keras averages the variance of a batch of n, PyTorch that times n / (n − 1): so what `steps`
    batches brought to the average, beside what is left of its start, differs by that factor.
    """
    uses = Counter(node.owner for node in case.graph.nodes)
    corrected = dict(weights)
    for node in case.graph.nodes:
        if node.shared or "running_var" not in node.weights:
            continue
        key = f"{node.path}.running_var"
        n = np.prod(case.shape(node.inputs[0])) / weights[key].size
        left = case.weights[key] * node.layer.momentum ** (steps * uses[node.owner])
        corrected[key] = (left + (weights[key] - left) * n / (n - 1)).astype(np.float32)
    return corrected
