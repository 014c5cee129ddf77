"""An export looks at what it wrote before it keeps it: what is planted is found."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.parser import parse_model
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession
from samples import all_samples, sample_graph
from structures import spec_graph

import specc
from specc.agreement import HALVES
from specc.backend import load_backend
from specc.backends.onnx import checking
from specc.backends.onnx.bfloat16 import averages, widened, widened_arrays
from specc.backends.onnx.graph import LOWERINGS, numpy_dtype
from specc.backends.onnx.wire import ModelFile
from specc.diagnostics import SpecError
from specc.ir import Graph
from specc.layer import Layer, Sample
from specc.weights import varied_weights

ONNX = load_backend("onnx")

DENSE = 'name: net\ninputs: {x: "float32[N, 4]"}\nlayers: [{Dense: 4}, ReLU]\n'


def export(graph: Graph, path: Path, **options: Any) -> tuple[str, ...]:
    return ONNX.write(path, graph, varied_weights(graph.weights), check=True, **options)


def fault(graph: Graph, folder: Path, **options: Any) -> str:
    """The message of an export that is refused; what was there stands, and no temporary is left."""
    path = folder / "out" / "net.onnx"
    path.parent.mkdir()
    path.write_bytes(b"what was there")
    with pytest.raises(SpecError) as caught:
        export(graph, path, **options)
    assert [each.name for each in path.parent.iterdir()] == ["net.onnx"]
    assert path.read_bytes() == b"what was there"
    (found,) = caught.value.report.diagnostics
    assert found.code == "export-faulty"
    assert "--no-check" in found.help
    return found.message


def plant(monkeypatch: pytest.MonkeyPatch, layer: str, lowering: Any) -> None:
    LOWERINGS._import_family(layer)
    monkeypatch.setitem(LOWERINGS._functions, layer, lowering)


@pytest.mark.parametrize(
    ("layer", "sample"), [each for number, each in enumerate(all_samples()) if number % 12 == 0]
)
def test_samples_pass(layer: type[Layer], sample: Sample, tmp_path: Path) -> None:
    lines = export(sample_graph(layer, sample), tmp_path / "m.onnx")
    assert lines[0].startswith("checked: onnx infers the types of all ")
    assert lines[1].startswith("checked: 5 levels of onnxruntime")


def test_what_is_said(tmp_path: Path) -> None:
    lines = export(spec_graph(DENSE, tmp_path), tmp_path / "m.onnx")
    assert lines[0] == "checked: onnx infers the types of all 2 edges"
    assert lines[1].startswith("checked: 5 levels of onnxruntime and onnx's reference agree within")
    assert len(lines) == 2


def test_both_files_are_checked_before_either_takes_its_place(tmp_path: Path) -> None:
    spec = DENSE.replace("4", "64")
    lines = export(spec_graph(spec, tmp_path), tmp_path / "m.onnx", external_data=True)
    assert "agree within" in lines[1]
    assert lines[2] == "large tensors are in m.onnx.data: keep it with the model"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "m.onnx",
        "m.onnx.data",
        "spec.yaml",
    ]


@pytest.mark.parametrize("external_data", [False, True])
def test_a_type_that_is_not_true(
    external_data: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(build: Any, x: Any) -> Any:
        y = build.op("Relu", x, type=x.type.with_size(1, 5), suffix="wrong")
        return build.op("Relu", y, type=build.output)

    plant(monkeypatch, "ReLU", wrong)
    graph = spec_graph(DENSE.replace("Dense: 4", "Dense: 64"), tmp_path)
    message = fault(graph, tmp_path, external_data=external_data)
    assert "re_lu.wrong" in message or "checker refuses it" in message


def test_an_op_that_the_checker_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "ReLU", lambda build, x: build.op("OfNobody", x))
    message = fault(spec_graph(DENSE, tmp_path), tmp_path)
    assert message.startswith("onnx's checker refuses it: No Op registered for OfNobody")


def test_a_file_that_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Onnx is given the large tensors by their places, so that this is for onnxruntime to see."""
    real = ModelFile.parts
    monkeypatch.setattr(ModelFile, "parts", lambda file: islice(real(file), 3))
    message = fault(spec_graph(DENSE.replace("Dense: 4", "Dense: 400"), tmp_path), tmp_path)
    assert message.startswith("onnxruntime refuses it")


