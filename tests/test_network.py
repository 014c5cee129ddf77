"""The Python API: finding specs, what a network knows of itself, its summary, its verification."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import specc
from specc.locating import locate
from specc.passes.appended import append_softmax
from specc.summary import summarize
from specc.weights import load_weights

SPEC = """\
specc: 1
name: tiny
params: {units: 3}
variants: {wide: {units: 5}}
inputs: {x: "float32[N, 4]"}
blocks:
  body:
    layers: [{Dense: "${units}", name: inner}, ReLU]
layers:
  - repeat: 2
    name: loop
    layers: [body]
  - Dense: 2
    name: y
outputs: [y]
expect: {parameters: 35}
"""

RESIDUAL = """\
specc: 1
name: residual
inputs: {image: "float32[N, 8*h, 8*w, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: x}
    name: a
  - BatchNormalization
  - Add:
    inputs: [a, prev]
  - reuse: batch_normalization
    inputs: prev
    name: again
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC, "utf-8")
    return path


def network_of(tmp_path: Path, text: str) -> specc.Network:
    path = tmp_path / "spec.yaml"
    path.write_text(text, "utf-8")
    return specc.load(path)


# Finding a spec


def test_load_knows_the_network(spec: Path) -> None:
    net = specc.load(spec)
    assert (net.name, net.parameters, net.trainable_parameters) == ("tiny", 35, 35)
    assert {name: str(type) for name, type in net.inputs.items()} == {"x": "float32[N, 4]"}
    assert {name: str(type) for name, type in net.outputs.items()} == {"y": "float32[N, 2]"}
    assert net.flops == 2 * (4 * 3 + 3 * 3 + 3 * 2) + 3 + 3 + 2 + 3 + 3
    assert repr(net) == "<Network tiny: x: float32[N, 4] -> y: float32[N, 2], 35 parameters>"


def test_load_takes_a_variant_both_ways(spec: Path) -> None:
    wide = specc.load(f"{spec}@wide").parameters
    assert wide == specc.load(spec, variant="wide").parameters != 35
    assert specc.load(f"{spec}@wide", variant="wide").parameters == wide
    with pytest.raises(specc.SpecError, match="unknown-variant"):
        specc.load(f"{spec}@wide", variant="other")
    with pytest.raises(specc.SpecError, match=r"unknown-variant[\s\S]*did you mean `wide`"):
        specc.load(spec, variant="wid")


def test_params_override_and_skip_expect(spec: Path) -> None:
    assert specc.load(spec, params={"units": 4}).parameters == 20 + 20 + 10
    with pytest.raises(specc.SpecError, match="unknown-param"):
        specc.load(spec, params={"unit": 4})
    with pytest.raises(specc.SpecError, match=r"received an integer of 16,610 bits"):
        specc.load(spec, params={"units": 10**5000})


def test_load_raises_every_fault_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(SPEC.replace("Dense: 2", "Dense: {unit: 2}").replace("ReLU", "Relu"), "utf-8")
    with pytest.raises(specc.SpecError) as caught:
        specc.load(path)
    codes = {each.code for each in caught.value.report.diagnostics}
    assert {"unknown-parameter", "unknown-layer"} <= codes
    assert f"{path}:8:" in str(caught.value)


def test_zoo_names() -> None:
    assert specc.load("dense_digits").parameters == 55_050
    assert specc.load("densenet@densenet169").trainable_parameters == 14_149_480
    with pytest.raises(specc.SpecError, match=r"file-not-found[\s\S]*did you mean `densenet`"):
        specc.load("densnet")


def test_a_file_wins_over_the_zoo_and_over_a_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("densenet").write_text(SPEC, "utf-8")
    Path("a@b.yaml").write_text(SPEC, "utf-8")
    assert locate("densenet").path == Path("densenet")
    assert locate("a@b.yaml") == locate("a@b.yaml@").__class__("a@b.yaml", Path("a@b.yaml"), None)
    assert locate("a@b.yaml@wide").variant == "wide"
    assert str(locate("a@b.yaml@wide")) == "a@b.yaml@wide"


@pytest.mark.parametrize("name", ["", "@", "@x", "a\0b", "../densenet", "x" * 5_000, "a/@v"])
def test_hostile_names_are_errors(name: str) -> None:
    with pytest.raises(specc.SpecError, match="error"):
        specc.load(name)


# Summary


