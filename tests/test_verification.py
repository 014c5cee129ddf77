"""`Network.verify`: every layer in every backend, held against its own scale, at two sizes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specc
from specc import verification
from specc.agreement import HALVES, Tolerance, compare, nudged
from specc.backend import load_backend
from specc.ir import Graph
from specc.weights import load_weights, varied_weights

SPEC = """\
specc: 1
name: tiny
inputs: {x: "float32[N, 4]"}
blocks:
  body:
    layers: [{Dense: 3, name: inner}, ReLU]
layers:
  - repeat: 2
    name: loop
    layers: [body]
  - Dense: 2
    name: y
outputs: [y]
"""

# Whatever the ELU gives, the output is 0, and would be as small as 1e-12 if it were not.
HIDING = """\
specc: 1
name: hiding
inputs: {x: "float32[N, T, 4]"}
blocks:
  unit:
    params: {alpha: float}
    layers:
      - Dense: 4
      - ELU: "${alpha}"
layers:
  - for: {alpha: [1.0, 0.5, 0.25]}
    name: stage
    layers:
      - unit: {alpha: "${alpha}"}
      - LayerNormalization
  - ReLU
  - Rescaling: -1.0e-12
  - ReLU:
    name: nothing
"""

ROUNDED = """\
specc: 1
inputs: {x: 'float32[N, 256]'}
layers:
  - {Activation: tanh, name: t}
  - {Activation: sigmoid, name: s}
  - {Multiply: {}, inputs: [t, s], name: product}
  - Rescaling: {scale: 1.0, offset: 300.0}
  - {Rescaling: {scale: 1.0, offset: -300.0}, name: same}
  - {Subtract: {}, inputs: [same, product], name: left}