def test_a_file_that_onnxruntime_cannot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch can be five at run time only: no type says so."""

    def only_five(build: Any, x: Any) -> Any:
        five = build.op("Abs", build.constant(np.ones((5, 4)), "five"), suffix="absolute")
        return build.op("Mul", x, five, type=build.output)

    plant(monkeypatch, "ReLU", only_five)
    assert "onnx" in fault(spec_graph(DENSE, tmp_path), tmp_path)


def test_runs_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checking._onnxruntime
    calls: list[int] = []

    def drifting(path: Path, level: Any, inputs: Any) -> Any:
        calls.append(1)
        return [each + 0.01 * (len(calls) == 3) for each in real(path, level, inputs)]

    monkeypatch.setattr(checking, "_onnxruntime", drifting)
    message = fault(spec_graph(DENSE, tmp_path), tmp_path)
    assert message.startswith("two levels of onnxruntime differ by 0.01 where the largest number")


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_class_that_rounding_decides_is_no_fault(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of equal scores the last place decides which is the best: here, that of the inputs."""
    seen: list[Any] = []

    def tied(*arguments: Any) -> Any:
        seen.append(arguments[2]["x"].astype(precision))
        return [np.array([0 if np.array_equal(seen[0], seen[-1]) else 7])]

    monkeypatch.setattr(checking, "_onnxruntime", tied)
    monkeypatch.setattr(checking, "_reference", lambda *_: [np.array([7])])
    graph = spec_graph(DENSE, tmp_path)
    assert "agree within" in export(graph, tmp_path / "m.onnx", precision=precision)[1]


TEXT = """specc: 1
name: text
inputs: {ids: "int32[N, T]"}
layers:
  - Embedding: {input_dim: 100, output_dim: 64}
  - GlobalAveragePooling1D
  - Dense: {units: 64, activation: relu}
  - Dense: 5000
"""


def test_a_class_of_a_text_that_rounding_decides_is_no_fault(tmp_path: Path) -> None:
    """Ids have no last place to move: the weights have."""
    (tmp_path / "text.yaml").write_text(TEXT, "utf-8")
    net, lines = specc.load(tmp_path / "text.yaml"), list[str]()
    options: dict[str, Any] = {"top_k": 50, "precision": "float16"}
    net.to_onnx(tmp_path / "m.onnx", check=True, report=lines.append, **options)
    _, scores, classes = lines
    assert float(scores.partition(" agree within ")[2]) < HALVES["float16"]
    assert classes.startswith("checked: `classes` differs by ")


def test_the_reference_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_reference", lambda *_: [np.zeros((2, 4))])
    message = fault(spec_graph(DENSE, tmp_path), tmp_path)
    assert message.startswith("onnxruntime and onnx's reference differ by")


MEAN = "layers: [GlobalAveragePooling2D, {Dense: 4}]\n"


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_bfloat16_runs_by_the_reference_and_widened(dtype: str, tmp_path: Path) -> None:
    """The reference alone would end a sum of ones at 256, which here is a mean of 0.06."""
    graph = spec_graph(f'name: net\ninputs: {{x: "{dtype}[N, 64, 64, 3]"}}\n{MEAN}', tmp_path)
    options: dict[str, Any] = {} if dtype == "bfloat16" else {"precision": "bfloat16"}
    found = export(graph, tmp_path / "m.onnx", **options)
    who = "5 levels of onnxruntime, with float32 for bfloat16, and onnx's reference"
    start = f"checked: {who} agree within "
    assert found[1].startswith(start)
    assert 0 < float(found[1].removeprefix(start)) < HALVES["bfloat16"]
    assert len(found) == 2


@pytest.mark.parametrize("opset", [17, 18, 19, 22, 28])
def test_averages_in_bfloat16(opset: int) -> None:
    ones = np.ones((1, 1, 64, 64), numpy_dtype("bfloat16"))
    for kind, attributes in [
        ("AveragePool", {"kernel_shape": [64, 64]}),
        ("GlobalAveragePool", {}),
        ("ReduceMean", {}),
    ]:
        ends = [make_tensor_value_info(each, TensorProto.BFLOAT16, None) for each in "xy"]
        node = make_node(kind, ["x"], ["y"], **attributes)
        graph = make_graph([node], "g", ends[:1], ends[1:])
        model = make_model(graph, opset_imports=[make_opsetid("", opset)])
        run = ReferenceEvaluator(model, new_ops=averages(opset)).run
        (mean,) = run(None, {"x": ones})
        assert (mean.dtype, mean.ravel()) == (ones.dtype, [1])


# Numbers of bfloat16 stand by their bits: 15821 is 0.1, of which it makes 0.1001, and 16384 is 2.
EVERYWHERE = """<ir_version: 10, opset_import: ["": 22, "own": 1]>
net (float[N] x, bfloat16[N] z, bool double) => (float[N] y) <bfloat16[1] tenth = {15821}> {
    low = Cast<to = 16>(x)
    sum = Add(low, z)
    scaled = own.scale(sum, tenth)
    chosen = If (double) <
        then_branch = twice () => (bfloat16[N] t) {
            two = Constant<value = bfloat16[1] {16384}>()
            t = Mul(scaled, two)
        },
        else_branch = once () => (bfloat16[N] e) { e = Identity(scaled) }
    >
    y = Cast<to = 1>(chosen)
}
<domain: "own", opset_import: ["": 22]> scale (a, b) => (c) { c = Mul(a, b) }
"""


