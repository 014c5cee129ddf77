"""The ONNX backend: valid files with true types on every edge, that compute what Keras computes."""

from __future__ import annotations

import inspect
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, ValueInfoProto
from samples import (
    all_samples,
    make_graph,
    random_inputs,
    sample_graph,
    sample_sizes,
    sized_samples,
)
from structures import spec_graph

from specc.backend import load_backend
from specc.backends.keras import runtime
from specc.backends.keras.source import emit
from specc.diagnostics import SpecError
from specc.dim_syntax import parse_size
from specc.dims import evaluate, symbols
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS, Layer, Sample
from specc.passes.layout import IoLayout
from specc.tensor import TensorType, parse_tensor_type
from specc.weights import initial_weights

ONNX = load_backend("onnx")
every_sample = pytest.mark.parametrize(("layer", "sample"), all_samples())
every_sized_sample = pytest.mark.parametrize(("layer", "sample", "large"), sized_samples())
every_symbolic_sample = pytest.mark.parametrize(
    ("layer", "sample", "large"), [item for item in sized_samples() if sample_sizes(item.values[1])]
)


TAGGER = """
name: tagger
inputs: {{x: "float32[N, 5, 3]"}}
blocks: {{reader: {{layers: [{{LSTM: {params}}}]}}}}
layers: [reader]
"""


def random_weights(graph: Graph, seed: int = 1) -> dict[str, Any]:
    """Weights in which no two numbers are alike; all positive, as variances are."""
    generator = np.random.default_rng(seed)
    return {
        key: generator.uniform(0.1, 1, weight.shape).astype(np.float32)
        for key, weight in graph.weights.items()
    }


def compiled(
    graph: Graph, weights: Any = None, io_layout: IoLayout | None = "channels_last"
) -> ModelProto:
    return onnx.load_from_string(ONNX.compile(graph, weights, io_layout))


def dims(value: ValueInfoProto) -> list[int | str]:
    shape = value.type.tensor_type.shape
    return [dim.dim_param or dim.dim_value for dim in shape.dim]


def run_model(model: ModelProto, inputs: dict[str, Any]) -> dict[str, Any]:
    from onnxruntime import InferenceSession

    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in model.graph.output]
    return dict(zip(names, session.run(names, inputs), strict=True))


# Every sample of every layer


@every_sample
def test_checker_accepts_the_file(layer: type[Layer], sample: Sample) -> None:
    graph = sample_graph(layer, sample)
    for io_layout in ("channels_first", "channels_last"):
        weights = random_weights(graph)
        onnx.checker.check_model(compiled(graph, weights, io_layout), full_check=True)
        onnx.checker.check_model(compiled(graph, None, io_layout), full_check=True)


@every_sample
def test_shape_inference_finds_our_types(layer: type[Layer], sample: Sample) -> None:
    graph = sample_graph(layer, sample)
    model = compiled(graph, random_weights(graph), "channels_first")
    edges = [*model.graph.value_info, *model.graph.output]
    ours = {edge.name: (edge.type.tensor_type.elem_type, dims(edge)) for edge in edges}
    assert ours.keys() == {name for node in model.graph.node for name in node.output if name}

    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph

    symbols = {dim for value in model.graph.input for dim in dims(value) if isinstance(dim, str)}
    for value in [*inferred.value_info, *inferred.output]:
        dtype, shape = ours[value.name]
        assert dtype == value.type.tensor_type.elem_type
        if not value.type.tensor_type.HasField("shape"):
            continue  # the STFT of a signal of unknown length
        assert len(shape) == len(dims(value))
        for our, their in zip(shape, dims(value), strict=True):
            # ONNX has no arithmetic on symbols: what it does not know is 0, or a name of its own.
            assert our == their or their == 0 or (isinstance(their, str) and their not in symbols)


def known_size(dim: int | str, sizes: dict[str, int], there: int) -> int:
    """What a dim says the size is; one that the inputs do not settle says nothing."""
    size = parse_size(str(dim))
    return evaluate(size, sizes) if symbols(size) <= {*sizes} else there