"""


def network_of(folder: Path, text: str) -> specc.Network:
    (path := folder / "net.yaml").write_text(text, "utf-8")
    return specc.load(path)


@pytest.fixture
def tiny(tmp_path: Path) -> specc.Network:
    return network_of(tmp_path, SPEC)


class Fake:
    """A backend that gives, for each output, what `value` makes of its name."""

    def __init__(self, value: Callable[[str], float]) -> None:
        self.value = value

    def runner(self, graph: Graph, weights: Any) -> Callable[[Any], dict[str, Any]]:
        return lambda _: {name: np.full((2, 2), self.value(name)) for name in graph.outputs}


def fakes(monkeypatch: pytest.MonkeyPatch, **values: Callable[[str], float]) -> None:
    backends = {name: Fake(value) for name, value in values.items()}
    monkeypatch.setattr(verification, "load_backend", backends.__getitem__)
    monkeypatch.setattr(verification, "backend_names", lambda: tuple(backends))


# Where backends part ----------------------------------------------------------------------------


def test_the_layer_is_named_where_backends_part(
    tiny: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ("loop.1.re_lu", "y")
    fakes(
        monkeypatch,
        a=lambda _: 1.0,
        b=lambda _: 1.0 + 1e-6,
        c=lambda name: 1.5 if name in late else 1.0,
    )
    result = tiny.verify(batch=1)
    assert not result.agrees
    assert [(each.backends, each.agrees) for each in result.comparisons] == [
        (("a", "b"), True),
        (("a", "c"), False),
        (("b", "c"), False),
    ]
    largest = result.comparisons[1].largest.difference
    assert (largest.absolute, largest.scale) == (0.5, 1.5)
    assert largest.relative == pytest.approx(1 / 3)
    assert {parting_of(each) for each in result.comparisons} == {None, "loop.1.re_lu"}
    (found,) = result.report().diagnostics
    assert found.code == "verification-failed"
    assert found.span is not None
    assert found.message == (
        "c differs from a and b by 0.5 where the largest number is 1.5, "
        "first at loop.1.re_lu (ReLU)"
    )


def parting_of(comparison: verification.Comparison) -> str | None:
    return comparison.parting.name if comparison.parting else None


def in_pytorch(layer: Any, site: Any) -> Any:
    from specc.emit.code import argument, call

    return call(site.module("nn.ELU", argument(slightly_off(layer.alpha), hint="alpha")), site.x)


def in_keras(layer: Any, site: Any) -> Any:
    from specc.emit.code import argument, call

    alpha = argument(slightly_off(layer.alpha), hint="alpha")
    return call(site.layer("layers.ELU", alpha=alpha), site.x)


def in_onnx(build: Any, x: Any) -> Any:
    return build.op("Elu", x, alpha=slightly_off(build.layer.alpha))


def slightly_off(alpha: float) -> float:
    """The fault: one slope of the three."""
    return alpha * 1.001 if alpha == 0.5 else alpha


FAULTY = {"pytorch": in_pytorch, "keras": in_keras, "onnx": in_onnx}


@pytest.mark.parametrize("faulty", FAULTY)
def test_a_fault_of_a_lowering_is_found_inside_a_block_of_a_loop(
    faulty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network_of(tmp_path, HIDING)
    lowerings = functions(faulty, net.graph)
    monkeypatch.setitem(lowerings, "ELU", FAULTY[faulty])
    result = net.verify()
    assert len(result.comparisons) == 2 * 3
    for comparison in result.comparisons:
        apart = faulty in comparison.backends
        assert parting_of(comparison) == ("stage.1.unit.elu" if apart else None)
    (found,) = result.report().diagnostics
    first, second = sorted({"keras", "onnx", "pytorch"} - {faulty})
    assert found.message.startswith(f"{faulty} differs from {first} and {second} by ")
    assert "first at stage.1.unit.elu (ELU)" in found.message
    assert found.span is not None
    assert found.span.line == 9


def functions(backend: str, graph: Graph) -> dict[str, Any]:
    """The lowerings of a backend by layer type, those of this network among them."""
    from specc.backend import _FUNCTIONS

    load_backend(backend).compile(graph, None, None)
    return _FUNCTIONS[backend]


def test_a_fault_that_only_the_compiled_network_has_is_found(
    tiny: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless(Fake):
        """It forgets a loop of which nothing but the end is asked."""

        def runner(self, graph: Graph, weights: Any) -> Callable[[Any], dict[str, Any]]:
            value = 1.0 if len(graph.outputs) > 1 else 2.0
            return Fake(lambda _: value).runner(graph, weights)

    backends = {"a": Fake(lambda _: 1.0), "b": Careless(lambda _: 1.0)}
    monkeypatch.setattr(verification, "load_backend", backends.__getitem__)
    (found,) = tiny.verify(backends=["a", "b"]).report().diagnostics
    assert "in the output `y` of the compiled network; its layers agree" in found.message


def test_a_large_network_is_compared_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network_of(tmp_path, SPEC)
    whole = net.verify(backends=["onnx", "pytorch"])
    monkeypatch.setattr(verification, "MOST_ELEMENTS", 25)
    parts = net.verify(backends=["onnx", "pytorch"])
    names = [[tensor.name for tensor in each.tensors] for each in parts.comparisons]
    assert names == [[tensor.name for tensor in each.tensors] for each in whole.comparisons]
    assert names[0] == [*(node.path for node in net.graph.nodes), "y"]
    assert parts.agrees


# What counts as a difference --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "agrees"), [(1.0, True), (float("nan"), False), (float("inf"), False), (1.1, False)]
)
def test_every_element_is_compared(
    tiny: specc.Network, monkeypatch: pytest.MonkeyPatch, value: float, agrees: bool
) -> None:
    fakes(monkeypatch, a=lambda _: 1.0, b=lambda _: value)
    assert tiny.verify().agrees is agrees
    fakes(monkeypatch, a=lambda _: value, b=lambda _: value)
    assert tiny.verify().agrees


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_tensor_is_held_against_its_own_scale(scale: float) -> None:
    reference = scale * np.array([1.0, 1e-9, -0.5])
    assert compare(reference + 0.9e-5 * scale, reference, Tolerance()).agrees
    apart = compare(reference + 1.1e-5 * scale, reference, Tolerance())
    assert not apart.agrees
    assert apart.relative == pytest.approx(1.1e-5)


def test_a_tensor_of_zeros_is_zeros() -> None:
    zeros = np.zeros(3)
    assert compare(zeros, zeros, Tolerance()).relative == 0
    apart = compare(zeros + 1e-12, zeros, Tolerance())
    assert not apart.agrees
    assert apart.relative == np.inf


def test_rounding_explains_no_more_than_it_moves() -> None:
    apart = compare(np.array([1.001]), np.array([1.0]), Tolerance())
    assert replace(apart, rounding=2e-4).agrees
    assert not replace(apart, rounding=1e-4).agrees
    assert not compare(np.ones(2), np.ones(3), Tolerance()).agrees


def test_nudging_moves_some_numbers_by_a_little() -> None:
    array = np.ones(1000, np.float32)
    moved = nudged(array, 1)
    assert 300 < np.count_nonzero(moved != array) < 700
    assert np.abs(moved - 1).max() < 1e-6
    assert nudged(np.arange(3), 1).tolist() == [0, 1, 2]
    assert isinstance(nudged(np.ones((), np.float32), 1), np.ndarray)
    for dtype, unit in (("float16", 2.0**-10), ("bfloat16", 2.0**-7)):
        assert {*nudged(array, 1, [dtype])} == {1 - unit, 1, 1 + unit}


def test_what_only_rounding_makes_agrees_by_rounding(tmp_path: Path) -> None:
    """`left` is what a large number in between took away from a product."""
    net = network_of(tmp_path, ROUNDED)
    result = net.verify(backends=["onnx", "pytorch"])
    assert result.agrees
    (several, _) = result.comparisons
    assert several.rounded
    assert several.largest.name == "left"
    assert several.largest.difference.relative > 1e-3


def test_what_is_no_number_is_told(tiny: specc.Network) -> None:
    weights = {name: array * np.nan for name, array in tiny.initial_weights().items()}
    result = tiny.verify(weights, backends=["onnx", "pytorch"])
    first = next(iter(tiny.graph.makers)).name
    assert {each.undefined for each in result.comparisons} == {first}
    assert result.as_json()["comparisons"][0]["first_nan"] == first
    assert {each.undefined for each in tiny.verify().comparisons} == {None}


def test_tolerances_and_backends_can_be_chosen(
    tiny: specc.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes(monkeypatch, a=lambda _: 100.0, b=lambda _: 101.0, c=lambda _: 0.0)
    assert not tiny.verify(backends=["a", "b"]).agrees
    assert tiny.verify(backends=["a", "b"], rtol=0.01).agrees
    assert tiny.verify(backends=["a", "b"], atol=1).agrees
    with pytest.raises(specc.SpecError, match="two backends"):
        tiny.verify(backends=["a", "a"])
    with pytest.raises(specc.SpecError, match="a batch of at least 1, received 0"):
        tiny.verify(backends=["a", "b"], batch=0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_floats_agree_as_far_as_they_are_rounded(dtype: str, tmp_path: Path) -> None:
    text = SPEC.replace("float32", dtype).replace("ReLU]", "BatchNormalization, ReLU]")
    network = network_of(tmp_path, text)
    result = network.verify()
    assert result.agrees, str(result.report())
    furthest = max(each.largest.difference.relative for each in result.comparisons)
    assert furthest < HALVES.get(dtype, 1e-9)  # an epsilon is a float32 in ONNX
    if dtype in HALVES:
        strict = network.verify(rtol=1e-6)
        assert any(comparison.rounded for comparison in strict.comparisons)


@pytest.mark.parametrize("method", ["to_pytorch", "to_keras"])
def test_weights_in_half_precision_are_saved_in_float32(method: str, tmp_path: Path) -> None:
    network = network_of(tmp_path, SPEC.replace("float32", "bfloat16"))
    network.save_weights(getattr(network, method)(), tmp_path / "w.safetensors")
    saved = load_weights(tmp_path / "w.safetensors", network.graph.weights)
    for name, array in network.initial_weights().items():
        np.testing.assert_allclose(saved[name], array, rtol=2.0**-8)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool"])
def test_an_input_may_be_one_number(dtype: str, tmp_path: Path) -> None:
    text = SPEC.replace("inputs: {", f'inputs: {{a: "{dtype}[]", ').replace("[y]", "[y, a]")
    text = text.replace("name: loop\n", "name: loop\n    inputs: x\n")
    assert network_of(tmp_path, text).verify().agrees


def test_what_onnxruntime_has_no_kernel_for_is_said(tmp_path: Path) -> None:
    layer = "{Conv2D: {filters: 2, kernel_size: 3}}"
    text = f"specc: 1\ninputs: {{x: 'float64[N, 8, 8, 3]'}}\nlayers: [{layer}]\n"
    network = network_of(tmp_path, text)
    with pytest.raises(specc.SpecError, match=r"unsuitable-model.*: Could not find .* for Conv"):
        network.verify()
    assert network.verify(backends=["pytorch", "keras"]).agrees


# Sizes, inputs and weights ----------------------------------------------------------------------


def test_sizes_fit_every_layer(tmp_path: Path) -> None:
    text = 'specc: 1\ninputs: {x: "float32[N, h, w, 3]"}\nlayers: [{MaxPooling2D: 9}]'
    graph = network_of(tmp_path, text).graph
    sizes = verification.example_sizes(graph, 3)
    assert sizes["N"] == 3
    assert sizes["h"] != sizes["w"]
    assert min(sizes["h"], sizes["w"]) >= 9
    assert verification.random_inputs(graph, sizes)["x"].shape == (3, sizes["h"], sizes["w"], 3)


@pytest.mark.parametrize(
    ("layer", "least"),
    [
        ("Pad: {pad_width: [[5, 2], 0], mode: reflect}", 6),
        ("Pad: {pad_width: [[5, 2], 0], mode: edge}", 1),
        ("Cropping1D: [5, 2]", 8),
    ],
)
def test_sizes_are_those_that_a_layer_takes(layer: str, least: int, tmp_path: Path) -> None:
    """The type of what a mirrored pad makes would suit an axis that is too short for it."""
    text = f'specc: 1\ninputs: {{x: "float32[N, T, 3]"}}\nlayers: [{{{layer}}}]'
    net = network_of(tmp_path, text)
    assert min(each["T"] for each in verification.two_sizes(net.graph, 2)) >= least
    assert net.verify(backends=["pytorch", "onnx"]).agrees


@pytest.mark.parametrize(
    ("type", "batch", "expected"),
    [
        ("float32[N, 4]", 2, [{"N": 2}, {"N": 1}]),
        ("float32[N, 4]", 1, [{"N": 1}]),
        ("float32[3, 4]", 2, [{}]),
        ("float32[N, T, 4]", 2, [{"N": 2, "T": 2}, {"N": 1, "T": 5}]),
        ("float32[N, 9-T, 4]", 2, [{"N": 2, "T": 2}, {"N": 1, "T": 5}]),
        ("float32[N, 4-T, 4]", 2, [{"N": 2, "T": 2}, {"N": 1, "T": 2}]),
    ],
)
def test_there_are_two_sizes_of_each_symbol(
    type: str, batch: int, expected: list[Mapping[str, int]], tmp_path: Path
) -> None:
    text = f'specc: 1\ninputs: {{x: "{type}"}}\nlayers: [ReLU]'
    assert verification.two_sizes(network_of(tmp_path, text).graph, batch) == expected


DEEP = """specc: 1
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  residual:
    layers:
      - Conv2D: {filters: 8, kernel_size: 3, padding: same, kernel_initializer: he_normal}
      - BatchNormalization
      - ReLU
      - Conv2D: {filters: 4, kernel_size: 3, padding: same, kernel_initializer: he_normal}
      - BatchNormalization
      - Add:
        inputs: [x, prev]
