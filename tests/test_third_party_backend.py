"""A whole backend of a third party: a distribution of its own, built, installed and used.

It emits numpy source for two layers. specc knows nothing of it but its entry point: the wheel is
unpacked into a folder on the path of another process, as pip would have done.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "specc-numpy"
version = "0.1"
dependencies = ["numpy", "specc"]

[project.entry-points."specc.backends"]
numpy = "specc_numpy:BACKEND"
cupy = "specc_numpy.cupy:BACKEND"

[tool.setuptools]
packages = ["specc_numpy"]
"""

BACKEND = '''\
"""specc's networks as functions of numpy, channels last as in the spec."""

from specc_numpy.source import LOWERINGS, source


class NumpyBackend:
    name = "numpy"
    suffix = ".py"

    def compile(self, graph, weights, io_layout):
        return source(graph)

    def runner(self, graph, weights):
        namespace = {}
        exec(source(graph), namespace)
        return lambda inputs: namespace["network"](weights, **inputs)


BACKEND = NumpyBackend()
'''

SOURCE = '''\
from specc.backend import Lowerings

LOWERINGS = Lowerings("numpy", "specc_numpy")


def variable(value):
    return value.name.replace(".", "_")


def source(graph):
    """One line for each layer: `dense = x @ weights['dense.weight'].T`."""
    lines = ["import numpy as np", "", ""]
    lines += [f"def network(weights, {', '.join(graph.inputs)}):"]
    for node in graph.nodes:
        lower = LOWERINGS.find(node)
        arguments = map(variable, node.inputs)
        lines += [f"    {variable(node.outputs[0])} = {lower(node, *arguments)}"]
    outputs = [f"{name!r}: {variable(value)}" for name, value in graph.outputs.items()]
    return "\\n".join([*lines, f"    return {{{', '.join(outputs)}}}", ""])
'''

# A file a family, named as in specc.layers: it is imported when one of its layers is lowered.
CORE = """\
from specc_numpy.source import LOWERINGS


@LOWERINGS.add("Dense")
def dense(node, x):
    product = f"{x} @ weights[{node.owner + '.weight'!r}].T"
    return f"{product} + weights[{node.owner + '.bias'!r}]" if node.layer.use_bias else product
"""

ACTIVATION = """\
from specc_numpy.source import LOWERINGS


@LOWERINGS.add("ReLU")
def relu(node, x):
    return f"np.maximum({x}, 0)"
"""

NEEDS_A_PACKAGE = "import cupy_that_nobody_has\n"

SPEC = """\
specc: 1
inputs: {x: "float32[N, 4]"}
layers:
  - repeat: 2
    name: hidden
    layers: [{Dense: {units: 8, use_bias: false}}, ReLU]
  - Dense: 3
    name: logits
"""

EMITTED = """\
import numpy as np


def network(weights, x):
    hidden_0_dense = x @ weights['hidden.0.dense.weight'].T
    hidden_0_re_lu = np.maximum(hidden_0_dense, 0)
    hidden_1_dense = hidden_0_re_lu @ weights['hidden.1.dense.weight'].T
    hidden_1_re_lu = np.maximum(hidden_1_dense, 0)
    logits = hidden_1_re_lu @ weights['logits.weight'].T + weights['logits.bias']
    return {'logits': logits}
"""

Specc = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the distribution in it."""
    project, site = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("site")
    package = project / "specc_numpy"
    package.mkdir()
    (project / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    for name, text in {
        "__init__": BACKEND,
        "source": SOURCE,
        "core": CORE,
        "activation": ACTIVATION,
        "cupy": NEEDS_A_PACKAGE,
    }.items():
        (package / f"{name}.py").write_text(text, "utf-8")
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=project, check=True, capture_output=True)
    (wheel,) = project.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


@pytest.fixture
def python(site: Path, tmp_path: Path) -> Specc:
    """Runs Python where the distribution is installed, in a folder with `net.yaml`."""
    (tmp_path / "net.yaml").write_text(SPEC, "utf-8")
    environment = os.environ | {"PYTHONPATH": str(site)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def specc(python: Specc) -> Specc:
    """Runs a command of specc there."""
    return lambda *arguments: python("-m", "specc.cli", *arguments)


def test_it_has_a_name(python: Specc) -> None:
    names = "from specc.backend import backend_names; print(*backend_names())"
    assert python("-c", names).stdout.split() == ["cupy", "keras", "numpy", "onnx", "pytorch"]


def test_build_writes_its_source(specc: Specc) -> None:
    result = specc("build", "net.yaml", "--backend", "numpy")
    assert (result.stdout, result.stderr, result.returncode) == (EMITTED, "", 0)


def test_verify_compares_it(specc: Specc) -> None:
    result = specc("verify", "net.yaml", "--backends", "numpy,onnx")
    assert result.returncode == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.startswith("backends")
    assert len(rows) == 2
    for row in rows:
        assert row.startswith("numpy / onnx")
        assert row.endswith("ok")


def test_verify_finds_its_fault(specc: Specc, site: Path) -> None:
    lowering = site / "specc_numpy" / "activation.py"
    lowering.write_text(ACTIVATION.replace("{x}, 0", "{x}, 0.5"), "utf-8")
    result = specc("verify", "net.yaml", "--backends", "numpy,onnx")
    lowering.write_text(ACTIVATION, "utf-8")
    assert result.returncode == 1
    assert "error[verification-failed]" in result.stderr
    assert "first at hidden.0.re_lu (ReLU)" in result.stderr


def test_a_layer_it_does_not_lower_is_its_own_fault(specc: Specc, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC + "  - Softmax\n", "utf-8")
    assert specc("check", "net.yaml").returncode == 0
    assert specc("build", "net.yaml", "--backend", "onnx", "-o", "net.onnx").returncode == 0
    result = specc("build", "net.yaml", "--backend", "numpy")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "error[unsupported-layer]: the numpy backend has no lowering for Softmax\n"
        " --> net.yaml:9:5\n"
    )


def test_a_backend_whose_package_is_missing(specc: Specc) -> None:
    result = specc("build", "net.yaml", "--backend", "cupy")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "error[missing-package]: `cupy_that_nobody_has` is not installed\n"
        "help: the backend `cupy` needs it: see `specc-numpy`, which brings it\n"
    )


def test_a_name_near_its_own(specc: Specc) -> None:
    result = specc("build", "net.yaml", "--backend", "nunpy")
    assert result.returncode == 1
    assert "error[unknown-backend]" in result.stderr
    assert "did you mean `numpy`?" in result.stderr