@every_sized_sample
def test_every_edge_has_its_type_at_run_time(
    layer: type[Layer], sample: Sample, large: bool
) -> None:
    """One file with symbols in it runs at two sizes, and what we say of each edge is so."""
    graph, sizes = sample_graph(layer, sample), sample_sizes(sample, large)
    model = compiled(graph, random_weights(graph))
    model.graph.output.extend(model.graph.value_info)
    results = run_model(model, random_inputs(sample_graph(layer, sample, sizes)))
    for value in model.graph.output:
        found = zip(dims(value), results[value.name].shape, strict=True)
        shape = tuple(known_size(dim, sizes, there) for dim, there in found)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        assert (results[value.name].shape, results[value.name].dtype) == (shape, dtype), value.name


@every_symbolic_sample
def test_a_file_with_symbols_computes_what_one_of_that_size_does(
    layer: type[Layer], sample: Sample, large: bool
) -> None:
    graph = sample_graph(layer, sample)
    fixed = sample_graph(layer, sample, sample_sizes(sample, large))
    weights, inputs = random_weights(graph), random_inputs(fixed)
    expected = run_model(compiled(fixed, weights), inputs)
    received = run_model(compiled(graph, weights), inputs)
    for name, array in expected.items():
        np.testing.assert_allclose(received[name], array, rtol=1e-6, atol=1e-6)


def in_keras(layer: type[Layer], sample: Sample) -> bool:
    """Whether Keras has the layer, with explicit pads if it has them, and computes what it says.

    Keras 3.15's sparsemax takes the sum of the cumulative sums for the last one of them, and the
    weight of its RMSNormalization fits the last axis only. Its adaptive maxima end the process
    where a size is 1, or becomes it. Its RandomCrop leaves images whole at inference, and its
    ContrastLimitedAdaptiveHistogramEqualization makes integers of what it makes of integers.
    """
    if any(name in sample.params for name in layer.beyond_keras):
        return False
    if layer.__name__ in ("RandomCrop", "ContrastLimitedAdaptiveHistogramEqualization"):
        return False
    if layer.__name__.startswith("AdaptiveMax") and is_single(layer, sample):
        return False
    families = ("attention", "convlstm", "embedding", "masking", "recurrent", "wrappers")
    called_otherwise = LAYERS.families[layer.__name__] in families
    if called_otherwise or "keras.layers" not in str(layer.__doc__):
        return False
    if sample.params.get("activation") == "sparsemax":
        return False
    if layer.__name__ == "RMSNormalization" and "axis" in sample.params:
        return False
    explicit = isinstance(sample.params.get("padding", ""), int | tuple)
    return "Padding" in layer.__name__ or not explicit


def is_single(layer: type[Layer], sample: Sample) -> bool:
    """Whether an axis between the batch and the channels has one cell, before or after."""
    value = sample_graph(layer, sample, sample_sizes(sample)).inputs["x"]
    return 1 in (*value.type.shape[1:-1], *layer(**sample.params).output_size)


KERAS_SAMPLES = [parameter for parameter in all_samples() if in_keras(*parameter.values)]


def masks_of(graph: Graph) -> list[str]:
    """The inputs that Keras takes as masks: booleans after the first input."""
    return [name for name, value in [*graph.inputs.items()][1:] if value.type.dtype == "bool"]


