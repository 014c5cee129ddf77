"""A file in low precision is valid, half as large, and computes what its roundings let it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession, SessionOptions
from samples import all_samples, make_graph, random_inputs, sample_graph, sample_sizes
from structures import spec_graph
from zoo import network

from specc.backend import load_backend
from specc.diagnostics import SpecError
from specc.dims import known
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS, Layer, Sample
from specc.tensor import parse_tensor_type
from specc.verification import example_sizes
from specc.verification import random_inputs as network_inputs
from specc.weights import initial_weights, varied_weights

ONNX = load_backend("onnx")

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
"""By how much of a number a rounding to the nearest may change it."""

REFERENCE_FAULTS = {"GRU", "LSTM", "RNN", "Scan"}
"""Ops that the reference of ONNX (1.23) computes otherwise than ONNX says, or not at all."""

ROUNDINGS = 4
"""The error of an output, in roundings of its largest number.

Roundings are independent, so that those of a product of many numbers mostly cancel: in the networks
below there are at most 1.6 of them.
"""


def outputs(file: bytes, inputs: dict[str, Any]) -> list[Any]:
    options = SessionOptions()
    options.log_severity_level = 3  # it warns of each op that it casts to float32
    return InferenceSession(file, options, providers=["CPUExecutionProvider"]).run(None, inputs)


def reference_outputs(model: ModelProto, inputs: dict[str, Any]) -> list[Any]:
    """By the reference of ONNX: onnxruntime's CPU has no kernels for bfloat16."""
    with np.errstate(all="ignore"):
        return [np.asarray(each) for each in ReferenceEvaluator(model).run(None, inputs)]


def is_for_reference(model: ModelProto) -> bool:
    """Whether it has bfloat16, and the reference knows its ops; integers are rounded once more."""
    types, kinds = edges(model), {node.op_type for node in model.graph.node}
    floats = all(types[each.name] == "FLOAT" for each in model.graph.output)
    return floats and "BFLOAT16" in types.values() and REFERENCE_FAULTS.isdisjoint(kinds)


def assert_close(graph: Graph, weights: Any, inputs: dict[str, Any]) -> None:
    """In float16 the outputs are those in float32, as far as its roundings go."""
    full = outputs(ONNX.compile(graph, weights, "channels_last"), inputs)
    low = outputs(ONNX.compile(graph, weights, "channels_last", precision="float16"), inputs)
    assert_apart_by_roundings(low, full, "float16")


def assert_apart_by_roundings(low: list[Any], full: list[Any], precision: str) -> None:
    for found, expected in zip(low, full, strict=True):
        assert found.dtype == expected.dtype
        scale = np.max(np.abs(expected.astype(np.float64)), initial=0)
        atol = ROUNDINGS * ROUNDING[precision] * scale
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def compiled(graph: Graph, precision: str, **options: Any) -> ModelProto:
    weights = varied_weights(graph.weights)
    file = ONNX.compile(graph, weights, "channels_last", precision=precision, **options)
    model = onnx.load_from_string(file)
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.mark.parametrize(("layer", "sample"), all_samples())
def test_every_sample(layer: type[Layer], sample: Sample) -> None:
    graph = sample_graph(layer, sample)
    weights = varied_weights(graph.weights)
    inputs = random_inputs(sample_graph(layer, sample, sample_sizes(sample)))
    assert_close(graph, weights, inputs)
    low = compiled(graph, "bfloat16")
    if is_for_reference(low):
        full = outputs(ONNX.compile(graph, weights, "channels_last"), inputs)
        assert_apart_by_roundings(reference_outputs(low, inputs), full, "bfloat16")


@pytest.mark.parametrize("name", ["squeezenet", "mobilenet_v3", "shufflenet_v2", "tagger"])
def test_networks_of_the_zoo(name: str) -> None:
    graph = network(name)
    inputs = network_inputs(graph, example_sizes(graph, batch=2))
    assert_close(graph, initial_weights(graph.weights, 0), inputs)


@pytest.mark.parametrize("precision", ROUNDING)
def test_the_file_is_half_as_large(precision: str) -> None:
    graph = network("squeezenet")
    weights = initial_weights(graph.weights, 0)
    full, low = (
        len(ONNX.compile(graph, weights, None, precision=each)) for each in ("float32", precision)
    )
    assert 0.49 < low / full < 0.51


def chain(*steps: tuple[str, dict[str, Any]], input: str = "float32[N, 4]") -> Graph:
    """A network of layers in sequence, each called by its number."""
    values = [Value("x", parse_tensor_type(input))]
    nodes: list[Node] = []
    for number, (type, params) in enumerate(steps):
        layer, path = LAYERS[type](**params), f"layer_{number}"
        values.append(Value(path, *layer.infer(values[-1].type)))
        weights = layer.weights(values[-2].type)
        nodes.append(Node(path, layer, (values[-2],), (values[-1],), path, weights))
    return make_graph("chain", (values[0],), tuple(nodes), {"y": values[-1]})


