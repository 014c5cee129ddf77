"""A layer from a user's own code: a class, and a lowering for each backend, imported before `load`.

It has weights, a parameter and several operations in each backend. Another process runs it, so that
the other tests do not find it among the layers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = '''\
"""A gate that a tensor opens for itself: `x · sigmoid(temperature · (x @ Wᵀ + b))`."""

from collections.abc import Mapping

from pydantic import Field

from specc.backends.keras.site import LOWERINGS as KERAS
from specc.backends.onnx.graph import LOWERINGS as ONNX
from specc.backends.pytorch.site import LOWERINGS as PYTORCH
from specc.emit.code import Literal, argument, call, join, text
from specc.initializers import GlorotUniform, Zeros
from specc.layer import Layer, WeightDecl
from specc.shapes import require_constant, require_float
from specc.tensor import TensorType


class SelfGate(Layer):
    """`x · sigmoid(temperature · (x @ Wᵀ + b))`, over the last axis."""

    primary = "temperature"

    temperature: float = Field(1.0, gt=0, description="How sharply the gate opens.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = require_constant(inputs[0].channels, "the channels")
        shape = (channels, channels)
        kernel = WeightDecl(shape, GlorotUniform(), shape, keras_order=(1, 0))
        return {"weight": kernel, "bias": WeightDecl.as_in_keras((channels,), Zeros())}

    def flops(self, *inputs: TensorType):
        (x,) = inputs
        return x.elements * (2 * x.channels + 4)


@PYTORCH.add("SelfGate")
def in_pytorch(layer, site):
    channels = site.node.inputs[0].type.channels
    linear = site.module(
        "nn.Linear", argument(channels, hint="in_features"), argument(channels, hint="out_features")
    )
    temperature = Literal(layer.temperature, "temperature")
    gate = call("torch.sigmoid", join(temperature, " * ", call(linear, site.x)))
    return join(site.x, " * ", gate)


@KERAS.add("SelfGate")
def in_keras(layer, site):
    channels = site.node.inputs[0].type.channels
    made = site.layer("layers.Dense", argument(channels, hint="units"))
    site.weight("weight", "kernel")
    site.weight("bias", "bias")
    scale = site.layer("layers.Rescaling", argument(layer.temperature, hint="scale"), part="scale")
    sigmoid = site.layer("layers.Activation", text("sigmoid"), part="sigmoid")
    gate = call(sigmoid, call(scale, call(made, site.x)))
    return call(site.layer("layers.Multiply", part="gate"), join("[", site.x, ", ", gate, "]"))


@ONNX.add("SelfGate")
def in_onnx(build, x):
    kernel, bias = build.weights()
    product = build.op("MatMul", x, build.transpose(kernel, (1, 0), suffix="kernel"), type=x.type)
    temperature = build.scalar(build.layer.temperature, x)
    scaled = build.op("Mul", build.op("Add", product, bias), temperature)
    return build.op("Mul", x, build.op("Sigmoid", scaled))
'''

SPEC = """\
specc: 1
name: gated
inputs: {x: "float32[N, T, 4]"}
blocks:
  unit:
    params: {temperature: 1.0}
    layers:
      - Dense: 6
      - SelfGate: "${temperature}"
layers:
  - unit
  - unit: {temperature: 2.5}
    name: last
"""

USE = """\
import specc
import self_gate

net = specc.load("net.yaml")
print(net.parameters, [str(type) for type in net.outputs.values()])
print(*net.graph.weights)
module, model = net.to_pytorch(seed=1), net.to_keras(seed=1)
print(sorted(module.state_dict()) == sorted(net.graph.weights))
net.save_weights(model, "w.safetensors")
print(net.verify("w.safetensors").agrees)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "self_gate.py").write_text(PLUGIN, "utf-8")
    (tmp_path / "net.yaml").write_text(SPEC, "utf-8")
    return tmp_path


def test_a_layer_of_the_users_own_works_in_every_backend(folder: Path) -> None:
    result = run(folder, "-c", USE)
    assert result.returncode == 0, result.stderr
    counts, keys, same, agrees = result.stdout.splitlines()
    parameters = (4 * 6 + 6) + (6 * 6 + 6) + 2 * (6 * 6 + 6)
    assert counts == f"{parameters} ['float32[N, T, 6]']"
    assert "last.self_gate.weight last.self_gate.bias" in keys
    assert (same, agrees) == ("True", "True")


def test_a_layer_that_nobody_imported_is_unknown(folder: Path) -> None:
    result = run(folder, "-m", "specc.cli", "check", "net.yaml")
    assert result.returncode == 1
    assert "error[unknown-layer]: there is no layer `SelfGate`" in result.stdout


def test_its_parameters_are_checked_as_those_of_any_layer(folder: Path) -> None:
    (folder / "net.yaml").write_text(SPEC.replace("2.5", "-1.0"), "utf-8")
    result = run(folder, "-c", "import self_gate, specc; specc.load('net.yaml')")
    assert "error[invalid-parameter]" in result.stderr
    assert "SelfGate `temperature`: expected a number greater than 0, received -1" in result.stderr


def test_the_command_line_takes_it_as_a_file_or_a_module(folder: Path) -> None:
    for name in ("self_gate.py", str(folder / "self_gate.py")):
        result = run(folder, "-m", "specc.cli", "check", "net.yaml", "--plugin", name)
        assert result.returncode == 0, result.stdout
    listed = run(folder, "-m", "specc.cli", "layers", "--plugin", "self_gate")
    assert "self_gate\n  SelfGate  " in listed.stdout, listed.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n\n1 / 0\n", "(line 3): ZeroDivisionError: division by zero"),
        ("class :\n", "SyntaxError"),
        ("from specc.layer import Layer\nclass Dense(Layer):\n    pass\n", "a layer Dense already"),
        (None, "FileNotFoundError"),
    ],
)
def test_a_plugin_that_fails_is_a_fault(folder: Path, text: str | None, said: str) -> None:
    if text is not None:
        (folder / "bad.py").write_text(text, "utf-8")
    result = run(folder, "-m", "specc.cli", "check", "net.yaml", "--plugin", "bad.py")
    assert result.returncode == 1
    assert "error[plugin-failed]" in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