def of_one_axis(value: Any) -> Any:
    """What there is for each spatial axis, as Keras wants it where there is one."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def keras_layer(graph: Graph, weights: dict[str, Any]) -> Any:
    """The layer of that name in Keras, built and with the weights."""
    import keras

    (node,) = graph.nodes
    params = {
        name: of_one_axis(value) if node.type.endswith("1D") else value
        for name, value in node.layer
        if not name.endswith(("_initializer", "_regularizer", "_constraint"))
        and name not in node.layer.beyond_keras
    }
    if isinstance(params.get("axis"), tuple):
        # Keras sorts the axes before it counts the negative ones from the front.
        params["axis"] = node.layer.axes(node.inputs[0].type)
    if params.get("shared_axes") is not None:  # Keras counts them from the front only
        params["shared_axes"] = node.layer.shared(node.inputs[0].type)
    layer = getattr(keras.layers, node.type)(**params)
    masks = masks_of(graph)
    shapes = [x.type.shape for name, x in graph.inputs.items() if name not in masks]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    places = [(known, attrgetter(known.attribute)(layer)) for known in emit(graph).variables]
    runtime.assign(places, weights)
    return layer


@pytest.mark.parametrize(("layer", "sample"), KERAS_SAMPLES)
def test_computes_what_the_keras_layer_computes(layer: type[Layer], sample: Sample) -> None:
    graph = sample_graph(layer, sample, sample_sizes(sample))
    weights, inputs = random_weights(graph), random_inputs(graph)
    masks, reference = masks_of(graph), keras_layer(graph, weights)
    given = [x for name, x in inputs.items() if name not in masks]
    options: dict[str, Any] = {"mask": inputs[masks[0]]} if masks else {}
    if "training" in inspect.signature(reference.call).parameters:
        options["training"] = False
    expected = reference(given if len(given) > 1 else given[0], **options)
    (received,) = ONNX.run(graph, weights, inputs).values()
    np.testing.assert_allclose(received, np.asarray(expected), rtol=1e-5, atol=1e-5)


# What Keras has no layer for


def run_layer(type: str, params: dict[str, Any], x: Any) -> Any:
    """The output of one layer without weights."""
    shape = ", ".join(map(str, x.shape))
    sample = Sample(params, (f"float32[{shape}]",), ())
    graph = sample_graph(LAYERS[type], sample)
    return ONNX.run(graph, {}, {"x": x})["y"]


@pytest.mark.parametrize(
    ("type", "reduce"), [("MaxPooling2D", np.max), ("AveragePooling2D", np.mean)]
)
def test_padding_takes_no_part_in_pooling(type: str, reduce: Any) -> None:
    x = -np.random.default_rng(0).uniform(1, 2, (1, 4, 5, 1)).astype(np.float32)
    y = run_layer(type, {"pool_size": 3, "strides": 2, "padding": ((0, 1), (2, 1))}, x)
    expected = [
        [reduce(x[0, i : i + 3, max(j, 0) : j + 3]) for j in range(-2, 4, 2)]
        for i in range(0, 3, 2)
    ]
    np.testing.assert_allclose(y[0, :, :, 0], expected, rtol=1e-6)


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    y = run_layer("Activation", {"activation": "sparsemax"}, x)
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-6)
    # At the nearest point all that is left is shifted alike, and what is cut off lies below.
    shifts = [np.ptp(row[kept]) for row, kept in zip(x - y, y > 0, strict=True)]
    cut = [
        np.max(row[~kept], initial=-9) <= row[kept][0]
        for row, kept in zip(x - y, y > 0, strict=True)
    ]
    assert max(shifts) < 1e-6
    assert all(cut)
    assert (y == 0).any()


def test_explicit_pads_of_a_convolution_are_zeros() -> None:
    sample = Sample(
        {"filters": 2, "kernel_size": 3, "padding": ((0, 1), (2, 1))}, ("float32[2, 8, 9, 3]",), ()
    )
    valid = Sample({"filters": 2, "kernel_size": 3}, ("float32[2, 9, 12, 3]",), ())
    graph, padded = (sample_graph(LAYERS["Conv2D"], s) for s in (sample, valid))
    weights, inputs = random_weights(graph), random_inputs(graph)
    by_hand = {"x": np.pad(inputs["x"], ((0, 0), (0, 1), (2, 1), (0, 0)))}
    np.testing.assert_allclose(
        ONNX.run(graph, weights, inputs)["y"],
        ONNX.run(padded, weights, by_hand)["y"],
        rtol=1e-5,
        atol=1e-5,
    )


def test_local_response_normalization_is_its_definition() -> None:
    x = np.random.default_rng(0).standard_normal((1, 2, 3, 6)).astype(np.float32)
    params = {"size": 3, "alpha": 0.5, "beta": 0.6, "bias": 2.0}
    y = run_layer("LocalResponseNormalization", params, x)
    sums = np.stack([(x[..., max(c - 1, 0) : c + 2] ** 2).sum(-1) for c in range(6)], -1)
    np.testing.assert_allclose(y, x / (2 + 0.5 / 3 * sums) ** 0.6, rtol=1e-5, atol=1e-6)


def test_local_contrast_normalization_is_its_definition() -> None:
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 3)).astype(np.float32)

    def local_mean(z: Any) -> Any:
        rows, columns = range(z.shape[1]), range(z.shape[2])
        means = [
            [z[0, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].mean() for j in columns]
            for i in rows
        ]
        return np.asarray(means)[None, :, :, None]

    y = run_layer("LocalContrastNormalization", {"size": 3, "epsilon": 0.01}, x)
    d = x - local_mean(x)
    np.testing.assert_allclose(y, d / np.sqrt(local_mean(d**2) + 0.01), rtol=1e-5, atol=1e-5)


# The file


def chain(*steps: tuple[str, Layer], input: str, owners: dict[str, str] | None = None) -> Graph:
    """A graph of layers in sequence, by path; the last one's output is called `y`."""
    values = [Value("x", parse_tensor_type(input))]
    nodes: list[Node] = []
    for path, layer in steps:
        value = Value(path, *layer.infer(values[-1].type))
        owner, weights = (owners or {}).get(path, path), layer.weights(values[-1].type)
        nodes.append(Node(path, layer, (values[-1],), (value,), owner, weights))
        values.append(value)
    return make_graph("chain", (values[0],), tuple(nodes), {"y": values[-1]})


