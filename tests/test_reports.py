"""Plots, pages and the commands that make them: what they show, and how they fail."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import specc
from specc.cli.app import app
from specc.reports import plots
from specc.reports.comparison import compare
from specc.reports.evaluation import Classification, Mistake, evaluate
from specc.reports.html import report
from specc.reports.regression import regression
from specc.reports.run_evaluation import RunEvaluation, load_evaluation
from specc.reports.tables import class_table, duration, number, percent
from specc.training.losses import SparseCategoricalCrossentropy
from specc.training.run import Run, create_run, open_run
from specc.weights import save_weights

HOSTILE = ("<script>alert(1)</script>", "$\\frac{1", "_hidden & \"quoted\" 'names'")

SPEC = """\
specc: 1
name: tiny
description: A network <b>for</b> tests.
inputs: {picture: "float32[N, 4, 4, 1]"}
layers: [Flatten, {Dense: 3, name: logits}]
train:
  optimizer: {sgd: {learning_rate: 0.1}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 3
  batch_size: 4
data:
  source: {arrays: data.npz}
"""

BINARY = "{binary_crossentropy: {from_logits: true}}"

VALUES = """\
specc: 1
name: values
inputs: {x: "float32[N, 2]"}
layers: [{Dense: 1, name: y}]
train: {optimizer: sgd, loss: mse, epochs: 3}
data: {source: {arrays: values.npz}}
"""


def history(epochs: int = 3, *logs: str, rate: Callable[[int], float] = lambda _: 0.1) -> list[Any]:
    return [
        {
            "epoch": epoch,
            "learning_rate": rate(epoch),
            "seconds": 1.5,
            **dict.fromkeys(logs or ("loss", "accuracy"), 1 / epoch),
            **{f"val_{name}": 1.1 / epoch for name in logs or ("loss", "accuracy")},
        }
        for epoch in range(1, epochs + 1)
    ]


def evaluation(classes: int = 3, names: tuple[str, ...] = (), examples: int = 60) -> Classification:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, classes, examples)
    scores = generator.random((examples, classes)) + np.eye(classes)[targets]
    scores /= scores.sum(axis=1, keepdims=True)
    objective: Any = SimpleNamespace(
        task="multiclass", output="y", loss=SparseCategoricalCrossentropy()
    )
    found = evaluate(targets, scores, objective, names)
    assert isinstance(found, Classification)
    return found


def figure(plot: Any, *args: Any) -> Any:
    """The matplotlib figure that a plot is made of."""
    with plots._styled():
        return plot.__wrapped__.__wrapped__(*args)


def lines(axis: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axis.get_lines()}


# --- plots ----------------------------------------------------------------------------------------


def test_curves_show_training_and_validation_of_each_log() -> None:
    loss, accuracy = figure(plots.curves, history(), 2).axes
    assert [axis.get_title(loc="left") for axis in (loss, accuracy)] == ["loss", "accuracy"]
    for axis in (loss, accuracy):
        assert axis.get_xlabel() == "epoch"
        assert list(lines(axis)["training"].get_ydata()) == pytest.approx([1, 1 / 2, 1 / 3])
        assert list(lines(axis)["validation"].get_ydata()) == pytest.approx([1.1, 0.55, 1.1 / 3])
        assert list(lines(axis)["best epoch: 2"].get_xydata()[0]) == pytest.approx([2, 0.55])
    texts = [text.get_text() for text in loss.get_legend().get_texts()]
    assert texts == ["training", "validation", "best epoch: 2"]


def test_curves_show_a_learning_rate_that_changes() -> None:
    *_, rate = figure(plots.curves, history(4, rate=lambda epoch: 10.0**-epoch)).axes
    assert rate.get_title(loc="left") == "learning rate"
    assert rate.get_yscale() == "log"
    assert len(figure(plots.curves, history(4)).axes) == 2


def test_curves_bear_one_epoch_and_logs_that_come_late() -> None:
    assert plots.curves([{"epoch": 1, "loss": 0.5}])
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.4, "val_loss": 0.6}]
    (axis,) = figure(plots.curves, rows, 1).axes
    assert math.isnan(lines(axis)["validation"].get_ydata()[0])


def test_logs_of_validation_stand_with_those_of_training() -> None:
    assert plots.logged(history(1, "loss", "age_mae")) == ["loss", "age_mae"]
    assert plots.logged([{"epoch": 1, "val_only": 1.0}]) == ["val_only"]


def test_confusion_has_counts_and_names() -> None:
    axis, _ = figure(plots.confusion, evaluation(3, ("cat", "dog", "bird"))).axes
    found = evaluation(3).confusion
    assert found is not None
    assert [text.get_text() for text in axis.texts] == [str(n) for row in found for n in row]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["cat", "dog", "bird"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")


def test_confusion_colours_shares_of_the_true_class() -> None:
    axis, bar = figure(plots.confusion, evaluation(3)).axes
    shares = axis.get_images()[0].get_array()
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert bar.get_ylabel() == "share of the true class"


def test_confusion_of_a_hundred_classes_has_colours_only() -> None:
    axis, _ = figure(plots.confusion, evaluation(100, examples=300)).axes
    assert list(axis.texts) == []
    assert len(axis.get_yticklabels()) == 100


def test_confusion_leaves_a_class_without_examples_blank() -> None:
    absent = SimpleNamespace(
        confusion=((1, 1), (0, 0)),
        classes=(SimpleNamespace(name="a"), SimpleNamespace(name="b")),
        accuracy=0.5,
        examples=2,
    )
    axis, _ = figure(plots.confusion, absent).axes
    assert np.ma.getmaskarray(axis.get_images()[0].get_array()).tolist() == [[0, 0], [1, 1]]


def test_roc_has_averages_and_classes_with_their_areas() -> None:
    found = evaluation(3, ("cat", "dog", "bird"))
    (axis,) = figure(plots.roc, found).axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    names = ["micro average", "macro average", "cat", "dog", "bird"]
    assert labels == [
        f"{curve.area:.4f}  {name}" for curve, name in zip(found.roc, names, strict=True)
    ]
    assert axis.get_xlim() == axis.get_ylim()


def test_roc_of_many_classes_says_which_are_drawn() -> None:
    (axis,) = figure(plots.roc, evaluation(30, examples=600)).axes
    assert axis.get_title(loc="left") == "ROC: the averages, and the worst 5 of 30 classes"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_mistakes_are_shown_with_both_classes(channels: int) -> None:
    missed = [Mistake(0, "cat", "dog", 0.994), Mistake(1, "dog", "cat", 0.7)]
    pictures = [np.zeros((5, 7, channels), np.uint8), np.zeros((9, 3, channels), np.uint8)]
    axes = figure(plots.mistakes, pictures, missed).axes
    assert [axis.get_title(loc="left") for axis in axes] == ["true: cat", "true: dog"]
    assert [axis.texts[0].get_text() for axis in axes] == [
        "predicted: dog, 99.4 %",
        "predicted: cat, 70.0 %",
    ]


def test_regression_shows_values_and_residuals() -> None:
    true = np.arange(5.0)[:, np.newaxis]
    found = figure(plots.regression, regression(true, true + 1))
    values, residuals = found.axes
    (points,) = values.collections
    assert points.get_offsets().tolist() == [[value, value + 1] for value in range(5)]
    assert values.get_xlim() == values.get_ylim()
    assert residuals.patches[0].get_data().values.sum() == 5
    assert "1.0000" in residuals.get_title(loc="left")


def test_comparison_has_a_colour_for_each_run() -> None:
    runs = {"one": history(3), "two": history(2)}
    found = figure(plots.comparison, runs, ["loss", "accuracy"])
    for axis in found.axes:
        training, validation = axis.get_lines()[:2]
        assert training.get_color() == validation.get_color() == plots.COLORS[0]
        assert training.get_linestyle() == "--"
        assert validation.get_linestyle() == "-"
        assert axis.get_lines()[2].get_color() == plots.COLORS[1]
    labels = [text.get_text() for text in found.legends[0].get_texts()]
    assert labels == ["one", "two", "validation", "training"]


def every_plot() -> dict[str, Callable[[], bytes]]:
    names = HOSTILE
    missed = [Mistake(0, *names[:2], 0.9)]
    return {
        "curves": lambda: plots.curves(history(3, "loss", "$x_"), 2),
        "confusion": lambda: plots.confusion(evaluation(3, names)),
        "roc": lambda: plots.roc(evaluation(3, names)),
        "mistakes": lambda: plots.mistakes([np.zeros((4, 4, 1), np.uint8)], missed),
        "regression": lambda: plots.regression(regression(np.ones((3, 2)), np.zeros((3, 2)))),
        "comparison": lambda: plots.comparison(dict.fromkeys(names, history()), ["loss"]),
    }


@pytest.mark.parametrize("name", every_plot())
def test_equal_data_give_equal_pictures_whatever_the_settings(name: str) -> None:
    first = every_plot()[name]()
    with mpl.rc_context({"font.size": 30, "text.parse_math": True, "figure.dpi": 30}):
        again = every_plot()[name]()
        assert mpl.rcParams["font.size"] == 30
    assert first == again
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.format == "PNG"
        assert set(picture.info) <= {"dpi"}


def test_letters_that_the_font_lacks_are_no_fault() -> None:
    assert plots.roc(evaluation(3, ("猫", "\U0001f98a", "\u202egnp")))


def test_no_window_and_no_global_figure() -> None:
    plots.curves(history())
    pyplot = sys.modules.get("matplotlib.pyplot")  # a library of another test may have imported it
    assert pyplot is None or pyplot.get_fignums() == []


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.0000"), (0.25, "0.2500"), (1e-7, "1.000e-07"), (-12345.6, "-1.235e+04")],
)
def test_numbers_have_few_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (59.94, "59.9 s"), (247, "4 min 07 s"), (8100, "2 h 15 min")],
)
def test_durations_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_table_of_classes_ends_with_the_averages() -> None:
    header, cat, *_, macro, weighted, micro = class_table(evaluation(3, ("cat", "dog", "bird")))
    assert header == ("class", "precision", "recall", "F1", "support", "AUC")
    assert cat[0] == "cat"
    assert (macro[0], weighted[0], micro[0]) == (
        "macro average",
        "weighted average",
        "micro average",
    )
    assert percent(0.994) == "99.40 %"


# --- runs -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_examples(path: str = "data.npz", *, absent: tuple[int, ...] = ()) -> None:
    """Pictures whose class is the first of the four rows that is lit; the network learns it not."""
    generator = np.random.default_rng(0)
    labels = np.array([label for label in [0, 1, 2] * 4 if label not in absent])
    pictures = generator.integers(0, 255, (len(labels), 4, 4, 1)).astype(np.uint8)
    np.savez(path, x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)


def make_run(
    path: str = "run", text: str = SPEC, names: tuple[str, ...] = HOSTILE, **fields: Any
) -> Run:
    """A run as training leaves it, with weights that nobody trained."""
    Path("spec.yaml").write_text(text, "utf-8")
    network = specc.load("spec.yaml")
    assert network.train is not None
    assert network.data is not None
    best = {"epoch": 2, "monitor": "val_loss", "value": 0.55}
    given = {"device": "cpu", "best": best, "epochs": 3, "status": "completed"} | fields
    run = create_run(
        Path(path),
        network,
        backend="pytorch",
        train=network.train,
        data=network.data,
        class_names=names,
        **given,
    )
    run.write_history(history(3, "loss", "accuracy") if names else history(3, "mae"))
    weights = network.initial_weights(1)
    save_weights(run.best, weights)
    save_weights(run.last, weights)
    return open_run(path)


class Page(HTMLParser):
    """The tags, links and text of a page, and whether its tags are closed in order."""

    EMPTY = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def checked(text: str) -> Page:
    """The page, which needs nothing but itself."""
    page = Page(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"(https?:)?//\w|url\(|@import", re.sub(r'src="[^"]*"', "", text))
    return page


def invoke(*arguments: str) -> Any:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_report_without_an_epoch_says_so() -> None:
    run = make_run(best=None, epochs=0, status="failed", reason="the loss <became> nan")
    run.folder.history.unlink()
    page = checked(report(open_run("run")))
    assert "No epoch was finished yet." in page.text
    assert "the loss <became> nan" in page.text


def test_a_report_tells_of_the_run() -> None:
    page = checked(report(make_run()))
    for part in ("tiny", "A network <b>for</b> tests.", "val_accuracy", "best epoch", "SHA-256"):
        assert part in page.text
    assert "optimizer" in page.text
    assert "logits (Dense)" in page.text


def test_a_long_history_is_folded() -> None:
    run = make_run()
    run.folder.write_history(history(40))
    text = report(open_run("run"))
    assert "All 40 epochs" in text
    assert text.count('<tr class="best">') == 2


def test_evaluate_measures_and_writes_a_report() -> None:
    run = make_run()
    write_examples()
    result = invoke("evaluate", "run", "--json")
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    assert (data["split"], data["weights"], data["epoch"]) == ("test", "best", 2)
    (output,) = data["outputs"].values()
    assert output["accuracy"] == pytest.approx(data["metrics"]["accuracy"], abs=1e-6)
    assert sum(map(sum, output["confusion"])) == output["examples"] == 12
    assert [each["name"] for each in output["classes"]] == list(HOSTILE)
    assert data == json.loads(run.folder.evaluation.read_bytes())
    page = checked(run.folder.report.read_text("utf-8"))
    assert page.text.count(HOSTILE[0]) >= 2  # in the settings too, as text
    assert page.sources[1:] == [png(run.path / f"{name}.png") for name in PICTURES]
    assert output["mistakes"][0]["where"] in page.text


PICTURES = ("confusion", "roc", "mistakes")


def png(path: Path) -> str:
    from base64 import b64encode

    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def test_evaluate_prints_a_table() -> None:
    make_run(names=("cat", "dog", "bird"))
    write_examples()
    result = invoke("evaluate", "run", "--weights", "last", "--split", "train")
    assert result.exit_code == 0, result.stderr
    assert "train split of data.npz, last weights (epoch 3), pytorch" in result.stdout
    assert re.search(r"\nbird( +0\.\d{4}){3} +4 +0\.\d{4}\n", result.stdout)
    assert "look at run/report.html" in result.stderr


def test_the_backends_agree() -> None:
    make_run()
    write_examples()
    found = [
        json.loads(invoke("evaluate", "run", "--json", "--backend", name).stdout)
        for name in ("pytorch", "keras")
    ]
    accuracies = [each["metrics"]["accuracy"] for each in found]
    assert accuracies[0] == pytest.approx(accuracies[1])
    losses = [each["metrics"]["loss"] for each in found]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_class_without_examples_is_a_warning() -> None:
    make_run(names=("cat", "dog", "bird"))
    write_examples("other.npz", absent=(2,))
    result = invoke("evaluate", "run", "--data", "other.npz")
    assert result.exit_code == 0, result.stderr
    assert "warning[undefined-score]: there is no example of `bird`" in result.stderr
    found = load_evaluation(Path("run"))
    assert found is not None
    assert found.data == "other.npz"
    assert "there is no example of" in checked(report(open_run("run"))).text


def test_pictures_of_an_earlier_evaluation_go() -> None:
    run = make_run(text=VALUES.replace("loss: mse", f"loss: {BINARY}"), names=("a", "b"))
    (run.path / "mistakes.png").write_bytes(b"old")
    np.savez("values.npz", x_test=np.ones((4, 2), np.float32), y_test=np.array([0, 1, 0, 1]))
    result = invoke("evaluate", "run")
    assert result.exit_code == 0, result.stderr
    assert (run.path / "roc.png").exists()
    assert not (run.path / "mistakes.png").exists()  # rows of numbers are no pictures


def test_a_regression_has_errors_and_its_picture() -> None:
    run = make_run(text=VALUES, names=())
    np.savez("values.npz", x_val=np.ones((4, 2), np.float32), y_val=np.arange(4.0))
    result = invoke("evaluate", "run")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"4 examples\nvalue +mse +rmse +mae +r2\nall +\d", result.stdout)
    assert {path.name for path in run.path.glob("*.png")} == {"curves.png", "regression.png"}
    page = checked(run.folder.report.read_text("utf-8"))
    assert "r2" in page.text
    assert png(run.path / "regression.png") in page.sources


@pytest.mark.parametrize(
    ("prepare", "arguments", "message"),
    [
        (lambda run: None, ["elsewhere"], "not-a-run"),
        (lambda run: run.folder.record.write_text("{"), ["run"], "not-a-run"),
        (lambda run: run.folder.spec.unlink(), ["run"], "file-not-found"),
        (lambda run: run.folder.best.unlink(), ["run", "--weights", "best"], "file-not-found"),
        (lambda run: (run.folder.best.unlink(), run.folder.last.unlink()), ["run"], "no weights"),
        (lambda run: run.folder.best.write_bytes(b"half"), ["run"], "weights-unreadable"),
        (lambda run: Path("data.npz").unlink(), ["run"], "data-not-found"),
        (lambda run: None, ["run", "--split", "validation"], "data-not-found"),
        (lambda run: None, ["run", "--backend", "onnx"], "unknown-backend"),
        (lambda run: (run.path / "roc.png").mkdir(), ["run"], "unwritable"),
    ],
)
def test_faults_are_coded(prepare: Any, arguments: list[str], message: str) -> None:
    run = make_run()
    write_examples()
    prepare(run)
    result = invoke("evaluate", *arguments)
    assert result.exit_code == 1
    assert re.search(rf"error\[.*{message}|error\[.*\]: .*{message}", result.stderr), result.stderr


def test_an_evaluation_that_cannot_be_written_is_not_begun(monkeypatch: Any) -> None:
    make_run().folder.evaluation.mkdir()
    monkeypatch.setattr("specc.reports.run_evaluation.evaluate_run", None)
    assert "evaluation.json: it is a folder" in invoke("evaluate", "run").stderr


def test_data_of_other_classes_is_refused() -> None:
    make_run(names=("cat", "dog", "bird"))
    for name in ("cat", "cow"):
        folder = Path("pictures", name)
        folder.mkdir(parents=True)
        Image.new("L", (4, 4)).save(folder / "one.png")
    result = invoke("evaluate", "run", "--data", "pictures", "--split", "train")
    assert result.exit_code == 1
    assert "class-mismatch" in result.stderr
    assert "cow" in result.stderr


def test_an_evaluation_that_was_changed_is_named() -> None:
    run = make_run()
    run.folder.evaluation.write_text('{"split": 3}', "utf-8")
    with pytest.raises(specc.SpecError, match=r"not-a-run.*evaluation\.json"):
        report(run)


def test_outputs_of_a_network_have_sections_of_their_own() -> None:
    run = make_run()
    found = {"kind": evaluation(3, HOSTILE), "colour": evaluation(2)}
    whole = RunEvaluation("d", "test", "best", 2, "pytorch", {"loss": None}, dict(found))
    run.folder.evaluation.write_text(json.dumps(whole.as_json(), allow_nan=False), "utf-8")
    (run.path / "colour_roc.png").write_bytes(plots.roc(found["colour"]))
    page = checked(report(run))
    assert {"kind", "colour"} <= set(page.texts)
    assert len(page.sources) == 1


# --- comparing ------------------------------------------------------------------------------------


def test_compare_puts_runs_side_by_side() -> None:
    make_run("first/run")
    make_run("second/run", best=None)
    result = invoke("compare", "first/run", "second/run", "-o", "both.html")
    assert result.exit_code == 0, result.stderr
    header, first, second = result.stdout.splitlines()
    assert header.split()[:4] == ["run", "network", "backend", "epochs"]
    assert first.split()[:6] == ["first/run", "tiny", "pytorch", "3", "2", "val_loss"]
    assert second.split()[4:6] == ["–", "–"]
    page = checked(Path("both.html").read_text("utf-8"))
    assert page.sources == [png(Path("both.png"))]
    assert "second/run" in page.text


def test_compare_gives_data() -> None:
    make_run("a")
    make_run("b")
    data = json.loads(invoke("compare", "a", "b", "--json").stdout)
    assert [run["name"] for run in data["runs"]] == ["a", "b"]
    assert data["runs"][0]["parameters"] == 51
    assert data["runs"][0]["seconds"] == pytest.approx(4.5)
    assert data["logs"] == ["loss", "accuracy"]
    assert len(data["histories"]["a"]) == 3


def test_compare_takes_what_all_runs_have() -> None:
    runs = [make_run("a"), make_run("b")]
    runs[1].folder.write_history(history(2, "loss", "mae"))
    assert compare([runs[0], open_run("b")]).logs == ("loss",)


def test_what_is_not_finite_is_no_fault() -> None:
    run = make_run("a")
    rows = history(3)
    rows[1]["val_accuracy"] = rows[2]["val_loss"] = math.nan
    rows[2]["accuracy"] = math.inf
    run.folder.write_history(rows)
    assert plots.curves(rows, 2)
    checked(report(open_run("a")))
    found = compare([open_run("a"), open_run("a")])
    assert '"val_accuracy": null' in json.dumps(found.as_json(), allow_nan=False)
    assert found.runs[0].val_loss is None


def test_runs_without_anything_in_common_are_refused() -> None:
    runs = [make_run("a"), make_run("b", text=VALUES, names=())]
    with pytest.raises(specc.SpecError, match=r"nothing-to-compare.*a has `loss`.*b has `mae`"):
        compare(runs)


def test_a_run_without_an_epoch_cannot_be_compared() -> None:
    runs = [make_run("a"), make_run("b")]
    runs[1].folder.history.unlink()
    with pytest.raises(specc.SpecError, match=r"nothing-to-compare.*b has no finished epoch"):
        compare([runs[0], open_run("b")])


def test_the_same_run_twice_has_two_names() -> None:
    run = make_run("a")
    assert [each.name for each in compare([run, run]).runs] == ["a", "a (2)"]


def test_that_the_curves_cannot_be_written_is_said_before_the_work() -> None:
    Path("page.png").mkdir()
    result = invoke("compare", "no_run", "no_run", "-o", "page.html")
    assert result.exit_code == 1
    assert "error[unwritable]: cannot write page.png: it is a folder" in result.stderr
    assert not Path("page.html").exists()


@pytest.mark.parametrize("name", ["page.png", "page.PNG"])
def test_the_page_of_a_comparison_is_not_written_over_by_its_curves(name: str) -> None:
    result = invoke("compare", "run", "run", "-o", name)
    assert result.exit_code == 2
    assert "the curves go there" in result.stderr


def test_one_run_is_not_compared() -> None:
    make_run("a")
    assert invoke("compare", "a").exit_code == 2
