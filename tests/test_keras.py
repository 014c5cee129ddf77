"""The Keras backend: source that no name can break, and models of plain Keras.

That what it computes is right, is tested in `test_parity`; how its source looks, in `test_golden`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import Case, Keras, assert_agree, onnx_outputs, random_weights, sample_case
from samples import all_samples, graph_sizes
from structures import STRUCTURES, spec_graph, structure
from zoo import network

import specc.zoo
from specc.backend import load_model_backend
from specc.ir import Graph
from specc.passes.layout import IoLayout
from specc.verification import example_sizes
from specc.weights import initial_weights

KERAS = load_model_backend("keras")
every_moderate_network = pytest.mark.parametrize(
    "name",
    [
        name
        for name in specc.zoo.names()
        if network(name).parameters < 3_000_000 and len(network(name).nodes) < 100
    ],
)
"""Those that are written, or run on PyTorch, within a few seconds."""


def graph_of(spec: str, folder: Path, name: str = "net") -> Graph:
    return spec_graph(f"name: {name}\n{spec}", folder)


def source(graph: Graph, io_layout: IoLayout | None = None) -> str:
    text = KERAS.compile(graph, None, io_layout)
    assert isinstance(text, str)
    return text


def assert_computes_what_onnx_does(graph: Graph, sizes: dict[str, int] | None = None) -> None:
    case = Case(graph, random_weights(graph), sizes or {"N": 2})
    received = KERAS.run(graph, case.weights, case.inputs)
    assert_agree(received, onnx_outputs(graph, case.weights, case.inputs), graph.name)


def statements(graph: Graph, function: str) -> list[str]:
    """The statements of a function of the emitted source, without its docstring."""
    (found,) = (
        node
        for node in ast.parse(source(graph)).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    )
    return [ast.unparse(item) for item in found.body[1:]]


# Plain Keras ------------------------------------------------------------------------------------


def assert_survives_saving(case: Case, folder: Path) -> None:
    """A `.keras` file loads with no custom objects, after all names were forgotten."""
    import keras

    model = Keras(case.graph, case.weights)
    expected = model.outputs(case.inputs)
    model.model.save(folder / "model.keras")
    keras.backend.clear_session()
    model.model = keras.saving.load_model(folder / "model.keras")
    received = model.outputs(case.inputs)
    assert {name: array.tobytes() for name, array in received.items()} == {
        name: array.tobytes() for name, array in expected.items()
    }


def test_samples_survive_saving(tmp_path: Path) -> None:
    """All samples are parts of one model, since it takes long to write and to read each.

    But those that Keras 3.15 writes and cannot read: RandomShear's range with a negative end.
    """
    import keras

    samples = [each.values for each in all_samples() if each.values[0].__name__ != "RandomShear"]
    cases = [sample_case(*values) for values in samples]
    outputs: dict[str, Any] = {}
    inputs: list[Any] = []
    arrays: list[Any] = []
    for index, case in enumerate(cases):
        model = KERAS.model(replace(case.graph, name=f"sample_{index}"), case.weights)
        given = [keras.Input(x.shape[1:], x.shape[0], x.dtype.name) for x in case.inputs.values()]
        outputs[model.name] = model(given if len(given) > 1 else given[0])
        inputs += given
        arrays += case.inputs.values()
    whole = keras.Model(inputs, outputs)
    expected = whole(arrays, training=False)
    whole.save(tmp_path / "samples.keras")
    keras.backend.clear_session()
    received = keras.saving.load_model(tmp_path / "samples.keras")(arrays, training=False)
    for name, made in expected.items():
        pairs = zip(*map(keras.tree.flatten, (received[name], made)), strict=True)
        same = all(np.allclose(*pair, rtol=0, atol=0, equal_nan=True) for pair in pairs)
        assert same, cases[int(name.split("_")[1])].graph


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_survive_saving(name: str, tmp_path: Path) -> None:
    graph = structure(name, tmp_path)
    case = Case(graph, random_weights(graph), graph_sizes(graph))
    assert_survives_saving(case, tmp_path)


@every_moderate_network
def test_the_zoo_survives_saving(name: str, tmp_path: Path) -> None:
    graph = network(name)
    sizes = example_sizes(graph, 1)
    assert_survives_saving(Case(graph, initial_weights(graph.weights), sizes), tmp_path)


@pytest.mark.parametrize("name", STRUCTURES)
def test_layers_have_the_names_of_the_spec(name: str, tmp_path: Path) -> None:
    graph = structure(name, tmp_path)
    made = {layer.name for layer in KERAS.model(graph, random_weights(graph)).layers}
    layers = {node.owner if node.weights else node.path for node in graph.nodes}
    names = {path.replace(".", "-") for path in (*graph.inputs, *layers)}
    uses = names | {node.path.replace(".", "-") for node in graph.nodes}
    helping = {name for name in made if name.rpartition("-")[0] in uses}
    assert made - helping <= names
    assert {node.owner.replace(".", "-") for node in graph.nodes if node.weights} <= made


def test_penalties_are_those_of_keras(tmp_path: Path) -> None:
    spec = """