CONV2D = LAYERS["Conv2D"](filters=3, kernel_size=3, padding="same", activation="relu")
NETWORK = chain(
    ("stem.0.conv2d", CONV2D),
    ("stem.1.conv2d", CONV2D),
    ("dropout", LAYERS["Dropout"](rate=0.5)),
    ("max_pooling2d", LAYERS["MaxPooling2D"]()),
    ("flatten", LAYERS["Flatten"]()),
    input="float32[N, 32*h, w, 3]",
)


def test_metadata() -> None:
    from importlib.metadata import version

    model = compiled(NETWORK, random_weights(NETWORK))
    assert (model.producer_name, model.producer_version) == ("specc", version("specc"))
    assert (model.ir_version, [opset.version for opset in model.opset_import]) == (8, [17])
    assert (model.graph.name, model.doc_string) == ("chain", "A network of chain.")


def test_names_come_from_the_paths() -> None:
    model = compiled(NETWORK, random_weights(NETWORK))
    assert [(node.op_type, node.name, *node.output) for node in model.graph.node] == [
        ("Transpose", "stem.0.conv2d_input", "stem.0.conv2d_input"),
        ("Conv", "stem.0.conv2d", "stem.0.conv2d.conv"),
        ("Relu", "stem.0.conv2d.relu", "stem.0.conv2d"),
        ("Conv", "stem.1.conv2d", "stem.1.conv2d.conv"),
        ("Relu", "stem.1.conv2d.relu", "stem.1.conv2d"),
        ("MaxPool", "max_pooling2d", "max_pooling2d"),
        ("Transpose", "flatten_input", "flatten_input"),
        ("Flatten", "flatten", "y"),
    ]
    assert [weight.name for weight in model.graph.initializer] == list(NETWORK.weights)