@pytest.mark.parametrize("double", [True, False])
def test_nothing_stays_in_bfloat16(double: bool) -> None:
    wide = widened(parse_model(EVERYWHERE))
    onnx.checker.check_model(wide, full_check=True)
    x, z = np.array([1, 3], np.float32), np.array([0.5, -1], numpy_dtype("bfloat16"))
    session = InferenceSession(wide.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, widened_arrays({"x": x, "z": z, "double": np.array(double)}))
    tenth = np.float32(0.10009765625)
    np.testing.assert_array_equal(y, np.array([1.5, 2], np.float32) * tenth * (1 + double))


def test_what_does_not_fit_in_float32_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MAX_BYTES", 4 * 20 - 1)
    *_, last = export(spec_graph(DENSE, tmp_path), tmp_path / "m.onnx", precision="bfloat16")
    assert last.startswith("not checked: the outputs: in float32, which onnxruntime's CPU needs, ")


def test_what_cannot_run_is_said(tmp_path: Path) -> None:
    double = 'name: net\ninputs: {x: "float64[N, 4]"}\nlayers: [{Activation: softsign}]\n'
    *_, last = export(spec_graph(double, tmp_path), tmp_path / "m.onnx")
    begin = "not checked: the outputs, on onnxruntime's CPU: Could not find an implementation for"
    assert last.startswith(f"{begin} Softsign")
    recurrent = 'name: net\ninputs: {x: "float32[N, T, 4]"}\nlayers: [{LSTM: 4}]\n'
    *_, last = export(spec_graph(recurrent, tmp_path), tmp_path / "m.onnx")
    assert last == "not checked: onnx's reference: it computes LSTM otherwise than ONNX says"


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("REFERENCE_FLOPS", "not run beyond 2 operations, these are 80"),
        ("REFERENCE_PARAMETERS", "not run beyond 2 parameters, these are 20"),
    ],
)
def test_the_reference_is_not_waited_for(
    bound: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, bound, 2)
    *_, last = export(spec_graph(DENSE, tmp_path), tmp_path / "m.onnx")
    assert last == f"not checked: onnx's reference: {message}"


def test_a_layer_that_wants_more_cells_is_tried_on_more(tmp_path: Path) -> None:
    pad = "Pad: {pad_width: [[3, 3], 0], mode: reflect}"
    spec = f'name: net\ninputs: {{x: "float32[N, T, 4]"}}\nlayers: [{{{pad}}}]\n'
    assert "agree within" in export(spec_graph(spec, tmp_path), tmp_path / "m")[1]


def test_python_checks_if_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = specc.load("digits_cnn")
    lines: list[str] = []
    assert net.to_onnx(tmp_path / "m.onnx", check=True, report=lines.append).exists()
    assert len(lines) == 2
    model = onnx.load_from_string(net.to_onnx(check=True, report=lines.append))
    assert isinstance(model, ModelProto)
    assert len(lines) == 4
    plant(monkeypatch, "ReLU", lambda build, x: build.op("OfNobody", x))
    plant(monkeypatch, "Conv2D", lambda build, x: build.op("OfNobody", x, type=build.output))
    assert net.to_onnx()
    with pytest.raises(SpecError, match="export-faulty"):
        net.to_onnx(check=True)


def test_an_opset_that_is_newer_than_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is kept: what onnxruntime 1.31 says to opset 28 is no fault of it."""

    def refuse(path: str, *_: Any, **__: Any) -> None:
        raise RuntimeError(
            f"[ONNXRuntimeError] : 1 : FAIL : Load model from {path} failed:"
            "Unsupported model IR version: 14, max supported IR version: 13"
        )

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    *_, last = export(spec_graph(DENSE, tmp_path), tmp_path / "m.onnx")
    assert last == (
        f"not checked: the outputs: onnxruntime {onnxruntime.__version__} is older than the opset"
    )
    assert (tmp_path / "m.onnx").exists()


def test_outputs_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    graph = spec_graph(DENSE, tmp_path)
    weights = {name: array * np.nan for name, array in varied_weights(graph.weights).items()}
    *_, last = ONNX.write(tmp_path / "m.onnx", graph, weights, check=True)
    assert last == "not checked: the numbers of the outputs that are NaN"
