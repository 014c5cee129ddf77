"""`train` and `data` of a spec: what comes of them, and values laid over them for one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import specc
from specc.checking import check_file
from specc.cli.app import app
from specc.data.document import Arrays, Idx, ImageFolder
from specc.diagnostics import SpecError
from specc.training.losses import SparseCategoricalCrossentropy
from specc.training.optimizers import SGD, Adam

NETWORK = """
specc: 1
params: {rate: 0.01, classes: 10}
inputs: {image: "float32[N, 8, 8, 3]"}
layers: [Flatten, {Dense: "${classes}", name: logits}]
expect: {parameters: 1930}
"""
TRAIN = """
train:
  optimizer: {adam: {learning_rate: "${rate}", weight_decay: 0.1}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 10
data:
  source: {image_folder: pictures}
  validation_split: 0.2
"""


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`net.yaml` in the current folder, and `bare.yaml` without sections."""
    monkeypatch.chdir(tmp_path)
    Path("bare.yaml").write_text(NETWORK, "utf-8")
    Path("net.yaml").write_text(NETWORK + TRAIN, "utf-8")
    return Path("net.yaml")


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def settings(*given: str) -> list[str]:
    return [word for each in given for word in ("--set", each)]


def loaded(*given: str) -> specc.Network:
    """The network as a command loads it."""
    from specc.cli.options import open_network

    return open_network("net.yaml", list(given))


def test_a_network_has_its_sections() -> None:
    network = specc.load("net.yaml")
    assert network.train is not None
    assert network.data is not None
    assert network.train.optimizer == Adam(learning_rate=0.01, weight_decay=0.1)
    assert network.train.loss == SparseCategoricalCrossentropy(from_logits=True)
    assert network.train.epochs == 10
    assert network.data.source == ImageFolder(path="pictures")


def test_a_network_without_sections_has_none() -> None:
    network = specc.load("bare.yaml")
    assert (network.train, network.data) == (None, None)


def test_expressions_see_the_params_in_force() -> None:
    train = specc.load("net.yaml", params={"rate": 0.5}).train
    assert train is not None
    assert train.optimizer == Adam(learning_rate=0.5, weight_decay=0.1)


# --- laid over for one run ----------------------------------------------------------------------


def test_a_value_takes_the_place_of_one_and_leaves_the_rest() -> None:
    given = ("train.epochs=3", "train.optimizer.adam.learning_rate=1e-3", "data.seed=7")
    network = loaded(*given)
    assert network.train is not None
    assert network.data is not None
    assert network.train.epochs == 3
    assert network.train.optimizer == Adam(learning_rate=0.001, weight_decay=0.1)
    assert (network.data.seed, network.data.validation_split) == (7, 0.2)


def test_the_last_value_wins() -> None:
    train = loaded("train.epochs=3", "train.epochs=4").train
    assert train is not None
    assert train.epochs == 4


def test_another_choice_has_its_own_defaults() -> None:
    network = loaded("train.optimizer.sgd.momentum=0.9", "data.source={idx: digits}")
    assert network.train is not None
    assert network.data is not None
    assert network.train.optimizer == SGD(momentum=0.9)
    assert network.data.source == Idx(path="digits")


def test_a_path_alone_is_kept_beside_other_arguments() -> None:
    data = loaded("data.source.image_folder.image_size=[8, 8]").data
    assert data is not None
    assert data.source == ImageFolder(path="pictures", image_size=(8, 8))


def test_python_lays_over_as_the_command_line_does() -> None:
    network = specc.load(
        "net.yaml",
        train={"epochs": 3, "optimizer": {"adam": {"weight_decay": None}}},
        data={"source": "arrays"},
    )
    assert network.train is not None
    assert network.data is not None
    assert network.train.optimizer == Adam(learning_rate=0.01)
    assert network.data.source == Arrays()


def test_a_section_that_is_not_there_is_made() -> None:
    whole = {"optimizer": "adam", "loss": "mse", "epochs": 2}
    network = specc.load("bare.yaml", train=whole)
    assert network.train is not None
    assert network.train.epochs == 2


def test_expect_holds_all_the_same() -> None:
    status, output = check("net.yaml", *settings("train.epochs=3"))
    assert (status, output) == (0, "net.yaml: ok, 2 layers, 1,930 parameters\n")
    assert "skipped" in check("net.yaml", *settings("train.epochs=3", "classes=4"))[1]


@pytest.mark.parametrize(
    ("setting", "code", "place"),
    [
        ("train.epochs=ten", "wrong-type", "1:15"),
        ("train.epochs=0", "wrong-type", "1:15"),
        ("train.epoch=3", "unknown-key", "1:1"),
        ("train.optimizer.adam.lr=3", "unknown-parameter", "1:26"),
        ("train.loss=mse_", "wrong-type", "1:13"),
        ("train.loss=categorical_crossentropy", "logits-mismatch", "1:13"),
        ("train.metrics=[r2_score]", "metric-mismatch", "1:17"),
        ("train.epochs=${n}", "expression-name", "1:17"),
        ("data.class_names=[a]", "class-count", "1:19"),
        ("train.epochs=[3", "yaml-syntax", "1:15"),
    ],
)
def test_a_fault_is_shown_in_the_option(setting: str, code: str, place: str) -> None:
    status, output = check("net.yaml", *settings(setting))
    assert status == 1
    assert f"error[{code}]" in output
    option = setting.partition("=")[0]
    assert f"--> --set {option}:{place}\n" in output
    assert "1 error\n" in output


def test_a_fault_of_the_file_stays_in_the_file() -> None:
    text = Path("net.yaml").read_text("utf-8").replace("epochs: 10", "epochs: ten")
    Path("net.yaml").write_text(text, "utf-8")
    assert "--> net.yaml:12:11" in check("net.yaml", *settings("train.batch_size=3"))[1]
    assert check("net.yaml", *settings("train.epochs=3"))[0] == 0


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("epochs=2", "train.epochs"),
        ("batchsize=2", "train.batch_size"),
        ("optimizer=sgd", "train.optimizer"),
        ("source=csv", "data.source"),
        ("rates=0.1", "rate"),
    ],
)
def test_a_value_of_a_section_is_no_param(setting: str, meant: str) -> None:
    status, output = check("net.yaml", *settings(setting))
    assert status == 1
    assert "[unknown-param]" in output
    assert f"did you mean `{meant}`?" in output


