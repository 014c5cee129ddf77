"""The command that predicts, and the forms in which it tells what it found.

Predictions are told as they are made, in each of the forms: nothing is kept.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from itertools import islice
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from specc.source import escaped
from specc.wording import count

from .console import working
from .options import AsJson
from .progress import counted

if TYPE_CHECKING:
    from specc.diagnostics import SpecError
    from specc.inference.predictions import Kind, Prediction
    from specc.inference.sources import Source

    Row = tuple[str, str, str]


class Format(StrEnum):
    """`--format`: for people, or for programs."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    json = "json"


Model = Annotated[
    Path, typer.Argument(metavar="MODEL.onnx|RUN", help="An ONNX model, or the folder of a run.")
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Images, folders of them, patterns such as 'photos/**/*.jpg', .npy arrays of one "
        "example or a batch, laid out as the model's input or with channels last; - is stdin. "
        "Bytes are scaled as pixels are, other numbers are taken as they are.",
    ),
]
TopK = Annotated[int, typer.Option("--top-k", min=1, help="How many classes to show.")]
Batch = Annotated[
    int,
    typer.Option(
        min=1, help="How many examples are run together; a model of a fixed batch runs by that."
    ),
]
Form = Annotated[
    Format | None,
    typer.Option("--format", help="A table; a JSON object a line; CSV, a row a class; or JSON."),
]
Provider = Annotated[
    str, typer.Option(metavar="NAME", help="What runs the model: cpu, cuda, tensorrt, coreml, …")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="What one run may use; default: a thread for each core.")
]
Scale = Annotated[
    float | None,
    typer.Option(
        help="What an image's 0…255 are multiplied by; default: what the model says, else 1 if it "
        "begins with a rescaling of its own, else 1/255."
    ),
]


def predict(
    model: Model,
    inputs: Inputs,
    top_k: TopK = 5,
    batch: Batch = 32,
    form: Form = None,
    as_json: AsJson = False,
    provider: Provider = "cpu",
    threads: Threads = None,
    scale: Scale = None,
) -> None:
    """Classify images or arrays with an ONNX model or a run's best weights, in onnxruntime.

    An image is converted to the model's number of channels and resized to its size. A model that
    was exported from a run prepares it as in training, and names the classes. What cannot be read
    is told on stderr, the others go on, and the exit status is 1.
    """
    from specc.inference.predictor import Predictor
    from specc.inference.sources import sources

    if as_json and form not in (None, Format.json):
        raise typer.BadParameter(f"it contradicts --format {form}", param_hint="--json")
    form = Format.json if as_json else form or Format.table
    with working("Loading the model"):
        predictor = Predictor(model, provider=provider, threads=threads, scale=scale)
    given = [_stdin() if each == "-" else each for each in inputs]
    tally = _Tally()
    with counted(sources(given), lambda: sum(1 for _ in sources(given))) as shown:
        found = predictor(shown, top_k=top_k, batch_size=batch, on_error=tally.fail)
        for text in _told(tally.watch(found), form, batch):
            typer.echo(text, nl=False)
    tally.exit_if_failed()


def _stdin() -> Source:
    from specc.inference.sources import Source

    return Source("stdin", sys.stdin.buffer.read())


@dataclass(slots=True)
class _Tally:
    """How many inputs were predicted, and how many were not, which it tells as it comes to them."""

    predicted: int = 0
    failed: int = 0

    def fail(self, error: SpecError) -> None:
        self.failed += 1
        for fault in error.report.diagnostics:
            line = "; ".join(filter(None, (str(fault), fault.help)))
            sys.stderr.write(f"{line}\n")  # which a bar puts above itself; `typer.echo` does not

    def watch(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        for self.predicted, prediction in enumerate(predictions, 1):
            yield prediction

    def exit_if_failed(self) -> None:
        if not self.failed:
            return
        failed = count(self.failed, "input")
        typer.echo(f"{failed} could not be predicted, {self.predicted:,} could", err=True)
        raise typer.Exit(1)


def _told(predictions: Iterator[Prediction], form: Format, batch: int) -> Iterator[str]:
    """The predictions in one of the forms, in pieces. batch: how many are made at a time."""
    match form:
        case Format.table:
            return _as_table(predictions, batch)
        case Format.jsonl:
            return (f"{json.dumps(each.as_json())}\n" for each in predictions)
        case Format.csv:
            return _as_csv(predictions)
        case Format.json:
            return _as_json(predictions)


def _as_table(predictions: Iterator[Prediction], batch: int) -> Iterator[str]:
    """A row for each class in columns, which may grow from batch to batch."""
    from specc.rendering import columns_of

    name = label = amount = 0
    while block := list(islice(predictions, batch)):
        rows = [row for prediction in block for row in _rows(prediction)]
        if not name:
            rows.insert(0, _HEADERS[block[0].kind])
        names, labels, amounts = zip(*rows, strict=True)
        name = max(name, *map(columns_of, names))
        label = max(label, *map(columns_of, labels))
        amount = max(amount, *map(len, amounts))
        for row in rows:
            gaps = (name - columns_of(row[0])) * " ", (label - columns_of(row[1])) * " "
            yield f"{row[0]}{gaps[0]}  {row[1]}{gaps[1]}  {row[2]:>{amount}}\n"


_HEADERS: dict[Kind, Row] = {
    "probability": ("input", "class", "probability"),
    "score": ("input", "class", "score"),
    "value": ("input", "output", "value"),
}


def _rows(prediction: Prediction) -> Iterator[Row]:
    """The name of the input stands in the first row only."""
    for rank, score in enumerate(prediction.scores):
        name = "" if rank else escaped(prediction.input)
        yield name, score.label, prediction.amount(score)


def _as_csv(predictions: Iterator[Prediction]) -> Iterator[str]:
    yield "input,rank,class,name,score\n"
    for prediction in predictions:
        stream = StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        for rank, score in enumerate(prediction.scores, 1):
            writer.writerow([prediction.input, rank, *score.as_json().values()])
        yield stream.getvalue()


def _as_json(predictions: Iterator[Prediction]) -> Iterator[str]:
    """One list, as `json.dumps` writes it."""
    before = "[\n"
    for prediction in predictions:
        yield before + indent(json.dumps(prediction.as_json(), indent=2), "  ")
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"