layers:
  - repeat: 30
    layers: [residual]
"""


@pytest.mark.parametrize(("deviation", "divides"), [(3.0, True), (0.01, False)])
def test_normalizations_divide_by_what_is_large(
    deviation: float, divides: bool, tmp_path: Path
) -> None:
    kernel = f"kernel_initializer: {{random_normal: {{stddev: {deviation}}}}}"
    layers = f"[{{Conv2D: {{filters: 3, kernel_size: 3, {kernel}}}}}, BatchNormalization]"
    text = f'specc: 1\ninputs: {{x: "float32[N, 9, 8, 2]"}}\nlayers: {layers}'
    graph = network_of(tmp_path, text).graph
    inputs = verification.random_inputs(graph, {"N": 2})
    weights = verification.drawn_weights(graph, ["onnx", "pytorch"], inputs, seed=5)
    without = verification.drawn_weights(graph, ["onnx", "keras"], inputs, seed=5)
    expected = varied_weights(graph.weights, 5)
    assert all((array == expected[name]).all() for name, array in without.items())
    found = load_backend("pytorch").run(verification.expose_layers(graph), weights, inputs)
    if divides:
        expected["batch_normalization.running_var"] *= found["conv2d"].var((0, 1, 2))
    for name, array in weights.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-4)


def test_numbers_do_not_grow_from_layer_to_layer(tmp_path: Path) -> None:
    """They came to 5e7 here, and in EfficientNet-B7 to where rounding decided them."""
    net = network_of(tmp_path, DEEP)
    found = net.verify(backends=["pytorch", "onnx"])
    assert found.agrees
    assert not any(comparison.rounded for comparison in found.comparisons)
    scales = [each.difference.scale for each in found.comparisons[0].tensors]
    assert max(scales) < 100


def test_weights_that_start_as_one_number_vary() -> None:
    declared = specc.load("convnext", params={"depths": [1, 1, 1, 1]}).graph.weights
    for key, array in varied_weights(declared).items():
        assert array.dtype == np.float32
        assert array.size == 1 or array.std() > 0.005, key
    network = specc.load("resnet@resnet18")
    weights = varied_weights(network.graph.weights)
    assert all((array > 0.5).all() for key, array in weights.items() if key.endswith("running_var"))
    assert weights.keys() == network.initial_weights().keys()


def test_every_layer_can_be_an_output(tiny: specc.Network) -> None:
    exposed = verification.expose_layers(tiny.graph)
    assert list(exposed.outputs) == [node.path for node in tiny.graph.nodes]
    assert [node.path for node in exposed.nodes] == [node.path for node in tiny.graph.nodes]


# What is said -----------------------------------------------------------------------------------


def test_the_backends_agree_on_every_layer(tiny: specc.Network) -> None:
    result = tiny.verify()
    assert result.agrees
    assert {each.backends for each in result.comparisons} == {
        ("keras", "onnx"),
        ("keras", "pytorch"),
        ("onnx", "pytorch"),
    }
    assert {len(each.tensors) for each in result.comparisons} == {len(tiny.graph.nodes) + 1}


def test_json_says_it_all(tiny: specc.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes(monkeypatch, a=lambda _: 1.0, b=lambda name: 0.0 if "1" in name else 1.0)
    said = json.loads(json.dumps(tiny.verify(batch=3).as_json(), allow_nan=False))
    assert said["agrees"] is False
    first, second = said["comparisons"]
    assert [first["sizes"], second["sizes"]] == [{"N": 3}, {"N": 1}]
    assert (first["backends"], first["tensors"], first["agrees"]) == (["a", "b"], 6, False)
    assert (
        first["first_difference"]
        == first["largest"]
        == {
            "name": "loop.1.inner",
            "layer": "loop.1.inner",
            "type": "Dense",
            "absolute": 1.0,
            "scale": 0.0,
            "relative": None,
            "rounding": 0.0,
        }
    )