def test_summary_is_the_table_of_keras() -> None:
    lines = str(summarize(specc.load("happy_house").graph)).splitlines()
    cells = [line.split("  ") for line in lines]
    rows = [[cell.strip() for cell in row if cell.strip()][:3] for row in cells]
    assert rows[0] == ["Model: happy_house"]
    assert ["image (InputLayer)", "(None, 64, 64, 3)", "0"] in rows
    assert ["zero_padding2d (ZeroPadding2D)", "(None, 70, 70, 3)", "0"] in rows
    assert ["conv2d (Conv2D)", "(None, 64, 64, 32)", "4,736"] in rows
    assert "Total params: 37,633 (147.00 KB)" in lines
    assert "Trainable params: 37,569 (146.75 KB)" in lines
    assert "Non-trainable params: 64 (256.00 B)" in lines


def test_depth_folds_blocks_and_loops(spec: Path) -> None:
    graph = specc.load(spec).graph

    def rows(depth: int | None) -> list[tuple[str, str, int]]:
        return [(row.name, row.type, row.parameters) for row in summarize(graph, depth).rows]

    assert rows(0) == [("x", "InputLayer", 0), ("loop", "loop", 27), ("y", "Dense", 8)]
    assert ("loop.1", "body", 12) in rows(1)
    assert ("loop.1.inner", "Dense", 12) in rows(2)
    assert rows(2) == rows(None)


@pytest.mark.parametrize("depth", [0, 1, 2, None])
def test_totals_are_the_sums_of_the_rows(depth: int | None) -> None:
    table = summarize(specc.load("densenet").graph, depth)
    assert sum(row.parameters for row in table.rows) == table.parameters == 8_062_504
    assert sum(row.flops for row in table.rows) == table.flops


def test_shared_weights_count_once_and_symbols_stay(tmp_path: Path) -> None:
    table = summarize(network_of(tmp_path, RESIDUAL.replace(", name: x}", "}")).graph).as_json()
    rows = {row["name"]: row for row in table["layers"]}
    assert table["parameters"] == 112 + 16 == sum(row["parameters"] for row in table["layers"])
    assert rows["again"]["parameters"] == 0
    assert rows["add"]["inputs"] == ["a", "batch_normalization"]
    assert rows["add"]["output_shape"] == [None, "8*h", "8*w", 4]
    assert isinstance(table["flops"], str)


def test_inputs_are_shown_where_the_network_is_no_chain(tmp_path: Path) -> None:
    table = summarize(network_of(tmp_path, RESIDUAL.replace(", name: x}", "}")).graph)
    assert "a, batch_normalization" in table.text(columns=120)
    assert "a, batch_normalization" not in table.text(columns=80)
    assert "f(h, w)" in str(table)
    assert all(line == line.rstrip() for line in table.text(columns=120).splitlines())


@pytest.mark.parametrize("name", ["densenet", "resnet"])
def test_summary_fits_100_columns(name: str) -> None:
    assert max(map(len, str(summarize(specc.load(name).graph)).splitlines())) <= 100


def test_costs_are_of_one_example_also_where_the_batch_is_fixed(tmp_path: Path) -> None:
    text = RESIDUAL.replace(", name: x}", "}").replace("8*h, 8*w", "8, 8")
    any_batch, fixed = (network_of(tmp_path, text.replace("N", batch, 1)) for batch in ("M", "4"))
    first, second = (summarize(each.graph) for each in (any_batch, fixed))
    assert (first.flops, first.activation_bytes) == (second.flops, second.activation_bytes)
    assert [row.flops for row in first.rows] == [row.flops for row in second.rows]