def edges(model: ModelProto) -> dict[str, str]:
    """The type of each edge."""
    values = [*model.graph.input, *model.graph.value_info, *model.graph.output]
    types = {each.name: each.type.tensor_type.elem_type for each in values}
    types |= {each.name: each.data_type for each in model.graph.initializer}
    return {name: TensorProto.DataType.Name(type) for name, type in types.items()}


def test_products_are_low_and_sums_of_squares_are_not() -> None:
    dense = ("Dense", {"units": 4})
    graph = chain(dense, ("ReLU", {}), ("RMSNormalization", {}), dense)
    model = compiled(graph, "float16")
    types = edges(model)
    assert {types["x"], types["y"]} == {"FLOAT"}
    assert {types[name] for name in graph.weights if name.startswith("layer_0")} == {"FLOAT16"}
    assert types["layer_1"] == "FLOAT16"
    assert types["layer_2.reducemean"] == types["layer_2.weight"] == "FLOAT"
    assert [node.op_type for node in model.graph.node] == [
        *("Cast", "Gemm", "Relu"),
        *("Cast", "Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul"),
        *("Cast", "Gemm", "Cast"),
    ]


def test_an_op_that_lacks_the_type_stays() -> None:
    """Celu takes no half precision, and poolings no bfloat16 before opset 22."""
    graph = chain(("Dense", {"units": 4}), ("Activation", {"activation": "celu"}))
    assert edges(compiled(graph, "float16"))["layer_0.float32"] == "FLOAT"
    images = "float32[N, 8, 8, 3]"
    conv = ("Conv2D", {"filters": 2, "kernel_size": 1})
    pooled = chain(conv, ("MaxPooling2D", {}), conv, input=images)
    assert edges(compiled(pooled, "bfloat16"))["layer_1"] == "BFLOAT16"
    assert edges(compiled(pooled, "bfloat16", opset=21))["layer_1"] == "FLOAT"


def test_pictures_of_integers_are_resized_in_float32() -> None:
    """A pixel of 200.5 is none of bfloat16's numbers."""
    bicubic = ("Resizing", {"height": 5, "width": 7, "interpolation": "bicubic"})
    images = compiled(chain(bicubic, input="uint8[N, 8, 8, 3]"), "bfloat16")
    assert "BFLOAT16" not in edges(images).values()
    floats = compiled(chain(bicubic, input="float32[N, 8, 8, 3]"), "bfloat16")
    assert "BFLOAT16" in edges(floats).values()


def test_an_embedding_is_stored_low() -> None:
    table = ("Embedding", {"input_dim": 5, "output_dim": 3})
    types = edges(compiled(chain(table, input="int32[N, 4]"), "float16"))
    assert types["layer_0.weight"] == "FLOAT16"


def test_a_constant_out_of_range_keeps_its_op_in_float32() -> None:
    layers = [("Dense", {"units": 4}), ("UnitNormalization", {}), ("Dense", {"units": 4})]
    types = edges(compiled(chain(*layers), "float16"))
    assert types["layer_1.clip"] == "FLOAT"


def test_a_weight_beyond_float16_is_a_coded_error() -> None:
    graph = chain(("Dense", {"units": 4}))
    weights = {key: np.full(known_shape(w), 70000, np.float32) for key, w in graph.weights.items()}
    with pytest.raises(SpecError) as caught:
        ONNX.compile(graph, weights, None, precision="float16")
    (fault,) = caught.value.report.diagnostics
    assert fault.code == "precision-overflow"
    assert fault.message == "float16 holds no number beyond 65504, `layer_0.weight` has 70000"
    assert ONNX.compile(graph, weights, None, precision="bfloat16")


def known_shape(weight: Any) -> tuple[int, ...]:
    return tuple(map(known, weight.shape))


def test_what_is_no_precision_is_a_coded_error() -> None:
    with pytest.raises(SpecError, match="expected precision float32, float16 or bfloat16"):
        ONNX.compile(chain(("ReLU", {})), None, None, precision="int8")


def test_outputs_are_cast_in_the_block_that_makes_them(tmp_path: Path) -> None:
    spec = """name: net
inputs: {x: "float32[N, 4]"}
blocks: {head: {layers: [{Dense: 4}, ReLU]}}
layers: [{head: null, name: left}, {head: null, name: right, inputs: x}]
outputs: [left, right]
"""
    model = compiled(spec_graph(spec, tmp_path), "float16", functions=True)
    assert [node.name for node in model.graph.node] == ["left", "right"]
