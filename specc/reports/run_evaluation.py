"""The evaluation of a run: its weights on a split of its data, as `evaluation.json` and pictures.

`evaluate_run` opens the data as the run had it, lets the run's backend predict, and judges what
comes out. The files stand in the run's folder, where the report finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from specc.backend import load_training_backend
from specc.diagnostics import SpecError
from specc.files import write_atomically
from specc.packages import needs
from specc.reports.evaluation import Classification, Evaluation, evaluate, finite
from specc.reports.regression import Regression
from specc.source import printable
from specc.wording import listing

if TYPE_CHECKING:
    from specc.data.dataset import Dataset, PreparedSplit
    from specc.data.document import Data
    from specc.data.examples import SplitName
    from specc.data.loading import Loader
    from specc.training.engine import Engine
    from specc.training.objectives import Objective
    from specc.training.run import Run

    Objectives = Mapping[str, Objective]

WhichWeights = Literal["best", "last"]

PICTURES = {
    "regression": "Predicted values and residuals",
    "confusion": "Confusion matrix",
    "roc": "Receiver operating characteristic",
    "mistakes": "Most confident mistakes",
}
"""What there may be to see of an output, with its title."""


@dataclass(frozen=True, slots=True)
class RunEvaluation:
    """`evaluation.json`.

    data: the path of the source. split: of it, or `all` of data that has no splits.
    weights: which of the run's, and `epoch` when they were made.
    metrics: the loss and the metrics of the spec, as in training; None for what is not finite.
    outputs: by name.
    """

    data: str
    split: str
    weights: WhichWeights
    epoch: int
    backend: str
    metrics: dict[str, float | None]
    outputs: dict[str, Classification | Regression]

    @property
    def examples(self) -> str:
        """What was looked at: `test split of flowers`, `all of flowers`."""
        part = "all" if self.split == "all" else f"{self.split} split"
        return f"{part} of {printable(self.data, 200)}"

    def as_json(self) -> dict[str, Any]:
        """The same as data; what is not defined is null."""
        return asdict(self)

    def notes(self) -> list[str]:
        """What a reader must know, of all outputs."""
        judged = self.outputs.values()
        return [note for each in judged if isinstance(each, Classification) for note in each.notes]


@dataclass(frozen=True, slots=True)
class Request:
    """What of a run is to be evaluated, and how.

    data: a path in place of the run's own data; the validation and test sources that the spec names
        are left out then.
    split: None is the test split, or else the validation split, or else all of the `data` given.
        A split that is named is taken off `data` as the run took it off its own.
    backend, batch_size: None are the run's.
    weights: None are the best, or the last of a run that kept no best.
    """

    data: Path | None = None
    split: SplitName | None = None
    backend: str | None = None
    weights: WhichWeights | None = None
    batch_size: int | None = None


@needs("train")
def evaluate_run(run: Run, request: Request) -> RunEvaluation:
    """Evaluate a run and write all there is to see of it into its folder, the report anew.

    Raises `SpecError`: for data that does not fit or lacks the split, for classes other than the
    run's (`class-mismatch`), for weights that are missing, and `unwritable`.
    """
    from specc.data.opening import open_data
    from specc.data.rescaling import rescales
    from specc.reports.html import write_report
    from specc.training.objectives import objectives

    found = objectives(run.network.graph, run.train)
    data = _data(run, request, found)
    rescaling = rescales(run.network.graph)
    dataset = open_data(data, run.network.inputs, found, rescales=rescaling)
    _require_same_classes(run, dataset)
    name, split = _split(dataset, request)
    path, weights, epoch = _weights(run, request.weights)
    backend = request.backend or run.backend
    metrics, outputs = _judged(run, found, split, backend, path, request.batch_size)
    where = str(data.source.path) if data.source else ""
    evaluation = RunEvaluation(where, name, weights, epoch, backend, metrics, outputs)
    save_evaluation(run.path, evaluation, split)
    write_report(run)
    return evaluation


def _data(run: Run, request: Request, objectives: Objectives) -> Data:
    """The run's data; with one output in the run's order of the classes, be some missing or not.

    A scale that training found by the type of its data is kept, whatever the type is here.
    """
    from specc.data.opening import with_path

    data = run.data
    if data.scale is None and run.preprocessing and len(run.network.inputs) == 1:
        data = data.model_copy(update={"scale": run.preprocessing.scale})
    if request.data is not None:
        share = data.validation_split if request.split else None
        update = {"validation": None, "test": None, "validation_split": share}
        data = with_path(data, str(request.data)).model_copy(update=update)
    if len(objectives) > 1:
        return data
    return data.model_copy(update={"class_names": run.class_names or None})


def _require_same_classes(run: Run, dataset: Dataset) -> None:
    if dataset.class_names == run.class_names:
        return
    message = f"{listing('the run has the classes', run.class_names)}; "
    message += listing("the data has", dataset.class_names)
    raise SpecError.of("class-mismatch", message, help="give data of the run's classes")


def _split(dataset: Dataset, request: Request) -> tuple[str, PreparedSplit]:
    splits = dataset.splits()
    names: tuple[SplitName, ...] = (request.split,) if request.split else ("test", "validation")
    for name in names:
        if name in splits:
            return name, splits[name]
    if request.data is not None and request.split is None:
        return "all", splits["train"]
    message = f"expected a split {' or '.join(names)}, {listing('the data has', splits)}"
    raise SpecError.of("data-not-found", message, help="say which with --split, or give --data")


def _weights(run: Run, wanted: WhichWeights | None) -> tuple[Path, WhichWeights, int]:
    """The file, which it is, and the epoch it is from."""
    folder, best = run.folder, run.record.best
    path = folder.weights if wanted is None else {"best": folder.best, "last": folder.last}[wanted]
    if path == folder.best:
        return path, "best", best.epoch if best else run.record.epochs
    return path, "last", run.record.epochs


# --- predicting and judging -----------------------------------------------------------------------


def _judged(
    run: Run,
    objectives: Objectives,
    split: PreparedSplit,
    backend: str,
    weights: Path,
    batch_size: int | None,
) -> tuple[dict[str, float | None], dict[str, Evaluation]]:
    """The metrics as in training, and the evaluation of each output."""
    from specc.data.loading import Loader as BatchLoader
    from specc.reports.collecting import collect

    loader = BatchLoader(split, batch_size or run.train.batch_size)
    engine = _engine(run, objectives, loader, backend, weights)
    try:
        logs = engine.evaluate(loader.epoch(0))
        predictions = collect(engine, loader, objectives)
    finally:
        engine.close()
    names = _class_names(run, objectives)
    outputs = {
        name: _located(evaluate(each.targets, each.scores, objectives[name], names[name]), split)
        for name, each in predictions.items()
    }
    return {name: finite(value) for name, value in logs.items()}, outputs


def _engine(
    run: Run, objectives: Objectives, loader: Loader, backend: str, weights: Path
) -> Engine:
    from specc.training.engine import Plan
    from specc.weights import load_weights

    graph = run.network.graph
    arrays = dict(load_weights(weights, graph.weights))
    train = run.train.model_copy(update={"batch_size": loader.batch_size})
    plan = Plan(graph, train, objectives, arrays, max(loader.steps, 1), devices=1)
    return load_training_backend(backend).engine(plan)


def _class_names(run: Run, objectives: Objectives) -> dict[str, tuple[str, ...]]:
    """The names of classes by output: the run knows those of the first one that has any."""
    first = next((name for name, each in objectives.items() if each.task != "regression"), None)
    return {name: run.class_names if name == first else () for name in objectives}


def _located(evaluation: Evaluation, split: PreparedSplit) -> Evaluation:
    """The evaluation, whose mistakes say what file or row they are of."""
    if isinstance(evaluation, Regression):
        return evaluation
    mistakes = (replace(each, where=split.describe(each.index)) for each in evaluation.mistakes)
    return replace(evaluation, mistakes=tuple(mistakes))


# --- files ----------------------------------------------------------------------------------------


def save_evaluation(folder: Path, evaluation: RunEvaluation, split: PreparedSplit) -> list[Path]:
    """Write `evaluation.json` and the pictures; the pictures that there are.

    Those of an earlier evaluation go, so that all that is there belongs together.
    Raises `SpecError` (`unwritable`).
    """
    drawn = {
        picture_path(folder, evaluation, output, kind): data
        for output, each in evaluation.outputs.items()
        for kind, data in _pictures(each, split)
    }
    text = json.dumps(evaluation.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / "evaluation.json", f"{text}\n".encode())
    for path, data in drawn.items():
        write_atomically(path, data)
    for output, kind in product(evaluation.outputs, PICTURES):
        stale = picture_path(folder, evaluation, output, kind)
        if stale not in drawn:
            stale.unlink(missing_ok=True)
    return list(drawn)


def picture_path(folder: Path, evaluation: RunEvaluation, output: str, kind: str) -> Path:
    """`confusion.png`, or `age_confusion.png` where there are several outputs."""
    prefix = f"{output}_" if len(evaluation.outputs) > 1 else ""
    return folder / f"{prefix}{kind}.png"


def _pictures(evaluation: Evaluation, split: PreparedSplit) -> Iterator[tuple[str, bytes]]:
    from specc.reports import plots

    if isinstance(evaluation, Regression):
        yield "regression", plots.regression(evaluation)
        return
    if evaluation.confusion is not None:
        yield "confusion", plots.confusion(evaluation)
    if evaluation.roc:
        yield "roc", plots.roc(evaluation)
    pictures = [split.picture(mistake.index) for mistake in evaluation.mistakes]
    shown = [picture for picture in pictures if picture is not None]
    if shown and len(shown) == len(pictures):
        yield "mistakes", plots.mistakes(shown, evaluation.mistakes)


def load_evaluation(folder: Path) -> RunEvaluation | None:
    """What `evaluation.json` in a run's folder says; None if there is none.

    Raises `SpecError` (`not-a-run`) for a file that specc did not write so.
    """
    from pydantic import TypeAdapter, ValidationError

    from specc.training.folder import not_a_run

    path = folder / "evaluation.json"
    try:
        return TypeAdapter(RunEvaluation).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise not_a_run(path, error.strerror or str(error)) from None
    except ValidationError as error:
        raise not_a_run(path, printable(error.errors()[0]["msg"])) from None