def test_unknown_dims_keep_their_text() -> None:
    model = compiled(NETWORK, random_weights(NETWORK))
    edges = {edge.name: dims(edge) for edge in model.graph.value_info}
    assert dims(model.graph.input[0]) == ["N", "32*h", "w", 3]
    assert edges["stem.0.conv2d"] == ["N", 3, "32*h", "w"]
    assert edges["max_pooling2d"] == ["N", 3, "16*h", "w//2"]
    assert dims(model.graph.output[0]) == ["N", "48*h*(w//2)"]


def test_a_reused_layer_stores_its_weights_once() -> None:
    steps = (("conv2d", CONV2D), ("again", CONV2D))
    shared = chain(*steps, input="float32[2, 4, 4, 3]", owners={"again": "conv2d"})
    weights = random_weights(shared)
    model = compiled(shared, weights)
    assert [weight.name for weight in model.graph.initializer] == ["conv2d.weight", "conv2d.bias"]

    apart = chain(*steps, input="float32[2, 4, 4, 3]")
    twice = {
        f"{path}.{key}": weights[f"conv2d.{key}"] for path, _ in steps for key in ("weight", "bias")
    }
    inputs = random_inputs(shared)
    np.testing.assert_array_equal(
        ONNX.run(shared, weights, inputs)["y"], ONNX.run(apart, twice, inputs)["y"]
    )


def test_io_layout_moves_the_axes_at_the_boundary_only() -> None:
    graph = chain(("conv2d", CONV2D), input="float32[2, 4, 5, 3]")
    weights, inputs = random_weights(graph), random_inputs(graph)
    expected = ONNX.run(graph, weights, inputs)["y"]

    last = compiled(graph, weights, "channels_last")
    assert dims(last.graph.input[0]) == [2, 4, 5, 3]
    np.testing.assert_array_equal(run_model(last, inputs)["y"], expected)

    first = compiled(graph, weights, None)
    assert dims(first.graph.input[0]) == [2, 3, 4, 5]
    assert [node.op_type for node in first.graph.node] == ["Conv", "Relu"]
    turned = {"x": np.ascontiguousarray(inputs["x"].transpose(0, 3, 1, 2))}
    np.testing.assert_array_equal(run_model(first, turned)["y"].transpose(0, 2, 3, 1), expected)


def test_outputs_that_are_one_tensor_are_copied() -> None:
    x = Value("x", parse_tensor_type("float32[2, 3]"))
    kept = Value("dropout", x.type)
    dropout = Node("dropout", LAYERS["Dropout"](rate=0.5), (x,), (kept,), "dropout")
    graph = make_graph("same", (x,), (dropout,), {"a": kept, "b": kept, "c": x})
    onnx.checker.check_model(compiled(graph), full_check=True)
    inputs = random_inputs(graph)
    results = ONNX.run(graph, {}, inputs)
    assert list(results) == ["a", "b", "c"]
    for result in results.values():
        np.testing.assert_array_equal(result, inputs["x"])


def test_names_that_meet_stay_apart() -> None:
    """An output, which users see, keeps its name; a tensor inside that has it too gets a number."""
    relu = LAYERS["ReLU"]()
    x = Value("x", parse_tensor_type("float32[2, 3]"))
    inner, outer = Value("y", x.type), Value("z", x.type)
    nodes = (Node("y", relu, (x,), (inner,), "y"), Node("z", relu, (inner,), (outer,), "z"))
    model = compiled(make_graph("names", (x,), nodes, {"y": outer}))
    assert [list(node.output) for node in model.graph.node] == [["y_1"], ["y"]]
    onnx.checker.check_model(model, full_check=True)


def test_without_weights_the_file_is_small_and_runs_as_zeros() -> None:
    dense = chain(("dense", LAYERS["Dense"](units=1000)), input="float32[N, 1000]")
    file = ONNX.compile(dense, None, None)
    assert len(file) < 1000
    (y,) = run_model(onnx.load_from_string(file), {"x": np.ones((2, 1000), np.float32)}).values()
    np.testing.assert_array_equal(y, np.zeros((2, 1000)))