inputs: {x: "float32[N, 3]"}
layers:
  - Dense: {units: 2, kernel_regularizer: {l2: 0.5}, bias_regularizer: {l1_l2: {l1: 1, l2: 2}}}
"""
    graph = graph_of(spec, tmp_path)
    weights = random_weights(graph)
    kernel, bias = weights["dense.weight"], weights["dense.bias"]
    penalty = 0.5 * (kernel**2).sum() + np.abs(bias).sum() + 2 * (bias**2).sum()
    (first, second) = KERAS.model(graph, weights).losses
    np.testing.assert_allclose(float(first) + float(second), penalty, rtol=1e-6)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("glorot_uniform", None),
        ("he_normal", "'he_normal'"),
        ("constant", "keras.initializers.Constant()"),
        ("{constant: 0.5}", "keras.initializers.Constant(0.5)"),
        ("{random_normal: {stddev: 0.1}}", "keras.initializers.RandomNormal(stddev=0.1)"),
        (
            "{variance_scaling: {mode: fan_out}}",
            "keras.initializers.VarianceScaling(mode='fan_out')",
        ),
    ],
)
def test_initializers_are_those_of_keras(
    written: str, expected: str | None, tmp_path: Path
) -> None:
    spec = f"""
inputs: {{x: "float32[N, 3]"}}
layers:
  - Dense: {{units: 2, kernel_initializer: {written}}}
"""
    graph = graph_of(spec, tmp_path)
    argument = f"kernel_initializer={expected}, " if expected else ""
    assert statements(graph, "net")[1] == f"y = layers.Dense(2, {argument}name='dense')(x)"
    KERAS.model(graph, random_weights(graph))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_layers_compute_in_the_dtype_of_the_spec(dtype: str, tmp_path: Path) -> None:
    spec = f"""
inputs: {{image: "{dtype}[N, 6, 6, 4]"}}
layers:
  - Conv2D: {{filters: 4, kernel_size: 3, padding: 1, activation: sparsemax}}
  - BatchNormalization
  - LocalContrastNormalization: 3
  - AveragePooling2D: {{pool_size: 3, strides: 2, padding: same}}
  - MaxPooling2D: {{pool_size: 2, padding: 1}}
  - Activation: glu
  - Flatten
  - Dense: 3
"""
    graph = graph_of(spec, tmp_path)
    model = KERAS.model(graph, random_weights(graph))
    assert {layer.compute_dtype for layer in model.layers if hasattr(layer, "kernel")} == {dtype}
    assert model.output.dtype == dtype


@pytest.mark.parametrize("seed", [None, 7])
def test_augmentations_act_in_training_only(seed: int | None, tmp_path: Path) -> None:
    spec = f"""
inputs: {{image: "float32[N, 8, 8, 3]"}}
layers:
  - RandomFlip: {{mode: horizontal, seed: {seed or "null"}}}
  - RandomRotation: {{factor: 0.2, seed: {seed or "null"}}}
  - RandomZoom: {{height_factor: 0.3, seed: {seed or "null"}}}
  - Dropout: {{rate: 0.5, seed: {seed or "null"}}}