def test_summary_prints_in_a_script(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert specc.load(spec).summary(depth=0) is None
    assert capsys.readouterr().out.count("Total params: 35") == 1


def test_summary_is_displayed_once_in_a_notebook(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    ipython = SimpleNamespace(get_ipython=object, display=SimpleNamespace(display=shown.append))
    monkeypatch.setitem(__import__("sys").modules, "IPython", ipython)
    specc.load(spec).summary()
    assert capsys.readouterr().out == ""
    assert len(shown) == 1
    assert shown[0]._repr_html_() == specc.load(spec)._repr_html_()
    assert "<td>loop.1.inner (Dense)</td>" in shown[0]._repr_html_()


# Weights and artifacts


def test_initial_weights_depend_on_the_seed(spec: Path) -> None:
    net = specc.load(spec)
    first, again, other = (net.initial_weights(seed) for seed in (0, 0, 1))
    assert list(first) == list(net.graph.weights)
    assert all((first[key] == again[key]).all() for key in first)
    assert any((first[key] != other[key]).any() for key in first)


def test_a_mapping_is_saved_as_safetensors(spec: Path, tmp_path: Path) -> None:
    net, path = specc.load(spec), tmp_path / "w.safetensors"
    weights = net.initial_weights(3)
    net.save_weights(weights, path)
    loaded = load_weights(path, net.graph.weights)
    assert all((loaded[key] == weights[key]).all() for key in weights)
    with pytest.raises(specc.SpecError, match="weights-mismatch"):
        net.save_weights({"y.weight": np.zeros((2, 3))}, path)


def test_onnx_goes_to_bytes_or_a_file(spec: Path, tmp_path: Path) -> None:
    net, path = specc.load(spec), tmp_path / "m.onnx"
    data = net.to_onnx(seed=1)
    assert net.to_onnx(path, net.initial_weights(1)) == path
    assert path.read_bytes() == data
    assert data != net.to_onnx()


@pytest.mark.parametrize("drawn", [False, True])
def test_an_export_never_holds_all_weights(tmp_path: Path, *, drawn: bool) -> None:
    """From a file each is read when its turn comes; without one it is drawn then."""
    inputs, layers = '{x: "float32[N, 300]"}', "[{repeat: 12, layers: [Dense: 300]}]"
    net = network_of(tmp_path, f"specc: 1\nname: net\ninputs: {inputs}\nlayers: {layers}\n")
    weights = None if drawn else tmp_path / "net.safetensors"
    if weights:
        net.save_weights(net.initial_weights(), weights)
    net.to_onnx(tmp_path / "net.onnx", weights)
    tracemalloc.start()
    net.to_onnx(tmp_path / "net.onnx", weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * net.parameters / 4


def test_an_option_that_is_none_is_not_passed_over(spec: Path, tmp_path: Path) -> None:
    options: Any = {"presicion": "float16"}
    for write in (specc.load(spec).to_onnx, specc.load(spec).quantize):
        with pytest.raises(specc.SpecError, match=r"no option `presicion`\n.*`precision`"):
            write(tmp_path / "m.onnx", None, **options)


def test_softmax_is_the_last_entry(spec: Path) -> None:
    import onnxruntime

    net = specc.load(spec)
    session = onnxruntime.InferenceSession(net.to_onnx(softmax=True))
    (given,) = session.run(["softmax"], {"x": np.ones((2, 4), np.float32)})
    np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-6)
    for graph in (append_softmax(net.graph), specc.load("signs").graph):
        with pytest.raises(specc.SpecError, match="ends in a softmax"):
            append_softmax(graph)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("{Dense: 1}", "a softmax takes two classes or more"),
        ("{Dense: {units: 3, activation: sigmoid}}", "ends in a sigmoid"),
        ("{Activation: sigmoid}", "ends in a sigmoid"),
    ],
)
def test_softmax_is_for_scores_of_classes(layer: str, reason: str, tmp_path: Path) -> None:
    text = f"specc: 1\ninputs: {{x: 'float32[N, 4]'}}\nlayers: [{layer}]\n"
    with pytest.raises(specc.SpecError, match=reason):
        append_softmax(network_of(tmp_path, text).graph)


def test_what_is_appended_takes_numbers(tmp_path: Path) -> None:
    text = "specc: 1\ninputs: {x: 'bool[N, 4]'}\nlayers: [Flatten]\n"
    for options in ({"softmax": True}, {"top_k": 2}):
        with pytest.raises(specc.SpecError, match=r"dtype-mismatch.*to `flatten`.*received bool"):
            network_of(tmp_path, text).to_onnx(**options)


def test_softmax_needs_one_output(tmp_path: Path) -> None:
    text = SPEC.replace("outputs: [y]", "outputs: [y, loop]").replace("parameters: 35", "flops: 66")
    graph = network_of(tmp_path, text.partition("expect")[0]).graph
    with pytest.raises(specc.SpecError, match="arity"):
        append_softmax(graph)


def test_the_best_classes_are_the_last_outputs(spec: Path) -> None:
    import onnxruntime

    net, x = specc.load(spec), np.random.default_rng(0).random((5, 4), np.float32)
    session = onnxruntime.InferenceSession(net.to_onnx(softmax=True, top_k=2))
    assert [output.name for output in session.get_outputs()] == ["scores", "classes"]
    scores, classes = session.run(None, {"x": x})
    (all_scores,) = onnxruntime.InferenceSession(net.to_onnx(softmax=True)).run(None, {"x": x})
    np.testing.assert_array_equal(classes, (-all_scores).argsort(axis=1)[:, :2])
    np.testing.assert_array_equal(scores, np.sort(all_scores, axis=1)[:, :-3:-1])


