"""The files of a run: their names, `run.json` and the history.

Every file is replaced whole, so that a run killed at any moment leaves a folder that can be read.
`run.json` makes a folder a run.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from specc.data.preparing import Preprocessing
from specc.diagnostics import SpecError
from specc.files import write_atomically
from specc.source import printable

Row = dict[str, float]
"""One epoch of the history."""

Status = Literal["running", "interrupted", "failed", "completed"]


class BestEpoch(BaseModel):
    """The epoch whose weights are kept as the best, from 1, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    monitor: str
    value: float


class Record(BaseModel):
    """`run.json`.

    created: when the run began, UTC, ISO 8601.
    reason: why it failed, or ended before the last epoch; empty if there is nothing to say.
    epochs: how many are finished.
    precision: what was chosen for `auto`. device: in words.
    spec_sha256: of `spec.yaml`.
    environment: the versions of all that took part, by distribution, and the platform.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    backend: str
    created: str
    status: Status = "running"
    reason: str = ""
    epochs: int = 0
    best: BestEpoch | None = None
    device: str = ""
    precision: str = ""
    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    spec_sha256: str
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of a run, by name. Writing raises `SpecError` (`unwritable`)."""

    path: Path

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def spec(self) -> Path:
        return self.path / "spec.yaml"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def best(self) -> Path:
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.safetensors"

    @property
    def curves(self) -> Path:
        return self.path / "curves.png"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def weights(self) -> Path:
        """The best weights, or the last ones of a run that kept no best.

        Raises `SpecError` (`file-not-found`) if no epoch was finished.
        """
        for path in (self.best, self.last):
            if path.is_file():
                return path
        message = f"the run {printable(str(self.path))} has no weights yet: no epoch was finished"
        raise SpecError.of("file-not-found", message, help="train it, or give --weights FILE")

    def read_record(self) -> Record:
        """What `run.json` says. Raises `SpecError` (`not-a-run`)."""
        try:
            return Record.model_validate_json(self.record.read_bytes())
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(map(str, fault["loc"]))
            raise not_a_run(
                self.record, f"{place}: {fault['msg']}" if place else fault["msg"]
            ) from None
        except OSError as error:
            raise not_a_run(self.record, error.strerror or str(error)) from None

    def write_record(self, record: Record) -> None:
        write_atomically(self.record, record.model_dump_json(indent=2).encode() + b"\n")

    def update_record(self, **fields: Any) -> Record:
        """Change some fields of `run.json`; what it then says."""
        known = self.read_record()
        record = Record.model_validate(known.model_dump() | fields)
        self.write_record(record)
        return record

    def write_spec(self, text: str) -> None:
        write_atomically(self.spec, text.encode())

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write all rows; the columns are in the order in which rows have them."""
        columns = dict.fromkeys(name for row in rows for name in row)
        text = StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.history, text.getvalue().encode())

    def read_history(self) -> list[Row]:
        """The rows of the history; none before the first epoch ended.

        Raises `SpecError` (`not-a-run`) if they are no numbers.
        """
        try:
            with self.history.open(encoding="utf-8", newline="") as file:
                return [_row(cells) for cells in csv.DictReader(file)]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
            raise not_a_run(self.history, str(error)) from None


def not_a_run(path: Path, reason: str) -> SpecError:
    """The error for a file of a run that is not as specc writes it."""
    message = f"{printable(str(path), 200)} cannot be read: {printable(reason, 200)}"
    help = "specc writes it whole: it was changed or damaged later, or is of another version"
    return SpecError.of("not-a-run", message, help=help)


def _row(cells: Mapping[str, str]) -> Row:
    """One row: whole numbers as such, and nothing for an empty cell."""
    return {name: _number(text) for name, text in cells.items() if text}


def _number(text: str) -> float:
    return int(text) if text.isdigit() else float(text)