"""
    graph = graph_of(spec, tmp_path)
    x = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
    models = [KERAS.model(graph, {}) for _ in range(2)]
    first, second = (np.asarray(model(x, training=True)) for model in models)
    assert (np.asarray(models[0](x, training=False)) == x).all()
    assert not np.allclose(first, x)
    assert np.array_equal(first, second) == (seed is not None)


# On PyTorch -------------------------------------------------------------------------------------


@every_moderate_network
def test_the_zoo_computes_what_onnx_does(name: str) -> None:
    graph = network(name)
    case = Case(graph, initial_weights(graph.weights), example_sizes(graph, 1))
    received = KERAS.run(graph, case.weights, case.inputs)
    assert_agree(received, onnx_outputs(graph, case.weights, case.inputs), name)


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "torch", reason="this is the run on PyTorch")
def test_all_that_computes_does_so_on_pytorch() -> None:
    """The tests of this file again, in a process in which Keras stands on PyTorch."""
    chosen = "computes_what_onnx_does or no_name or loops or boundaries or something_else"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen]
    run = subprocess.run(
        [*command, __file__],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


# Names ------------------------------------------------------------------------------------------

CLASHES = """
params: {filters: 4}
inputs: {x: "float32[N, 8, 8, 4]", image_given: "float32[N, 8, 8, 4]", image: "float32[N, 8, 8, 4]"}
blocks:
  keras:
    inputs: [name]
    params: {strides: int}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 1, strides: "${strides}"}
        name: strides
      - Conv2D: {filters: 4, kernel_size: 3, padding: 1, strides: "${strides}"}
        inputs: name
        name: filters
      - Add:
        inputs: [strides, filters]
        name: keras
  range:
    inputs: [i, ops]
    layers:
      - Conv2D: {filters: 4, kernel_size: 1}
        name: glu
        inputs: i
      - Concatenate:
        inputs: [glu, ops, i]
        name: y
      - Activation: glu
      - Conv2D: {filters: 4, kernel_size: 1}
  net:
    layers:
      - repeat: 3
        name: range
        layers:
          - ReLU
          - keras: {strides: 1}
layers:
  - keras: {strides: 1}
    inputs: x
    name: layers
  - keras: {strides: 2}
    name: keras
  - keras: {strides: 1}
    inputs: image_given
    name: ops
  - range:
    inputs: [layers, prev]
    name: range
  - LocalResponseNormalization: 3
    name: pad
  - Activation: glu
    name: multiply
  - LocalContrastNormalization: 3
    name: pad_1
  - Activation: sparsemax
    name: sort
  - Add:
    inputs: [prev, multiply]
    name: name
  - Multiply:
    inputs: [prev, sort]
    name: f
  - ZeroPadding2D
  - MaxPooling2D: {pool_size: 3, padding: 1}
    name: max_pool
  - Conv2D: {filters: 4, kernel_size: 1}
    name: conv
  - Conv2D: {filters: 4, kernel_size: 1}
    name: image_2
  - net:
    name: layers_2
  - reuse: image_2
    name: image_2_layer
  - reuse: layers_2
    name: i
  - Add:
    inputs: [prev, image_2]
    name: y
outputs: [y, image, keras]
"""


@pytest.mark.parametrize("io_layout", [None, "channels_first"])
@pytest.mark.parametrize(
    "name", ["net", "layers", "keras", "ops", "range", "glu", "image", "x", "name", "pad"]
)
def test_no_name_means_something_else(
    name: str, io_layout: IoLayout | None, tmp_path: Path
) -> None:
    graph = graph_of(CLASHES, tmp_path, name)
    case = Case(graph, random_weights(graph), {"N": 2})
    received = Keras(graph, case.weights, io_layout).outputs(case.inputs)
    in_order = {output: received[output] for output in graph.outputs}
    assert_agree(in_order, onnx_outputs(graph, case.weights, case.inputs), name)


# Structure --------------------------------------------------------------------------------------


def test_alike_iterations_are_a_loop(tmp_path: Path) -> None:
    spec = """
inputs: {x: "float32[N, 4]"}
layers:
  - repeat: 5
    name: hidden
    layers: [{Dense: 4}]
  - for: {units: [2, 4, 6, 6]}
    name: narrow
    layers: [{Dense: "${units}"}]
"""
    graph = graph_of(spec, tmp_path)
    assert statements(graph, "net")[1:-1] == [
        "y = x",
        "for i in range(5):\n    y = layers.Dense(4, name=f'hidden-{i}')(y)",
        "for i in range(3):\n    y = layers.Dense(2 + 2 * i, name=f'narrow-{i}')(y)",
        "y = layers.Dense(6, name='narrow-3')(y)",
    ]
    assert_computes_what_onnx_does(graph)


LOOPS = {
    "that take more": """
inputs: {x: "float32[N, 4]", skip: "float32[N, 4]"}
blocks:
  mix:
    inputs: [a, b]
    layers:
      - Dense: 4
        inputs: a
      - Add:
        inputs: [prev, b]
layers:
  - repeat: 4
    name: turn
    inputs: x
    layers: [{mix: , inputs: [prev, skip]}]
  - repeat: 4
    name: turned
    layers: [{mix: , inputs: [skip, prev]}]
""",
    "whose start is taken again": """
