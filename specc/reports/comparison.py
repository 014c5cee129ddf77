"""Several runs beside each other: a table, and their curves over each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.diagnostics import SpecError
from specc.files import write_atomically
from specc.reports.evaluation import finite
from specc.reports.html import page, picture, section, table
from specc.reports.plots import comparison as draw
from specc.reports.plots import logged
from specc.reports.tables import UNDEFINED, Table, duration, number
from specc.wording import count, listing

if TYPE_CHECKING:
    from specc.training.run import Run


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run in a comparison.

    name: the shortest end of its path that no other run has.
    best_epoch, monitor, best: None if no epoch was the best yet.
    loss, val_loss: of the last epoch. seconds: of all epochs.
    """

    name: str
    network: str
    backend: str
    epochs: int
    best_epoch: int | None
    monitor: str | None
    best: float | None
    loss: float | None
    val_loss: float | None
    parameters: int
    seconds: float
    device: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several runs, and the logs that all of them have, without those that validation adds."""

    runs: tuple[ComparedRun, ...]
    logs: tuple[str, ...]
    histories: Mapping[str, Sequence[Mapping[str, float]]]

    def as_json(self) -> dict[str, Any]:
        """The table as data, and the histories by the runs' names; null is what is not finite."""
        return {
            "runs": [asdict(run) for run in self.runs],
            "logs": list(self.logs),
            "histories": {
                run: [{name: finite(value) for name, value in row.items()} for row in rows]
                for run, rows in self.histories.items()
            },
        }

    def table(self) -> Table:
        """A row for each run, as text."""
        header = ("run", "network", "backend", "epochs", "best epoch", "best", "val_loss")
        return [(*header, "parameters", "time", "device"), *map(_row, self.runs)]

    def png(self) -> bytes:
        """The curves over each other."""
        return draw(self.histories, self.logs)

    def html(self, curves: bytes) -> str:
        """A page that opens anywhere. curves: what `png` gives."""
        names = ", ".join(run.name for run in self.runs)
        heading = f'<h1>{count(len(self.runs), "run")}</h1>\n<p class="quiet">{escape(names)}</p>'
        drawn = picture(curves, "the curves of the runs over each other")
        sections = [heading, section("Runs", table(*self.table())), section("Training", drawn)]
        return page(f"{names} · comparison", sections)

    def write(self, path: Path) -> Path:
        """Write the page to `path` and the curves beside it, whose path comes back.

        Raises `SpecError` (`unwritable`).
        """
        curves, beside = self.png(), curves_beside(path)
        write_atomically(path, self.html(curves).encode())
        write_atomically(beside, curves)
        return beside


def curves_beside(page: Path) -> Path:
    """Where the curves of a page go."""
    return page.with_suffix(".png")


def compare(runs: Sequence[Run]) -> Comparison:
    """The comparison of at least two runs.

    Raises `SpecError` (`nothing-to-compare`) for a run without a finished epoch, and for runs that
    have no log in common.
    """
    names = _names([run.path.resolve() for run in runs])
    for name, run in zip(names, runs, strict=True):
        if not run.history:
            message = f"the run {name} has no finished epoch"
            raise SpecError.of("nothing-to-compare", message, help="train it, or leave it out")
    return Comparison(
        tuple(_compared(name, run) for name, run in zip(names, runs, strict=True)),
        _common_logs({name: run.history for name, run in zip(names, runs, strict=True)}),
        {name: run.history for name, run in zip(names, runs, strict=True)},
    )


def _names(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart; equal paths are numbered."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = [os.path.join(*path.parts[-length:]) for path in paths]  # noqa: PTH118
        if len(set(names)) == len(set(paths)):
            return [_numbered(names, index) for index in range(len(names))]
    raise AssertionError("whole paths tell paths apart")


def _numbered(names: Sequence[str], index: int) -> str:
    earlier = names[:index].count(names[index])
    return f"{names[index]} ({earlier + 1})" if earlier else names[index]


def _common_logs(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> tuple[str, ...]:
    """The logs of the first run that all others have too."""
    known = [logged(history) for history in histories.values()]
    common = tuple(name for name in known[0] if all(name in names for names in known))
    if common:
        return common
    found = "; ".join(
        listing(f"{run} has", names) for run, names in zip(histories, known, strict=True)
    )
    message = f"the runs have no loss or metric in common: {found}"
    raise SpecError.of("nothing-to-compare", message, help="compare runs of one kind of task")


def _compared(name: str, run: Run) -> ComparedRun:
    best, last = run.record.best, run.history[-1]
    return ComparedRun(
        name=name,
        network=run.network.name,
        backend=run.backend,
        epochs=len(run.history),
        best_epoch=best.epoch if best else None,
        monitor=best.monitor if best else None,
        best=best.value if best else None,
        loss=finite(last.get("loss")),
        val_loss=finite(last.get("val_loss")),
        parameters=run.network.parameters,
        seconds=sum(row.get("seconds", 0.0) for row in run.history),
        device=run.record.device,
    )


def _row(run: ComparedRun) -> tuple[str, ...]:
    best = UNDEFINED if run.best is None else f"{run.monitor} {number(run.best)}"
    return (
        run.name,
        run.network,
        run.backend,
        str(run.epochs),
        UNDEFINED if run.best_epoch is None else str(run.best_epoch),
        best,
        number(run.val_loss),
        f"{run.parameters:,}",
        duration(run.seconds),
        run.device,
    )