def test_weights_beyond_the_format_are_a_coded_error() -> None:
    dense = chain(("dense", LAYERS["Dense"](units=2**15)), input="float32[N, 16384]")
    weights = {key: np.broadcast_to(np.float32(0), w.shape) for key, w in dense.weights.items()}
    with pytest.raises(SpecError) as caught:
        ONNX.compile(dense, weights, None)
    assert [fault.code for fault in caught.value.report.diagnostics] == ["artifact-too-large"]


def test_constants_beyond_the_format_are_a_coded_error() -> None:
    """The mask of 100,000 steps is refused before it takes 10 GB."""
    attention = LAYERS["MultiHeadAttention"](num_heads=1, key_dim=1, use_causal_mask=True)
    network = chain(("attention", attention), input="float32[N, 100000, 4]")
    with pytest.raises(SpecError, match=r"the constants of `attention` are 74\.5 GiB"):
        ONNX.compile(network, None, None)


def test_the_same_network_gives_the_same_bytes() -> None:
    weights = initial_weights(NETWORK.weights, seed=3)
    assert ONNX.compile(NETWORK, weights, None) == ONNX.compile(NETWORK, weights, None)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_weights_are_cast_to_what_the_layer_computes_in(dtype: str) -> None:
    graph = chain(
        ("dense", LAYERS["Dense"](units=4)),
        ("batch_normalization", LAYERS["BatchNormalization"]()),
        ("activation", LAYERS["Activation"](activation="sparse_plus")),
        input=f"{dtype}[2, 3]",
    )
    onnx.checker.check_model(compiled(graph, random_weights(graph)), full_check=True)


class _Halves(Layer):
    """A layer with two outputs, as a plugin may have."""

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        half = x.with_shape((*x.shape[:-1], x.channels // 2))
        return half, half


def test_a_plugin_lowers_a_layer_of_two_outputs() -> None:
    from specc.backends.onnx.graph import LOWERINGS, Builder, Tensor

    @LOWERINGS.add("_Halves")
    def halves(build: Builder, x: Tensor) -> tuple[Tensor, ...]:
        types = [value.physical for value in build.node.outputs]
        return build.ops("Split", x, types=types, axis=-1, num_outputs=2)

    x = Value("x", parse_tensor_type("float32[2, 6]"))
    left, right = (
        Value(f"halves.{name}", type)
        for name, type in zip("lr", _Halves().infer(x.type), strict=True)
    )
    graph = make_graph(
        "plugin", (x,), (Node("halves", _Halves(), (x,), (left, right), "halves"),), {"r": right}
    )
    inputs = random_inputs(graph)
    onnx.checker.check_model(compiled(graph), full_check=True)
    np.testing.assert_array_equal(ONNX.run(graph, {}, inputs)["r"], inputs["x"][:, 3:])


class _Unknown(Layer):
    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return inputs


def test_a_layer_without_a_lowering_is_a_coded_error() -> None:
    graph = chain(("unknown", _Unknown()), input="float32[2, 3]")
    with pytest.raises(SpecError) as caught:
        ONNX.compile(graph, None, None)
    assert [diagnostic.code for diagnostic in caught.value.report.diagnostics] == [
        "unsupported-layer"
    ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [("{units: 4}", [False, True]), ("{units: 4, return_sequences: true}", [True])],
)
@pytest.mark.parametrize("functions", [False, True])
def test_outputs_that_nobody_reads_have_no_name(
    params: str, expected: list[bool], functions: bool, tmp_path: Path
) -> None:
    """All steps and the last one: a runtime makes those that have one."""
    graph = spec_graph(TAGGER.format(params=params), tmp_path)
    model = onnx.load_from_string(ONNX.compile(graph, None, None, functions=functions))
    onnx.checker.check_model(model, full_check=True)
    nodes = [*model.graph.node, *(node for each in model.functions for node in each.node)]
    (lstm,) = (node for node in nodes if node.op_type == "LSTM")
    assert [bool(name) for name in lstm.output] == expected
