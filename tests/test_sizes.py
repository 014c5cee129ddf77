"""Sizes for the symbols of the inputs: a network is as if its spec had these numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnxruntime import InferenceSession
from typer.testing import CliRunner

import specc
from specc.agreement import Tolerance, compare
from specc.cli.app import app
from specc.cli.options import parse_sizes
from specc.verification import random_inputs
from specc.weights import varied_weights

FLAT = """\
specc: 1
name: flat
params: {units: 3}
variants: {wide: {units: 5, expect: {outputs: {y: "float32[N, 5]"}}}}
inputs: {image: "float32[N, 8*h, 8*w, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 7}
  - Flatten
  - Dense: "${units}"
    name: y
expect: {outputs: {y: "float32[N, 3]"}}
"""
"""A network that is none at open sizes: its `Dense` needs to know them."""

INCLUDING = """\
specc: 1
include: [blocks.yaml]
inputs: {x: "float32[N, T, ${width}]", mask: "float32[N, T]"}
layers:
  - unit:
    inputs: [x, mask]
"""
BLOCKS = """\
specc: 1
params: {width: 4}
blocks:
  unit:
    inputs: [a, b]
    layers:
      - Reshape: [-1, 1]
        inputs: b
      - Multiply:
        inputs: [a, prev]
      - Dense: 2
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, with some specs."""
    monkeypatch.chdir(tmp_path)
    Path("flat.yaml").write_text(FLAT, "utf-8")
    Path("net.yaml").write_text(INCLUDING, "utf-8")
    Path("blocks.yaml").write_text(BLOCKS, "utf-8")


def run(status: int, *arguments: str) -> str:
    """What a command prints; it must exit with `status`."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.output
    return result.output


def types(network: specc.Network) -> dict[str, str]:
    return {name: str(type) for name, type in (network.inputs | network.outputs).items()}


def faults(spec: str, sizes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The code, the place and the message of each fault, with its help and its labels."""
    with pytest.raises(specc.SpecError) as error:
        specc.load(spec, sizes=sizes)
    return [
        (
            each.code,
            f"{each.span.line}:{each.span.column}" if each.span else "",
            "; ".join([each.message, each.help, *(label.message for label in each.labels)]),
        )
        for each in error.value.report.diagnostics
    ]


# The network


def test_all_symbols_or_some_become_numbers() -> None:
    open = specc.load("net.yaml")
    assert types(open) == {
        "x": "float32[N, T, 4]",
        "mask": "float32[N, T]",
        "unit": "float32[N, T, 2]",
    }
    some, all = (specc.load("net.yaml", sizes=each) for each in ({"T": 7}, {"T": 7, "N": 2}))
    assert types(some) == {
        "x": "float32[N, 7, 4]",
        "mask": "float32[N, 7]",
        "unit": "float32[N, 7, 2]",
    }
    assert types(all)["unit"] == "float32[2, 7, 2]"
    assert specc.load("net.yaml", sizes={}).graph.sizes == {}


def test_a_network_that_needs_to_know_its_sizes_is_right_with_them() -> None:
    assert [code for code, *_ in faults("flat.yaml", {})] == ["unknown-size"]
    network = specc.load("flat.yaml", sizes={"h": 2, "w": 1})
    assert types(network) == {"image": "float32[N, 16, 8, 3]", "y": "float32[N, 3]"}
    assert network.parameters == 4 * (3 * 49 + 1) + 3 * (10 * 2 * 4 + 1)
    assert network.verify(backends=["onnx", "pytorch"]).agrees
    assert "16, 8, 3" in network.source("keras")


def test_a_variant_and_params_go_with_sizes() -> None:
    wide = specc.load("flat.yaml@wide", sizes={"h": 1, "w": 1, "N": 4})
    assert types(wide)["y"] == "float32[4, 5]"
    other = specc.load("flat.yaml", params={"units": 7}, sizes={"h": 1, "w": 1})
    assert types(other)["y"] == "float32[N, 7]"


def test_expectations_hold_at_the_sizes() -> None:
    assert specc.load("fpn", sizes={"h": 2, "w": 3, "N": 1}).graph.sizes["h"] == 2
    Path("flat.yaml").write_text(FLAT.replace("float32[N, 3]", "float32[h, 3]"), "utf-8")
    assert types(specc.load("flat.yaml", sizes={"h": 2, "w": 1, "N": 2}))["y"] == "float32[2, 3]"
    sizes = {"h": 2, "w": 1, "N": 4}
    assert faults("flat.yaml", sizes)[0][:2] == ("expect-mismatch", "11:23")


@pytest.mark.parametrize("name", ["lenet5", "siamese", "t5", "unet", "wavenet", "wide_and_deep"])
def test_costs_are_for_one_example_whatever_the_batch(name: str) -> None:
    open, *fixed = (specc.load(name, sizes=sizes) for sizes in ({}, {"N": 1}, {"N": 4}))
    for each in fixed:
        assert (each.flops, each.parameters) == (open.flops, open.parameters)


# Faults


@pytest.mark.parametrize(
    "size", [0, -3, 2**31, 2.0, True, "7", None, pytest.param(10**5000, id="huge")]
)
def test_a_size_is_an_integer_that_a_dim_can_be(size: object) -> None:
    ((code, place, message),) = faults("flat.yaml", {"h": size, "w": 1})
    assert (code, place) == ("invalid-size", "")
    assert "the size of `h` must be an integer from 1 to 2^31 - 1, received" in message


@pytest.mark.parametrize(
    ("name", "help"),
    [("H", "did you mean `h`?"), ("k", "there are `N`, `h`, `w`"), ("a\nb", "there are")],
)
def test_a_symbol_that_no_input_has(name: str, help: str) -> None:
    ((code, place, message),) = faults("flat.yaml", {name: 7, "w": 1})
    assert (code, place) == ("unknown-symbol", "5:1")
    assert help in message
    assert "\n" not in message


def test_a_spec_without_symbols_says_so() -> None:
    Path("flat.yaml").write_text(FLAT.replace("N, 8*h, 8*w", "2, 8, 8"), "utf-8")
    found = faults("flat.yaml", {"h": 7})
    assert found[0] == ("unknown-symbol", "5:1", "no input has the symbol `h`; there are none")


@pytest.mark.parametrize(
    ("dim", "message"),
    [
        ("h - 4", "a dim must be at least 1, received -1 with h=3; give other sizes"),
        ("8//(h - 3)", "a size is divided by zero with h=3; give other sizes"),
        ("1000000000*h", "a dim must be below 2^31, received 3000000000 with h=3"),
        ("w//(h*N - 6)", "a size is divided by zero with h=3, N=2"),
    ],
)
def test_a_dim_that_is_none_at_the_sizes_is_named(dim: str, message: str) -> None:
    Path("flat.yaml").write_text(FLAT.replace("8*h", dim), "utf-8")
    ((code, place, found),) = faults("flat.yaml", {"h": 3, "N": 2})
    assert (code, place) == ("invalid-tensor-type", "5:29")
    assert message in found


def test_a_dim_beyond_the_arithmetic_is_named() -> None:
    power = "*".join(["h"] * 16)
    Path("flat.yaml").write_text(FLAT.replace("8*h", f"w*w//({power} - N)"), "utf-8")
    ((code, place, message),) = faults("flat.yaml", {"h": 2**20})
    assert (code, place) == ("invalid-tensor-type", "5:29")
    assert "with h=1048576" in message


def test_faults_of_layers_say_the_sizes() -> None:
    spec = FLAT.replace("- Flatten", '- Flatten\n  - Dense: "${image.height - 8}"')
    Path("flat.yaml").write_text(spec.replace("kernel_size: 7", "kernel_size: 9"), "utf-8")
    assert [each[:2] for each in faults("flat.yaml", {"h": 1, "w": 2})] == [
        ("kernel-too-large", "7:5"),
        ("invalid-parameter", "9:12"),
    ]
    window, units = (message for *_, message in faults("flat.yaml", {"h": 1, "w": 2}))
    assert "image gives float32[N, 8, 16, 3]" in window
    assert units.endswith("with h=1, w=2")
    assert "with" not in window


# What a file says of itself


@pytest.mark.parametrize(
    ("spec", "sizes"),
    [
        ("flat.yaml@wide", {"h": 2, "w": 1}),
        ("flat.yaml", {"h": 2, "w": 1, "N": 3}),
        ("net.yaml", {"T": 6}),
        ("net.yaml", {"N": 1}),
        ("fpn", {"h": 1, "w": 2, "N": 1}),
    ],
)
def test_a_file_says_the_spec_with_its_sizes(spec: str, sizes: dict[str, int]) -> None:
    network = specc.load(spec, sizes=sizes)
    network.to_onnx("m.onnx")
    said = {each.key: each.value for each in onnx.load("m.onnx").metadata_props}
    assert said["spec_sha256"] == hashlib.sha256(said["spec"].encode()).hexdigest()
    Path("said.yaml").write_text(said["spec"], "utf-8")
    again = specc.load("said.yaml")
    assert str(again.graph) == str(network.graph)
    again.to_onnx("again.onnx")
    assert Path("again.onnx").read_bytes() == Path("m.onnx").read_bytes()


# ONNX


SMALL_T5 = {"vocabulary": 50, "width": 16, "depth": 2, "heads": 2, "key_dim": 8, "units": 16}


@pytest.mark.parametrize(
    ("spec", "params", "sizes"),
    [
        ("bert@tiny", {}, {"N": 2, "T": 5}),
        ("crnn", {}, {"N": 1, "w": 6}),
        ("deeplab_v3", {}, {"N": 1}),
        ("fpn", {}, {"N": 3, "h": 2, "w": 1}),
        ("pointnet", {}, {"N": 2, "P": 33}),
        ("t5", SMALL_T5, {"N": 1, "S": 5, "T": 4}),
        ("tagger", {}, {"N": 2, "T": 7}),
        ("unet", {}, {"N": 1, "h": 2, "w": 3}),
        ("wavenet", {}, {"N": 1, "T": 40}),
    ],
)
def test_a_file_of_fixed_sizes_gives_what_the_open_one_gives(
    spec: str, params: dict[str, Any], sizes: dict[str, int]
) -> None:
    open, fixed = (specc.load(spec, params=params, sizes=each) for each in ({}, sizes))
    weights = varied_weights(open.graph.weights)
    made = fixed.to_onnx(None, weights, io_layout="channels_last")
    graph = onnx.load_from_string(made).graph
    edges = (*graph.input, *graph.value_info, *graph.output)
    dims = [dim for edge in edges for dim in edge.type.tensor_type.shape.dim]
    assert all(dim.HasField("dim_value") for dim in dims)
    inputs = random_inputs(fixed.graph, {})
    expected, found = (
        InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, dict(inputs))
        for model in (open.to_onnx(None, weights, io_layout="channels_last"), made)
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert compare(ours, theirs, Tolerance()).agrees


# Commands


SIZES = ("--size", "h=2", "--size", "w=1", "--size", "N=1")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("check",), "flat.yaml: ok, 3 layers, 835 parameters\n"),
        (("summary",), "1, 10, 2, 4"),
        (("expand",), "input image: float32[1, 16, 8, 3]"),
        (("graph", "--format", "dot"), "16"),
        (("build", "--backend", "keras"), "16, 8, 3)"),
        (("init", "-o", "w.safetensors"), "wrote w.safetensors"),
        (("export", "-o", "m.onnx"), "checked: "),
        (("verify", "--backends", "onnx,pytorch"), "ok"),
    ],
)
def test_commands_take_sizes(command: tuple[str, ...], told: str) -> None:
    name, *more = command
    assert "error[unknown-size]" in run(1, name, "flat.yaml", *more)
    assert told in run(0, name, "flat.yaml", *more, *SIZES)


def test_check_finds_what_does_not_work_at_a_size() -> None:
    assert "flat.yaml: ok" in run(0, "check", "flat.yaml", *SIZES, "--all-variants")
    Path("flat.yaml").write_text(FLAT.replace("kernel_size: 7", "kernel_size: 9"), "utf-8")
    found = run(1, "check", "flat.yaml", *SIZES)
    assert "error[kernel-too-large]" in found
    assert "--> flat.yaml:7:5" in found


@pytest.mark.parametrize("size", ["h", "h=", "=3", "h=1.5", "h=0", "h=-1", "h=9999999999", "h=1٣"])
def test_a_size_that_is_no_name_and_number_is_a_wrong_command_line(size: str) -> None:
    assert "Invalid value for --size" in run(2, "check", "flat.yaml", "--size", size)


def test_a_symbol_has_one_size() -> None:
    found = run(2, "check", "flat.yaml", "--size", "h=3", "--size", "h=3")
    assert "Invalid value for --size" in found
    assert parse_sizes(["h=3", "a=b=4"]) == {"h": 3, "a=b": 4}


# What reads such a file


PICTURES = """\
specc: 1
inputs: {image: "float32[N, 8*h, 8, 3]"}
layers: [{Conv2D: {filters: 4, kernel_size: 3}}, GlobalAveragePooling2D, {Dense: 5}]
"""


def predicted(model: str, images: Any) -> list[tuple[str, list[tuple[int, float]]]]:
    found = specc.Predictor(model)(images)
    return [
        (each.input, [(one.index, round(one.value, 5)) for one in each.scores]) for each in found
    ]


@pytest.mark.parametrize("batch", [1, 4])
def test_a_file_of_a_fixed_batch_predicts_any_number_of_pictures(batch: int) -> None:
    Path("pictures.yaml").write_text(PICTURES, "utf-8")
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 8, 3), np.uint8)
    run(0, "export", "pictures.yaml", "-o", "open.onnx")
    for name, sizes in ("batch", [f"N={batch}"]), ("all", [f"N={batch}", "h=2"]):
        more = [word for size in sizes for word in ("--size", size)]
        run(0, "export", "pictures.yaml", "-o", f"{name}.onnx", *more)
        for count in (1, 3, 4, 6):
            expected = predicted("open.onnx", images[:count])
            assert len(expected) == count
            assert predicted(f"{name}.onnx", images[:count]) == expected


def test_a_file_of_a_fixed_batch_is_measured_at_that() -> None:
    run(0, "export", "flat.yaml", "-o", "m.onnx", *SIZES)
    few = ("--runs", "3", "--threads", "1")
    (measured,) = json.loads(run(0, "bench", "m.onnx", *few, "--json"))["measurements"]
    assert measured["batch"] == 1
    assert "the model's batch is fixed to 1" in run(1, "bench", "m.onnx", *few, "--batch", "2")
    found = run(1, "bench", "m.onnx", *few, "--size", "N=1")
    assert "there are none besides the batch" in found


def test_backends_agree_where_some_sizes_are_fixed() -> None:
    network = specc.load("net.yaml", sizes={"N": 3})
    found = network.verify(backends=["onnx", "pytorch"])
    assert found.agrees
    assert [each.sizes.keys() for each in found.comparisons] == [{"T"}, {"T"}]


def test_an_onnx_model_has_its_sizes() -> None:
    found = run(2, "view", "m.onnx", "--size", "N=1")
    assert "an ONNX model is taken as it is" in found
