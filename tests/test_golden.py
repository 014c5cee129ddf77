"""The emitted source is product: the zoo's is kept as it is read, and all is as ruff writes it.

`pytest tests/test_golden.py --update-golden` writes the golden files anew; the difference is then
read like any other change. They run where specc cannot be imported, as they do at a user's.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import all_samples, sample_graph
from structures import STRUCTURES, structure
from zoo import network

import specc.zoo
from specc.backend import load_backend, load_model_backend
from specc.backends.pytorch.emitted import helper_sources, helpers
from specc.ir import Graph
from specc.layer import LAYERS, Sample
from specc.passes.layout import IoLayout
from specc.verification import random_inputs
from specc.weights import initial_weights, save_weights

GOLDEN = Path(__file__).parent / "golden"
RUN_ALONE = Path(__file__).parent / "run_alone.py"
BACKENDS = ("pytorch", "keras")
SMALL = ("dense_digits", "digits_cnn", "fashion_mlp", "happy_house", "signs")
"""Networks that also compute where specc is not."""

LAYOUTS: tuple[IoLayout, ...] = ("channels_first", "channels_last")
"""Of which one is that of the backend where nothing else is said."""

every_backend = pytest.mark.parametrize("backend", BACKENDS)


def source(graph: Graph, backend: str, io_layout: IoLayout | None = None) -> str:
    text = load_backend(backend).compile(graph, None, io_layout)
    assert isinstance(text, str)
    return text


@every_backend
@pytest.mark.parametrize("name", specc.zoo.names())
def test_the_source_of_the_zoo(name: str, backend: str, update_golden: bool) -> None:
    file = GOLDEN / backend / f"{name}.py"
    received = source(network(name), backend)
    if update_golden:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(received, "utf-8")
    assert received == file.read_text("utf-8"), "if this is meant, run pytest with --update-golden"


@every_backend
def test_every_golden_file_is_of_the_zoo(backend: str) -> None:
    expected = {f"{name}.py" for name in specc.zoo.names()}
    assert {file.name for file in (GOLDEN / backend).iterdir()} == expected


# Format


def write_all(folder: Path, backend: str) -> None:
    """The source of the zoo, of all samples and of all structures, in both layouts of images."""
    graphs = {name: network(name) for name in specc.zoo.names()}
    for index, case in enumerate(all_samples()):
        graphs[f"sample_{index}_{case.values[0].__name__}"] = sample_graph(*case.values)
    for name in STRUCTURES:
        graphs[f"structure_{name}"] = structure(name, folder)
    for name, graph in graphs.items():
        for io_layout in LAYOUTS:
            text = source(graph, backend, io_layout)
            (folder / f"{name}_{io_layout}.py").write_text(text, "utf-8")


def ruff(*arguments: str) -> str:
    """What ruff complains about with its own settings, or an empty text."""
    command = [sys.executable, "-m", "ruff", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


@every_backend
def test_all_source_is_as_ruff_formats_and_checks_it(backend: str, tmp_path: Path) -> None:
    write_all(tmp_path, backend)
    shared = ("--isolated", "--no-cache", str(tmp_path))
    assert ruff("format", "--diff", *shared) == ""
    assert ruff("check", "--extend-select", "I,UP", *shared) == ""


@every_backend
def test_helpers_are_at_the_width_of_emitted_source(backend: str) -> None:
    """They are read as text: all of them, whether a sample needs them or not."""
    folder = Path(__file__).parents[1] / "backends" / backend / "helpers"
    assert ruff("format", "--diff", "--isolated", "--no-cache", str(folder)) == ""


def test_each_helper_of_pytorch_stands_after_what_it_needs() -> None:
    known = helpers()
    received = list(helper_sources(reversed(known)))
    places = {name: received.index(helper.source) for name, helper in known.items()}
    assert len(received) == len(known)
    for name, helper in known.items():
        assert all(places[need] < places[name] for need in helper.needs), name


# Descriptions

DESCRIPTIONS = [
    'ends in a quote"',
    '"starts with one',
    '"',
    '"""',
    '""""""""',
    "'''\nimport os\n'''",
    '"""\nimport os\nos.abort()\n"""',
    '""" + __import__("os") + """',
    '\\"""; import os',
    "ends in a backslash\\",
    "\\" * 300,
    "\\N{no such} \\u12 \\x",
    "two\n\nparagraphs\n\n\n\nor three",
    "a\ttab, a\rreturn, a\x0bvertical one",
    "a\x1b[31mred\u202e\u2028\x85 \x0c\tb",
    "${import os} {braces} %s",
    " \n \n ",
    "word " * 60,
    "w" * 5000,
    "語" * 500,
]


@every_backend
@pytest.mark.parametrize("text", DESCRIPTIONS)
def test_a_description_stays_in_its_docstring(text: str, backend: str) -> None:
    graph = sample_graph(LAYERS["ReLU"], Sample({}, ("float32[N, 3]",), ()))
    plain, written = source(graph, backend), source(replace(graph, description=text), backend)
    expected, received = ast.parse(plain), ast.parse(written)
    assert ast.get_docstring(received)
    assert [ast.dump(node) for node in received.body[1:]] == [
        ast.dump(node) for node in expected.body[1:]
    ]
    assert all(character.isprintable() or character == "\n" for character in written)


# Where specc is not


@every_backend
def test_the_source_runs_where_specc_is_not(backend: str, tmp_path: Path) -> None:
    """Every file is executed, the small networks are made and compute: see run_alone.py."""
    files = {name: str(GOLDEN / backend / f"{name}.py") for name in specc.zoo.names()}
    jobs = [{"id": name, "file": file, "computes": name in SMALL} for name, file in files.items()]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    for name in SMALL:
        graph = network(name)
        save_weights(tmp_path / f"{name}.safetensors", initial_weights(graph.weights))
        (array,) = random_inputs(graph, {"N": 3}).values()
        order = (0, 3, 1, 2) if backend == "pytorch" and array.ndim == 4 else range(array.ndim)
        np.save(tmp_path / f"{name}.npy", array.transpose(*order))
    command = [sys.executable, "-I", str(RUN_ALONE), backend, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    for name in SMALL:
        compare(backend, name, tmp_path)


@every_backend
def test_the_source_imports_on_top(backend: str) -> None:
    """So that executing a file is all it takes to see what it imports."""
    for file in (GOLDEN / backend).iterdir():
        tree = ast.parse(file.read_text("utf-8"))
        imports = (x for x in ast.walk(tree) if isinstance(x, ast.Import | ast.ImportFrom))
        assert {*imports} <= {*tree.body}, file


def compare(backend: str, name: str, folder: Path) -> None:
    """What a golden file computed alone, with the file of weights if its framework can read it."""
    graph = network(name)
    received = np.load(folder / f"{name}.out.npy")
    assert np.isfinite(received).all()
    if backend == "pytorch":
        weights, inputs = initial_weights(graph.weights), random_inputs(graph, {"N": 3})
        (expected,) = load_model_backend(backend).run(graph, weights, inputs).values()
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)
