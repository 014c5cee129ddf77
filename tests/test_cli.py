"""Every command: what it prints, what it writes and how it exits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import specc
from specc import verification
from specc.cli.app import app
from specc.codes import CODES
from specc.inference.pictures import rescales_input
from specc.layer import LAYERS

SPEC = """\
specc: 1
name: tiny
params: {units: 3, sizes: [3, 4], label: a, rate: 0.5}
variants: {wide: {units: 5}, broken: {unit: 5}}
inputs: {x: "float32[N, 4]"}
layers:
  - for: {size: "${sizes}"}
    name: body
    layers: [{Dense: "${size}"}]
  - Dense: "${units}"
    name: y
outputs: [y]
expect: {parameters: 46}
"""

PICTURES = """\
specc: 1
name: pictures
inputs: {image: "float32[N, 6, 8, 3]"}
layers:
  - Conv2D: {filters: 2, kernel_size: 3, padding: same}
  - GlobalAveragePooling2D
  - Dense: 5
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with some specs."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(SPEC.replace(", broken: {unit: 5}", ""), "utf-8")
    Path("broken.yaml").write_text(SPEC, "utf-8")
    Path("pictures.yaml").write_text(PICTURES, "utf-8")
    return tmp_path


def run(*arguments: str) -> Any:
    """The command in this process; an exception that it lets out is raised here."""
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def succeed(*arguments: str) -> str:
    """What the command prints; it must exit with 0."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def fail(status: int, *arguments: str) -> str:
    """What the command writes to stderr; it must exit with `status`."""
    result = run(*arguments)
    assert result.exit_code == status, result.output
    return result.stderr


# check


def test_check_says_what_is_ok() -> None:
    assert succeed("check", "tiny.yaml") == "tiny.yaml: ok, 3 layers, 46 parameters\n"
    assert succeed("check", "dense_digits") == "dense_digits: ok, 3 layers, 55,050 parameters\n"
    assert succeed("check", "tiny.yaml@wide") == "tiny.yaml@wide: ok, 3 layers, 56 parameters\n"


def test_check_finds_the_faults_of_all_specs() -> None:
    Path("other.yaml").write_text(SPEC.replace('Dense: "${units}"', "Dens: 3"), "utf-8")
    result = run("check", "broken.yaml", "tiny.yaml", "other.yaml", "missing.yaml", "nozoo")
    assert result.exit_code == 1
    assert "tiny.yaml: ok" in result.stdout
    assert "--> broken.yaml:4:" in result.stdout
    assert "--> other.yaml:" in result.stdout
    assert "unknown-layer" in result.stdout
    assert result.stdout.count("error[file-not-found]") == 2
    assert "broken.yaml: ok" not in result.stdout
    assert "\x1b" not in result.stdout


def test_check_of_all_variants() -> None:
    lines = succeed("check", "tiny.yaml", "--all-variants").splitlines()
    assert [line.partition(":")[0] for line in lines] == ["tiny.yaml", "tiny.yaml@wide"]
    names = succeed("check", "densenet", "--all-variants")
    assert "densenet@densenet201: ok" in names


def test_check_of_all_variants_fails_if_one_does() -> None:
    spec = SPEC.replace("units: 3", "units: -3").replace("wide: {units: 5}", "wide: {units: 0}")
    Path("bad.yaml").write_text(spec.replace(", broken: {unit: 5}", ""), "utf-8")
    assert run("check", "--all-variants", "bad.yaml").exit_code == 1


def test_check_with_params_skips_expect() -> None:
    found = succeed("check", "tiny.yaml", "--set", "units=7")
    assert "66 parameters, `expect` skipped" in found


def test_check_says_in_json_whose_expectations_it_skipped() -> None:
    for more, skipped in ((), []), (("--set", "label=b"), ["tiny.yaml"]):
        found = json.loads(succeed("check", "tiny.yaml", "--format", "json", *more))
        assert found["expect_skipped"] == skipped


@pytest.mark.parametrize(
    ("output_format", "start"),
    [
        ("text", "error[unknown-param]: "),
        ("concise", "broken.yaml:4:"),
        ("github", "::error file=broken.yaml,"),
    ],
)
def test_check_formats(output_format: str, start: str) -> None:
    result = run("check", "broken.yaml", "--format", output_format)
    assert result.exit_code == 1
    assert result.stdout.startswith(start)


def test_check_formats_for_programs() -> None:
    found = json.loads(run("check", "broken.yaml", "tiny.yaml", "--format", "json").stdout)
    assert (found["errors"], found["diagnostics"][0]["file"]) == (1, "broken.yaml")
    assert json.loads(succeed("check", "tiny.yaml", "--format", "json"))["errors"] == 0
    log = json.loads(run("check", "broken.yaml", "--format", "sarif").stdout)
    assert log["runs"][0]["results"][0]["ruleId"] == "unknown-param"
    assert succeed("check", "tiny.yaml", "--format", "concise") == ""


def test_check_colours_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from specc.cli import checking, console

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert console.wants_color(Terminal())  # type: ignore[arg-type]
    monkeypatch.setattr(checking, "wants_color", lambda _: True)
    assert "\x1b[" in CliRunner().invoke(app, ["check", "broken.yaml"], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.wants_color(Terminal())  # type: ignore[arg-type]


# --set


@pytest.mark.parametrize(
    ("setting", "parameters"),
    [
        ("units=7", 66),
        ("sizes=[6,12]", 30 + 84 + 39),
        ("sizes=[]", 15),
        ("label=some text", 46),
        ("rate=1", 46),
    ],
)
def test_set_takes_yaml(setting: str, parameters: int) -> None:
    assert f", {parameters} parameters" in succeed("check", "tiny.yaml", "--set", setting)


def test_set_repeats_and_the_last_wins() -> None:
    arguments = ["--set", "units=1", "--set", "sizes=[3]", "--set", "units=2"]
    assert ", 23 parameters" in succeed("check", "tiny.yaml", *arguments)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("unit=3", "unknown-param"),
        ("units=three", "param-type"),
        ("units=3.5", "param-type"),
        ("units=", "param-type"),
        ("sizes=3", "param-type"),
        ("rate=true", "param-type"),
        ("sizes=[3", "yaml-syntax"),
        ("units=!!int 3", "yaml-tag"),
        ("units=0", "invalid-parameter"),
    ],
)
def test_set_refuses(setting: str, code: str) -> None:
    for command in ("check", "summary"):
        result = run(command, "tiny.yaml", "--set", setting)
        assert result.exit_code == 1
        assert f"error[{code}]" in result.output


def test_a_wrong_value_is_a_value_given() -> None:
    required = SPEC.replace("units: 3", "units: int").replace(", broken: {unit: 5}", "")
    Path("required.yaml").write_text(required, "utf-8")
    output = run("check", "required.yaml", "--set", "units=2.0").output
    assert output.count("error[") == 1
    assert "error[param-type]: `units` must be an integer, received 2.0" in output


@pytest.mark.parametrize("setting", ["units", "=3", "a b=3", "units=3\nsizes: [3]"])
def test_set_needs_a_name_and_one_value(setting: str) -> None:
    assert "--set" in fail(2, "check", "tiny.yaml", "--set", setting)


# summary, expand


def test_summary() -> None:
    text = succeed("summary", "tiny.yaml")
    assert "body.1 (Dense)" in text
    assert "Total params: 46 (184.00 B)" in text
    assert "body (loop)" in succeed("summary", "tiny.yaml", "--depth", "0")


def test_summary_as_json() -> None:
    found = json.loads(succeed("summary", "tiny.yaml@wide", "--json"))
    assert (found["parameters"], found["trainable_parameters"]) == (56, 56)
    assert found["layers"][-1] == {
        "name": "y",
        "type": "Dense",
        "inputs": ["body.1"],
        "output_shape": [None, 5],
        "parameters": 25,
        "flops": 45,
    }


def test_an_empty_name_is_the_folder_one_is_in() -> None:
    assert "the folder of a run; . has no run.json" in fail(1, "summary", "")


def test_expand() -> None:
    lines = succeed("expand", "tiny.yaml", "--set", "sizes=[9]").splitlines()
    assert lines[0] == "graph tiny"
    assert "body.0 = Dense(units=9" in lines[3]


@pytest.mark.parametrize(
    "command", ["summary", "expand", "init", "export", "verify", "graph", "view", "build"]
)
def test_a_faulty_spec_exits_with_1(command: str) -> None:
    more = {"init": ["-o", "w"], "export": ["-o", "m"], "build": ["--backend", "pytorch"]}
    found = fail(1, command, "broken.yaml", *more.get(command, []))
    assert found.startswith("error[unknown-param]")
    assert not Path("w").exists()
    assert not Path("m").exists()


# build, init, export


@pytest.mark.parametrize("backend", ["pytorch", "keras"])
def test_build_prints_source_or_writes_it(backend: str) -> None:
    text = succeed("build", "tiny.yaml", "--backend", backend)
    compile(text, "model.py", "exec")
    assert succeed("build", "tiny.yaml", "--backend", backend, "-o", "model.py") == ""
    assert Path("model.py").read_text("utf-8") == text
    assert succeed("build", "tiny.yaml", "--backend", backend, "-o", "-") == text


def test_build_refuses_what_it_cannot_write() -> None:
    assert "unknown-backend" in fail(1, "build", "tiny.yaml", "--backend", "pytorsh")
    assert "unwritable" in fail(1, "build", "tiny.yaml", "--backend", "onnx", "-o", "no/m.onnx")
    assert "--backend" in fail(2, "build", "tiny.yaml")


def test_init_and_export() -> None:
    assert (
        "wrote w.safetensors"
        in run("init", "tiny.yaml", "--seed", "3", "-o", "w.safetensors").stderr
    )
    succeed("export", "tiny.yaml", "-o", "file.onnx", "--weights", "w.safetensors")
    succeed("export", "tiny.yaml", "-o", "seed.onnx", "--seed", "3")
    succeed("export", "tiny.yaml", "-o", "other.onnx")
    assert Path("file.onnx").read_bytes() == Path("seed.onnx").read_bytes()
    assert Path("file.onnx").read_bytes() != Path("other.onnx").read_bytes()
    assert sorted(path.name for path in Path().glob("*onnx*")) == [
        "file.onnx",
        "other.onnx",
        "seed.onnx",
    ]


def test_export_with_softmax_and_layout() -> None:
    import onnx

    options = ["--softmax", "--io-layout", "channels_last"]
    succeed("export", "pictures.yaml", "-o", "m.onnx", *options)
    graph = onnx.load("m.onnx").graph
    assert [output.name for output in graph.output] == ["softmax"]
    dims = graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims[1:]] == [6, 8, 3]


@pytest.mark.parametrize(
    ("command", "read"),
    [
        (("export", "tiny.yaml", "-o", "tiny.yaml"), "spec"),
        (("export", "tiny.yaml@wide", "-o", "./tiny.yaml"), "spec"),
        (("export", "tiny.yaml", "--weights", "w.st", "-o", "w.st"), "weights"),
        (("init", "tiny.yaml", "-o", "tiny.yaml"), "spec"),
        (("build", "tiny.yaml", "--backend", "pytorch", "-o", "tiny.yaml"), "spec"),
        (("graph", "tiny.yaml", "--format", "dot", "-o", "tiny.yaml"), "spec"),
        (("bench", "tiny.png", "-o", "tiny.png"), "model"),
    ],
)
def test_no_command_writes_over_what_it_reads(command: tuple[str, ...], read: str) -> None:
    succeed("init", "tiny.yaml", "-o", "w.st")
    shutil.copy("tiny.yaml", "tiny.png")
    before = {each.name: each.read_bytes() for each in Path().iterdir() if each.is_file()}
    found = fail(1, *command)
    assert f"error[unwritable]: cannot write {Path(command[-1])}: the {read} would be lost" in found
    assert {each.name: each.read_bytes() for each in Path().iterdir() if each.is_file()} == before


@pytest.mark.parametrize(
    ("command", "work"),
    [
        (("build", "tiny.yaml", "--backend", "pytorch"), "specc.backend.load_backend"),
        (("init", "tiny.yaml"), "specc.Network.initial_weights"),
        (("export", "tiny.yaml"), "specc.Network.to_onnx"),
        (("export", "tiny.yaml", "--precision", "int8"), "specc.Network.quantize"),
        (("graph", "tiny.yaml"), "specc.Network.draw"),
        (("bench", "tiny.yaml"), "specc.inference.benchmark.benchmark"),
        (("compare", "run", "run"), "specc.training.run.open_run"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(
    command: tuple[str, ...], work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, None)
    ending = ".png" if command[0] == "bench" else ".svg"
    Path(f"folder{ending}").mkdir()
    reasons = {"nowhere/file": "its folder does not exist", "folder": "it is a folder"}
    for name, reason in reasons.items():
        found = fail(1, *command, "-o", f"{name}{ending}")
        assert f"error[unwritable]: cannot write {name}{ending}: {reason}" in found
    assert not list(Path().rglob(".*"))


def test_large_tensors_are_not_written_over_what_is_read() -> None:
    succeed("init", "tiny.yaml", "-o", "m.onnx.data")
    options = ("--external-data", "--weights", "m.onnx.data")
    found = fail(1, "export", "tiny.yaml", "-o", "m.onnx", *options)
    assert "cannot write m.onnx.data: the weights would be lost" in found


def test_a_model_in_place_of_a_spec() -> None:
    succeed("export", "tiny.yaml", "--no-check", "-o", "m.onnx")
    assert "`specc view` shows an ONNX model" in fail(1, "graph", "m.onnx")


def test_export_of_an_opset() -> None:
    import onnx

    succeed("export", "tiny.yaml", "-o", "m.onnx", "--opset", "17")
    assert [each.version for each in onnx.load("m.onnx").opset_import] == [17]
    found = fail(1, "export", "tiny.yaml", "-o", "n.onnx", "--opset", "16")
    assert "error[unknown-opset]: expected an opset from 17 to 28, received 16" in found
    assert not Path("n.onnx").exists()


def test_export_of_functions() -> None:
    import onnx

    blocks = "blocks: {tower: {layers: [{Dense: 3}, ReLU]}}\nlayers: [tower, tower]\n"
    Path("towers.yaml").write_text(f'specc: 1\ninputs: {{x: "float32[N, 4]"}}\n{blocks}', "utf-8")
    succeed("export", "towers.yaml", "-o", "m.onnx", "--functions")
    assert [node.op_type for node in onnx.load("m.onnx").graph.node] == ["Tower", "Tower"]


@pytest.mark.parametrize(("precision", "number"), [("float16", 10), ("bfloat16", 16)])
def test_export_in_a_precision(precision: str, number: int) -> None:
    import onnx

    succeed("export", "pictures.yaml", "-o", "m.onnx", "--precision", precision)
    model = onnx.load("m.onnx")
    types = {stored.data_type for stored in model.graph.initializer}
    assert types - {onnx.TensorProto.INT64} == {number}
    assert "--precision" in run("export", "tiny.yaml", "-o", "m", "--precision", "int4").stderr


def test_export_checks_what_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = run("export", "tiny.yaml", "-o", "m.onnx").stderr.splitlines()
    assert [line.partition(":")[0] for line in checked[:2]] == ["checked", "checked"]
    assert run("export", "tiny.yaml", "-o", "n.onnx", "--no-check").stderr.startswith("wrote n")

    from specc.backends.onnx import checking

    monkeypatch.setattr(checking, "_reference", lambda *_: [np.zeros((2, 3))])
    assert "error[export-faulty]" in fail(1, "export", "tiny.yaml", "-o", "o.onnx")
    assert not Path("o.onnx").exists()


def test_export_refuses_weights_of_another_network() -> None:
    succeed("init", "tiny.yaml@wide", "-o", "w.safetensors")
    found = fail(1, "export", "tiny.yaml", "-o", "m.onnx", "--weights", "w.safetensors")
    assert "error[weights-mismatch]" in found
    assert not Path("m.onnx").exists()


# verify


class Fake:
    def __init__(self, value: float) -> None:
        self.value = value

    def runner(self, graph: specc.network.Graph, weights: Any) -> Any:
        return lambda _: {name: np.full((2, 2), self.value) for name in graph.outputs}


def test_verify_prints_the_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    backends = {"a": Fake(1.0), "b": Fake(1.5), "c": Fake(1.0)}
    monkeypatch.setattr(verification, "load_backend", backends.__getitem__)
    result = run("verify", "tiny.yaml", "--backends", "a,b,c")
    assert result.exit_code == 1
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[1] == ["a", "/", "b", "N=2", "body.0", "3.3e-01", "4", "DIFFERS"]
    assert rows[2] == ["a", "/", "c", "N=2", "0.0e+00", "4", "ok"]
    assert "error[verification-failed]" in result.stderr
    assert "body.0" in result.stderr
    assert "DIFFERS" not in succeed("verify", "tiny.yaml", "--backends", "a, b", "--atol", "1")


def test_verify_says_where_nan_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "load_backend", lambda _: Fake(np.nan))
    *_, last = succeed("verify", "tiny.yaml", "--backends", "a,b").splitlines()
    assert last.endswith("ok, but NaN from body.0 on")


def test_verify_of_all_backends() -> None:
    lines = succeed("verify", "pictures.yaml").splitlines()
    assert len(lines) == 1 + 2 * 3
    assert all(line.endswith("ok") for line in lines[1:])


def test_verify_prints_json() -> None:
    said = json.loads(succeed("verify", "tiny.yaml", "--backends", "onnx,pytorch", "--json"))
    assert said["agrees"] is True
    assert [each["backends"] for each in said["comparisons"]] == [["onnx", "pytorch"]] * 2
    assert all(each["largest"]["relative"] < 1e-5 for each in said["comparisons"])


# predict


@pytest.fixture
def model() -> Path:
    succeed("export", "pictures.yaml", "-o", "pictures.onnx")
    return Path("pictures.onnx")


def write_image(path: str, mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


def predicted(*arguments: str) -> list[dict[str, Any]]:
    return json.loads(succeed("predict", *arguments, "--json"))


def test_predict_gives_what_onnxruntime_gives(model: Path) -> None:
    import onnxruntime
    from PIL import Image

    write_image("cat.png")
    pixels = np.asarray(Image.open("cat.png"), np.float32).transpose(2, 0, 1)[np.newaxis]
    for scale, factor in ([], 1 / 255), (["--scale", "2"], 2):
        session = onnxruntime.InferenceSession(model)
        (scores,) = session.run(None, {"image": pixels * np.float32(factor)})[0]
        (found,) = predicted(str(model), "cat.png", "--top-k", "2", *scale)
        best = np.argsort(-scores)[:2]
        assert [each["class"] for each in found["predictions"]] == best.tolist()
        given = [each["score"] for each in found["predictions"]]
        np.testing.assert_allclose(given, scores[best], rtol=1e-5)


def test_predict_converts_images_and_prints_a_table(model: Path) -> None:
    write_image("grey.png", "L", (30, 20))
    write_image("cat.png", "RGB", (30, 20))
    lines = succeed("predict", str(model), "grey.png", "cat.png", "--top-k", "3").splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert names == ["input", "grey.png", "cat.png"]
    assert len(lines) == 1 + 6
    assert len({line.rindex("class ") for line in lines[1:]}) == 1


def test_predict_takes_arrays_of_one_or_many(model: Path) -> None:
    batch = np.random.default_rng(0).random((2, 3, 6, 8), np.float32)
    np.save("batch.npy", batch)
    np.save("one.npy", batch[1])
    many, one = predicted(str(model), "batch.npy"), predicted(str(model), "one.npy")
    assert [each["input"] for each in many] == ["batch.npy[0]", "batch.npy[1]"]
    assert one[0]["predictions"][0]["class"] == many[1]["predictions"][0]["class"]


def test_predict_shows_class_names(model: Path) -> None:
    import onnx

    loaded = onnx.load(model)
    onnx.helper.set_model_props(loaded, {"class_names": json.dumps(["a", "b", "c", "d\x1b", "e"])})
    onnx.save(loaded, model)
    write_image("cat.png")
    names = {each["name"] for each in predicted(str(model), "cat.png")[0]["predictions"]}
    assert names == {"a", "b", "c", "d\x1b", "e"}
    assert "\x1b" not in succeed("predict", str(model), "cat.png")


@pytest.mark.parametrize(
    ("layers", "rescales"),
    [("- Rescaling: '${1 / 255}'", True), ("- Rescaling: 2", False), ("- ReLU", False)],
)
def test_models_that_rescale_take_raw_pixels(layers: str, rescales: bool) -> None:
    Path("pictures.yaml").write_text(PICTURES.replace("layers:", f"layers:\n  {layers}"), "utf-8")
    assert rescales_input(specc.load("pictures.yaml").to_onnx()) is rescales


def test_predict_reads_the_layout_off_the_model() -> None:
    write_image("cat.png")
    for layout in ("channels_first", "channels_last"):
        succeed("export", "pictures.yaml", "-o", f"{layout}.onnx", "--io-layout", layout)
    first, last = (
        predicted(f"{name}.onnx", "cat.png") for name in ("channels_first", "channels_last")
    )
    scores = [[each["score"] for each in found[0]["predictions"]] for found in (first, last)]
    np.testing.assert_allclose(*scores, rtol=1e-5, atol=1e-6)


def test_predict_refuses(model: Path) -> None:
    np.save("wrong.npy", np.zeros((6, 8, 4), np.float32))
    np.save("objects.npy", np.array([{}]), allow_pickle=True)
    Path("text.png").write_text("no image", "utf-8")
    found = fail(1, "predict", str(model), "wrong.npy")
    assert "received float32[6, 8, 4]" in found
    for name in ("objects.npy", "text.png"):
        assert "error[invalid-input]" in fail(1, "predict", str(model), name)
    for name in ("missing.png", "missing.npy"):
        assert "error[file-not-found]" in fail(1, "predict", str(model), name)
    assert "error[model-unreadable]" in fail(1, "predict", "text.png", "wrong.npy")
    assert "error[file-not-found]" in fail(1, "predict", "missing.onnx", "wrong.npy")
    succeed("export", "tiny.yaml", "-o", "tiny.onnx")
    write_image("cat.png")
    assert "is no image" in fail(1, "predict", "tiny.onnx", "cat.png")


# layers, explain, schema


def test_layers_lists_all_by_family() -> None:
    text = succeed("layers")
    assert text.startswith("activation\n")
    assert all(f"  {name} " in text for name in LAYERS.families)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_tells_all_about_each(name: str) -> None:
    text = succeed("layers", name)
    assert text.startswith(f"{name}\n")
    for parameter in LAYERS[name].model_fields:
        assert f"  {parameter} (" in text
    assert max(map(len, text.splitlines())) <= 100


def test_layers_as_json() -> None:
    found = json.loads(succeed("layers", "--json"))["layers"]
    assert {each["name"]: each["family"] for each in found} == LAYERS.families
    assert {"name": "ReLU", "family": "activation", "title": "Rectified linear unit."} in found


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_as_json(name: str) -> None:
    found = json.loads(succeed("layers", name, "--json"), parse_constant=pytest.fail)
    assert succeed("layers", name).startswith(f"{name}\n\n{found['description']}\n\nTakes ")
    assert [*found["parameters"]] == [*LAYERS[name].model_fields]
    assert {*found["required"]} <= {*found["parameters"]}


def test_a_layer_as_json() -> None:
    found = json.loads(succeed("layers", "Dense", "--json"))
    assert (found["inputs"], found["primary"]) == ({"fewest": 1, "most": 1}, "units")
    assert found["required"] == ["units"]
    assert found["parameters"]["use_bias"]["default"] is True
    assert json.loads(succeed("layers", "Add", "--json"))["inputs"]["most"] is None


def test_layers_suggests() -> None:
    assert "did you mean `MaxPooling2D`?" in fail(1, "layers", "MaxPool2d")
    assert "did you mean `MaxPooling2D`?" in fail(1, "layers", "MaxPool2d", "--json")


def test_explain() -> None:
    assert succeed("explain", "shape-mismatch").startswith("shape-mismatch: Two shapes")
    lines = succeed("explain").splitlines()
    assert [line.split()[0] for line in lines] == sorted(CODES)
    assert "did you mean `shape-mismatch`?" in fail(2, "explain", "shape-mismach")


def test_explain_as_json() -> None:
    found = json.loads(succeed("explain", "--json"))["codes"]
    assert [each["code"] for each in found] == sorted(CODES)
    one = json.loads(succeed("explain", "shape-mismatch", "--json"))
    assert {"code": one["code"], "title": one["title"]} in found
    assert one["text"] == CODES["shape-mismatch"].strip()


def test_schema_is_json() -> None:
    assert json.loads(succeed("schema"))["$schema"].startswith("https://json-schema.org/")


# The command line itself


def test_version() -> None:
    assert succeed("--version") == "specc 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["chek"],
        ["check"],
        ["check", "tiny.yaml", "--format", "xml"],
        ["summary", "tiny.yaml", "--depth", "-1"],
        ["init", "tiny.yaml"],
        ["export", "tiny.yaml"],
        ["export", "tiny.yaml", "-o", "m.onnx", "--io-layout", "nchw"],
        ["export", "tiny.yaml", "-o", "-"],
        ["predict", "m.onnx"],
        ["bench", "tiny.yaml", "-o", "bench.svg"],
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str]) -> None:
    assert "Error" in fail(2, *arguments)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = fail(1, "predict", "m.onnx", "x.npy")
    assert "error[missing-package]: `onnxruntime` is not installed" in found
    assert "specc[onnx]" in found


def specc_process(
    *arguments: str, out: Any = subprocess.PIPE, **options: Any
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "specc.cli", *arguments]
    pipes = {"stdout": out, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes, **options)


def test_a_closed_pipe_ends_it_quietly() -> None:
    with specc_process("schema") as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("command", ["summary tiny.yaml", "predict m.onnx x.npy -"])
def test_streams_may_be_closed(closed: str, command: str) -> None:
    succeed("export", "tiny.yaml", "--no-check", "-o", "m.onnx")
    np.save("x.npy", np.zeros((1, 4), np.float32))
    shell = f"exec {sys.executable} -m specc.cli {command} {closed}"
    done = subprocess.run(["sh", "-c", shell], input="", capture_output=True, text=True)
    assert done.returncode == int(command.endswith("-"))  # there is no array in stdin
    assert "Traceback" not in done.stderr


def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with Path("/dev/full").open("w") as full, specc_process("summary", "tiny.yaml", out=full) as it:
        _, errors = it.communicate()
    assert it.returncode == 1
    assert (
        errors == "error[unwritable]: cannot write the output: no space left on device\n\n1 error\n"
    )


def test_a_file_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specc.cli.exporting.require_writable", lambda _, **__: Path("gone").stat())
    assert "file-unreadable]: gone: no such file" in fail(1, "export", "tiny.yaml", "-o", "m.onnx")


def test_an_interrupt_exits_with_130(folder: Path) -> None:
    os.mkfifo(folder / "pipe.onnx")
    process = specc_process("predict", "pipe.onnx", "x.npy")
    with process, (folder / "pipe.onnx").open("wb"):  # opens when the command begins to read
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_output_survives_a_narrow_encoding() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with specc_process("summary", "tiny.yaml", env=environment) as process:
        found, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "Total params: 46" in found
