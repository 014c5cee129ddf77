"""A file is for the oldest opset that serves; for any other it is valid and computes the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from samples import all_samples, make_graph, random_inputs, sample_graph, sample_sizes
from structures import spec_graph

import specc
from specc.backend import load_backend
from specc.backends.onnx.graph import LOWERINGS
from specc.backends.onnx.opsets import IR_VERSIONS
from specc.diagnostics import SpecError
from specc.exporting import OPSET, OPSETS
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS, Layer, Sample
from specc.tensor import TensorType, parse_tensor_type
from specc.weights import varied_weights

ONNX = load_backend("onnx")
OLDEST, NEWEST = OPSETS[0], OPSETS[-1]
SAMPLES = all_samples()


def outputs(file: bytes, inputs: dict[str, Any]) -> list[Any]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def assert_same(layer: type[Layer], sample: Sample, *opsets: int) -> None:
    """The files of those opsets are valid and give what that of the lowerings' ops gives."""
    graph = sample_graph(layer, sample)
    inputs = turned(graph, random_inputs(sample_graph(layer, sample, sample_sizes(sample))))
    weights = varied_weights(graph.weights)
    usual = outputs(ONNX.compile(graph, weights, None, opset=OPSET), inputs)
    for opset in opsets:
        file = ONNX.compile(graph, weights, None, opset=opset)
        model = onnx.load_from_string(file)
        onnx.checker.check_model(model, full_check=True)
        assert [each.version for each in model.opset_import] == [opset]
        for found, expected in zip(outputs(file, inputs), usual, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def turned(graph: Graph, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs as they lie at the boundary: images have their channels first."""
    from specc.passes.layout import boundary_orders

    orders = boundary_orders(graph, "channels_first")
    values = graph.inputs.items()
    return {name: inputs[name].transpose(orders[x] or range(x.type.rank)) for name, x in values}


def is_refused(sample: Sample, opset: int) -> bool:
    """Resize widens no filter before opset 18; Lanczos ones are matrices."""
    return (
        opset < 18
        and bool(sample.params.get("antialias"))
        and "lanczos" not in str(sample.params.get("interpolation"))
    )


def between() -> list[Any]:
    """A sample in a dozen, and those of what another opset has otherwise, at the opsets between."""
    changing = ("gelu", "mish", "GELU", "Resizing", "Reduce", "Split", "Padding")
    chosen = [
        each
        for number, each in enumerate(SAMPLES)
        if number % 24 == 0 or any(word in str(each.id) for word in changing)
    ]
    opsets = [opset for opset in OPSETS if opset not in (OLDEST, OPSET, NEWEST)]
    return [
        pytest.param(opset, *each.values, id=f"{opset}-{each.id}")
        for opset, each in zip(cycle(opsets), chosen, strict=False)
    ]


@pytest.mark.parametrize(("layer", "sample"), SAMPLES)
def test_every_sample_in_the_oldest_and_the_newest(layer: type[Layer], sample: Sample) -> None:
    if not is_refused(sample, OLDEST):
        assert_same(layer, sample, OLDEST, NEWEST)
        return
    assert_same(layer, sample, NEWEST)
    with pytest.raises(SpecError, match="`resizing` cannot be written in opset 17: Resize has"):
        ONNX.compile(sample_graph(layer, sample), None, None, opset=OLDEST)


@pytest.mark.parametrize(("opset", "layer", "sample"), between())
def test_samples_in_the_opsets_between(opset: int, layer: type[Layer], sample: Sample) -> None:
    assert_same(layer, sample, opset)


@pytest.mark.parametrize(
    ("spec", "options", "expected"),
    [
        ("lenet5", {}, 17),
        ("densenet", {}, 18),
        ("convnext", {}, 20),
        ("celu", {}, 28),
        ("lenet5", {"precision": "float16"}, 17),
        ("lenet5", {"precision": "bfloat16"}, 22),
        ("fashion_mlp", {"precision": "bfloat16"}, 17),
        ("convnext", {"precision": "float16"}, 20),
        ("celu", {"precision": "float16"}, 28),
        ("lenet5", {"functions": True}, 17),
        ("mnist_cnn", {"functions": True}, 21),
        ("mnist_cnn", {"functions": True, "precision": "float16"}, 21),
        ("mnist_cnn", {"functions": True, "precision": "bfloat16"}, 22),
    ],
)
def test_the_opset_is_the_oldest_that_serves(
    spec: str, options: dict[str, Any], expected: int
) -> None:
    """Means over axes that are an input came with 18, Gelu with 20, Celu in float16 with 28.

    Convolutions in bfloat16 came with 22; `lenet5` has no blocks to make functions of.
    """
    graph = one_activation("float16[2]", spec) if spec == "celu" else specc.load(spec).graph
    model = onnx.load_from_string(ONNX.compile(graph, None, None, **options))
    assert [each.version for each in model.opset_import if not each.domain] == [expected]


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("functions", [False, True])
@pytest.mark.parametrize("spec", ["lenet5", "densenet", "bert"])
def test_an_older_opset_loses_nothing(spec: str, *, functions: bool, precision: str) -> None:
    """Neither a type inside a function, nor the low precision of an op."""

    def without_versions(**options: Any) -> onnx.ModelProto:
        graph = specc.load(spec).graph
        file = ONNX.compile(graph, None, None, precision=precision, functions=functions, **options)
        model = onnx.load_from_string(file)
        for each in (model, *model.functions):
            each.ClearField("opset_import")
        model.ClearField("ir_version")
        return model

    assert without_versions() == without_versions(opset=OPSET)


@pytest.mark.parametrize("functions", [False, True])
@pytest.mark.parametrize("pooling", ["MaxPooling2D", "AveragePooling2D"])
def test_onnxruntime_does_not_take_zeros_for_the_pads_of_a_pooling(
    pooling: str, tmp_path: Path, *, functions: bool
) -> None:
    """From 1.17 to 1.31 it does, where the pads have no axes and are zeros by their bits."""
    padded = f"  padded:\n    layers: [ZeroPadding2D: 1, {pooling}: {{pool_size: 3, strides: 2}}]\n"
    body = "inputs: {x: 'float32[2, 7, 7, 3]'}\nblocks:\n" + padded + "layers: [padded]\n"
    graph = spec_graph(body, tmp_path)
    inputs = {"x": -np.ones((2, 3, 7, 7), np.float32)}
    usual = outputs(ONNX.compile(graph, None, None), inputs)
    file = ONNX.compile(graph, None, None, opset=17, functions=functions)
    np.testing.assert_array_equal(outputs(file, inputs), usual)
    model = onnx.load_from_string(file)
    nodes = [node for each in (model.graph, *model.functions) for node in each.node]
    (pad,) = (node for node in nodes if node.op_type == "Pad")
    value = dict(constants(model))[pad.input[2]]
    assert value == 0
    assert np.signbit(value)


def constants(model: onnx.ModelProto) -> Iterator[tuple[str, Any]]:
    """Those of the graph and of the functions, by name."""
    for tensor in model.graph.initializer:
        yield tensor.name, onnx.numpy_helper.to_array(tensor)
    for function in model.functions:
        for node in function.node:
            if node.op_type == "Constant":
                yield node.output[0], onnx.numpy_helper.to_array(node.attribute[0].t)


def test_onnxruntime_runs_every_opset() -> None:
    x = onnx.helper.make_tensor_value_info("x", 1, [2])
    y = onnx.helper.make_tensor_value_info("y", 1, [2])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])

    def runs(opset: int) -> bool:
        imports = [onnx.helper.make_operatorsetid("", opset)]
        model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=10)
        try:
            outputs(model.SerializeToString(), {"x": np.zeros(2, np.float32)})
        except Exception:
            return False
        return True

    assert [opset for opset in OPSETS if runs(opset)] == [*OPSETS]
    assert not runs(1000)


def test_ir_versions_are_those_of_the_releases() -> None:
    first: dict[int, int] = {}
    for _, ir_version, opset, *_ in onnx.helper.VERSION_TABLE:
        first.setdefault(opset, ir_version)
    assert {opset: first[opset] for opset in OPSETS} == IR_VERSIONS


@pytest.mark.parametrize("opset", [16, 29, 0, -1, "22"])
def test_an_unknown_opset_is_a_coded_error(opset: Any) -> None:
    layer = LAYERS["ReLU"]
    with pytest.raises(SpecError) as caught:
        ONNX.compile(sample_graph(layer, layer.samples[0]), None, None, opset=opset)
    (fault,) = caught.value.report.diagnostics
    assert fault.code == "unknown-opset"
    assert fault.message == f"expected an opset from 17 to 28, received {opset!r}"


def test_an_opset_that_the_installed_onnx_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx.defs, "onnx_opset_version", lambda: 23)
    layer = LAYERS["ReLU"]
    with pytest.raises(SpecError) as caught:
        ONNX.compile(sample_graph(layer, layer.samples[0]), None, None, opset=24)
    (fault,) = caught.value.report.diagnostics
    assert fault.message == "expected an opset from 17 to 23, received 24"
    assert fault.help.endswith(f"; a newer onnx than {onnx.__version__} knows newer ones")


def test_an_op_that_no_opset_has_is_a_coded_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        LOWERINGS._functions, "Activation", lambda build, x: build.op("BitShift", x)
    )
    message = "`activation` cannot be written in opset 22: BitShift takes no float16 as `X`"
    assert refusal("float16[2]", "relu") == (message, "")


def test_a_refusal_says_from_which_opset_it_goes() -> None:
    message, help = refusal("bfloat16[2]", "elu", opset=20)
    assert message == "`activation` cannot be written in opset 20: Elu takes no bfloat16 as `X`"
    assert help == "from opset 22 on it can"


def one_activation(input: str, activation: str) -> Graph:
    x, y = (Value(name, parse_tensor_type(input)) for name in "xy")
    layer = LAYERS["Activation"](activation=activation)
    node = Node("activation", layer, (x,), (y,), "activation")
    return make_graph("net", (x,), (node,), {"y": y})


def refusal(input: str, activation: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        ONNX.compile(one_activation(input, activation), None, None, **options)
    (fault,) = caught.value.report.diagnostics
    assert fault.code == "unsupported-layer"
    return fault.message, fault.help


class _OfItsOwn(Layer):
    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return inputs


def test_an_op_that_onnx_does_not_know_is_left_to_its_author() -> None:
    LOWERINGS.add("_OfItsOwn")(lambda build, x: build.op("OfItsOwn", x))
    x, y = (Value(name, parse_tensor_type("float32[2]")) for name in "xy")
    graph = make_graph("net", (x,), (Node("own", _OfItsOwn(), (x,), (y,), "own"),), {"y": y})
    model = onnx.load_from_string(ONNX.compile(graph, None, None))
    assert [node.op_type for node in model.graph.node] == ["OfItsOwn"]