@pytest.mark.parametrize("setting", ["train.=3", "train..epochs=3", "net.epochs=3", "train.1=3"])
def test_a_path_begins_with_its_section(setting: str) -> None:
    status, output = check("net.yaml", *settings(setting))
    assert status == 2
    assert "--set" in output


@pytest.mark.parametrize("value", [Path("x"), {1, 2}, object(), b"x"])
def test_python_values_are_those_that_yaml_has(value: Any) -> None:
    with pytest.raises(SpecError, match="wrong-type"):
        specc.load("net.yaml", train={"epochs": value})


def test_a_fault_of_a_python_value_is_shown() -> None:
    with pytest.raises(SpecError) as caught:
        specc.load("net.yaml", train={"epochs": "ten"})
    (fault,) = caught.value.report.diagnostics
    assert str(fault.span) == "train=:1:12"


# --- what it costs ------------------------------------------------------------------------------

LOADED = """
import json, sys
from pathlib import Path
from specc.checking import check_file
assert check_file(Path(sys.argv[1])).graph is not None
print(json.dumps(list(sys.modules)))
"""


def modules_of_a_check(path: str) -> set[str]:
    command = [sys.executable, "-c", LOADED, path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_a_spec_without_sections_does_not_pay_for_them() -> None:
    found = modules_of_a_check("bare.yaml")
    assert not [name for name in found if name.startswith(("specc.training", "specc.data"))]


def test_sections_are_checked_without_numpy() -> None:
    found = modules_of_a_check("net.yaml")
    assert "specc.training.document" in found
    assert not found & {"numpy", "PIL", "grain", "datasets", "torch", "keras", "rich"}


# --- the data itself ----------------------------------------------------------------------------


def write_pictures(folder: Path, counts: dict[str, int]) -> None:
    from PIL import Image

    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (8, 8)).save(folder / name / f"{number}.png")


CLASSES = {f"class{number}": 5 for number in range(10)}


def test_check_counts_the_examples() -> None:
    write_pictures(Path("pictures"), CLASSES)
    status, output = check("net.yaml", "--data", "pictures")
    assert status == 0
    assert output.splitlines()[1] == "  data: 40 training examples, 10 validation, 10 classes"


def test_check_finds_other_classes_and_broken_pictures() -> None:
    write_pictures(Path("pictures"), CLASSES | {"one_more": 1})
    status, output = check("net.yaml", "--data", "pictures")
    assert (status, "error[class-mismatch]" in output) == (1, True)
    write_pictures(Path("broken"), CLASSES)
    Path("broken/class3/0.png").write_bytes(b"no picture")
    status, output = check("net.yaml", "--data", "broken")
    assert (status, "error[data-unreadable]" in output) == (1, True)
    assert "broken/class3/0.png" in output


def test_check_of_data_needs_to_know_the_labels() -> None:
    status, output = check("bare.yaml", "--data", "pictures")
    assert (status, "error[no-training]" in output) == (1, True)


def test_check_of_data_of_a_faulty_spec_is_about_the_spec() -> None:
    status, output = check("net.yaml", "--data", "nowhere", *settings("train.epochs=0"))
    assert status == 1
    assert output.count("error[") == 1


def test_a_broken_document_has_no_sections() -> None:
    text = Path("net.yaml").read_text("utf-8").replace("Flatten", "Flaten")
    Path("net.yaml").write_text(text, "utf-8")
    checked = check_file(Path("net.yaml"))
    assert (checked.graph, checked.train, checked.data) == (None, None, None)