@pytest.mark.parametrize("k", [0, 1000])
def test_there_are_not_so_many_classes(spec: Path, k: int) -> None:
    with pytest.raises(specc.SpecError, match=rf"number of classes from 1 to \d, received {k}"):
        specc.load(spec).to_onnx(top_k=k)


def test_a_file_has_the_spec_that_made_it(tmp_path: Path) -> None:
    from hashlib import sha256

    import onnx

    text = SPEC.replace("name: tiny", "name: tiny\nlicense: MIT")
    net = network_of(tmp_path, text)
    model = onnx.load_from_string(net.to_onnx())
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found["model_license"] == "MIT"
    assert found["spec_sha256"] == sha256(found["spec"].encode()).hexdigest()
    (tmp_path / "again.yaml").write_text(found["spec"], "utf-8")
    again = specc.load(tmp_path / "again.yaml")
    assert str(again.graph) == str(net.graph)
    assert again.to_onnx() == net.to_onnx()


def test_source_is_text(spec: Path) -> None:
    net = specc.load(spec)
    assert net.source("pytorch").count("class ") >= 2
    with pytest.raises(specc.SpecError, match=r"no|not source[\s\S]*to_onnx"):
        net.source("onnx")
    with pytest.raises(specc.SpecError, match="unknown-backend"):
        net.source("tensorflow1")


def test_models_start_from_the_same_weights(spec: Path, tmp_path: Path) -> None:
    net = specc.load(spec)
    module, model = net.to_pytorch(seed=7), net.to_keras(seed=7)
    net.save_weights(module, tmp_path / "torch.safetensors")
    net.save_weights(model, tmp_path / "keras.safetensors")
    expected = net.initial_weights(7)
    for name in ("torch", "keras"):
        saved = load_weights(tmp_path / f"{name}.safetensors", net.graph.weights)
        assert all((saved[key] == expected[key]).all() for key in expected)
    state = net.to_pytorch(dict(module.state_dict())).state_dict()
    assert all((state[key].numpy() == expected[key]).all() for key in expected)


def test_the_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    import torch

    network = specc.load("signs")
    with pytest.raises(specc.SpecError, match=r"conv2d\.weight: expected float32\[8, 3, 4, 4\]"):
        network.save_weights(torch.nn.Linear(2, 2), tmp_path / "w.safetensors")
    other = specc.load("dense_digits").to_keras()
    with pytest.raises(specc.SpecError, match="weights-mismatch"):
        network.save_weights(other, tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", ["to_pytorch", "to_keras", "to_onnx"])
def test_an_unknown_layout_is_refused(method: str) -> None:
    with pytest.raises(specc.SpecError, match="expected io_layout channels_first or channels_last"):
        getattr(specc.load("signs"), method)(io_layout="nchw")


@pytest.mark.parametrize(
    ("method", "package", "extra"),
    [
        ("to_pytorch", "torch", "torch"),
        ("to_keras", "keras", "keras"),
        ("to_onnx", "onnx", "onnx"),
        ("to_pytorch", "numpy", "torch"),
        ("to_keras", "PIL", "train"),
        ("initial_weights", "numpy", "onnx"),
    ],
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, package: str, extra: str
) -> None:
    network = specc.load("signs")

    def fail(*_: object) -> None:
        raise ModuleNotFoundError(name=package)

    monkeypatch.setattr("specc.weights.InitialWeights", fail)
    with pytest.raises(specc.SpecError) as caught:
        getattr(network, method)()
    (diagnostic,) = caught.value.report.diagnostics
    assert diagnostic.code == "missing-package"
    assert diagnostic.message == f"`{package}` is not installed"
    assert diagnostic.help == f"pip install 'specc[{extra}]'"


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("method", ["to_pytorch", "to_keras"])
def test_training_a_model_leaves_the_weights_that_were_given(method: str, writable: bool) -> None:
    net = specc.load("digits_cnn")
    given = net.initial_weights(7)
    for array in given.values():
        array.flags.writeable = writable
    model = getattr(net, method)(given)
    for variable in model.weights if method == "to_keras" else model.parameters():
        zero = variable.assign if method == "to_keras" else variable.data.copy_
        zero(variable * 0)
    expected = net.initial_weights(7)
    assert all((array == expected[key]).all() for key, array in given.items())