inputs: {x: "float32[N, 4]"}
blocks:
  mix:
    inputs: [a, b]
    layers:
      - Dense: 4
        inputs: a
      - Add:
        inputs: [prev, b]
layers:
  - repeat: 4
    name: turn
    layers: [{mix: , inputs: [prev, x]}]
""",
    "whose inside is taken": """
inputs: {x: "float32[N, 4]"}
layers:
  - repeat: 4
    name: turn
    layers: [{Dense: 4}]
  - Add:
    inputs: [turn.1, prev]
""",
    "with gaps": """
inputs: {x: "float32[N, 4]"}
layers:
  - for: {n: [0, 1, 2, 3, 4]}
    name: turn
    layers:
      - Dense: 4
        when: "${n != 2}"
  - Dense: 2
""",
    "in loops in loops": """
inputs: {x: "float32[N, 4]"}
layers:
  - repeat: 2
    name: a
    layers:
      - repeat: 3
        name: b
        layers:
          - repeat: 3
            name: c
            layers: [{Dense: 4}, {ReLU: }]
          - Dense: {units: 4, activation: tanh}
      - Dense: 4
""",
    "of shared layers": """
inputs: {x: "float32[N, 4]"}
blocks:
  body:
    layers:
      - repeat: 3
        name: deep
        layers: [{Dense: 4}, {LayerNormalization: }]
      - repeat: 3
        name: flat
        layers: [{Dense: 4}]
layers:
  - body
  - repeat: 3
    name: again
    layers: [{reuse: body}]
""",
    "that come in after the first": """
inputs: {x: "float32[N, 4]"}
blocks:
  body:
    params: {first: bool}
    layers:
      - Dense: 4
        name: extra
        when: "${first}"
      - Dense: 4
layers:
  - for: {n: [0, 1, 2, 3, 4]}
    name: turn
    layers: [{body: {first: "${n == 0}"}}]
""",
}


@pytest.mark.parametrize("spec", LOOPS.values(), ids=LOOPS)
def test_loops(spec: str, tmp_path: Path) -> None:
    assert_computes_what_onnx_does(graph_of(spec, tmp_path))


BOUNDARIES = {
    "an output that is an input": """
inputs: {x: "float32[N, 4]"}
layers: [{ReLU: , name: y}]
outputs: [x]
""",
    "an input that is not used": """
inputs: {x: "float32[N, 4]", idle: "float32[N, 2, 2, 1]"}
layers: [{Dense: 3, inputs: x}]
""",
    "a batch of known size": """
inputs: {x: "float32[2, 4]"}
layers: [{Dense: 3}]
""",
    "no axis but the batch": """
inputs: {x: "float32[N]"}
layers: [{Flatten: }, {Dense: 3}]
""",
    "integers": """
inputs: {x: "uint8[N, 4, 4, 3]"}
layers: [{Rescaling: 0.5}, {Flatten: }]
outputs: [flatten, x]
""",
}


@pytest.mark.parametrize("spec", BOUNDARIES.values(), ids=BOUNDARIES)
def test_boundaries(spec: str, tmp_path: Path) -> None:
    assert_computes_what_onnx_does(graph_of(spec, tmp_path))


def test_a_block_used_again_may_do_something_else(tmp_path: Path) -> None:
    """Only its weights are shared: what depends on the input's size is not."""
    spec = """
inputs: {large: "float32[N, 8, 8, 3]", small: "float32[N, 5, 5, 3]"}
blocks:
  see:
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, padding: same}
      - AveragePooling2D: {pool_size: 3, strides: 2, padding: same}
        when: "${x.height > 6}"
      - MaxPooling2D: "${x.height // 4}"
      - GlobalAveragePooling2D
layers:
  - see:
    inputs: large
  - reuse: see
    inputs: small
  - Add:
    inputs: [see, see_1]
"""
    graph = graph_of(spec, tmp_path)
    assert_computes_what_onnx_does(graph)
    assert source(graph).count("Conv2D(") == 1


def test_two_outputs_of_one_value(tmp_path: Path) -> None:
    spec = """
inputs: {image: "float32[N, 4, 5, 3]"}
layers: [{Conv2D: {filters: 2, kernel_size: 1}, name: a}]
outputs: {first: a, second: a, same: image}
"""
    graph = graph_of(spec, tmp_path)
    model: Any = KERAS.model(graph, random_weights(graph), "channels_first")
    assert {name: tensor.shape for name, tensor in model.output.items()} == {
        "first": (None, 2, 4, 5),
        "second": (None, 2, 4, 5),
        "same": (None, 3, 4, 5),
    }
