"""How long work shows itself: a bar with the time left on a terminal; of a run, a line an epoch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

T = TypeVar("T")

HIDDEN = ("epoch", "learning_rate", "seconds")
"""Columns of the history that a line does not show as metrics."""


@dataclass(slots=True)
class PlainProgress:
    """A line for each epoch: for files, pipes and logs."""

    epochs: int = 0

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        self.epochs = epochs

    def stepped(self, step: int, logs: Mapping[str, float] | None) -> None:
        pass

    def epoch_ended(self, row: Mapping[str, float], best: bool) -> None:
        typer.echo(epoch_line(row, self.epochs, best))


@dataclass(slots=True)
class BarProgress:
    """The same lines, and below them a bar for the epoch under way."""

    bar: Bar
    task: TaskID
    epochs: int = 0

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        self.epochs = epochs
        description = f"epoch {epoch}/{epochs}"
        self.bar.reset(self.task, total=steps, completed=done, description=description, logs="")

    def stepped(self, step: int, logs: Mapping[str, float] | None) -> None:
        if logs is not None:
            self.bar.update(self.task, completed=step, logs=metrics_text(logs))

    def epoch_ended(self, row: Mapping[str, float], best: bool) -> None:
        self.bar.console.print(epoch_line(row, self.epochs, best), highlight=False)


@contextmanager
def shown_progress() -> Generator[PlainProgress | BarProgress]:
    """Where a run reports to while it trains."""
    if not sys.stdout.isatty():
        yield PlainProgress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[logs]}"),
    )
    with Bar(*columns, transient=True) as bar:
        yield BarProgress(bar, bar.add_task("", logs=""))


@contextmanager
def counted(items: Iterable[T], total: Callable[[], int]) -> Generator[Iterable[T]]:
    """The items, with a bar on stderr for those that were taken.

    There is none if nobody looks, or if the results that appear on the terminal tell as much.
    total: how many items there will be; asked only for a bar.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        yield bar.track(items, total=total())


def epoch_line(row: Mapping[str, float], epochs: int, best: bool) -> str:
    """`epoch  3/10  loss 0.3744  accuracy 0.8651  val_loss 0.3981  12.3 s  best`."""
    number = f"{int(row['epoch']):{len(str(epochs))}}/{epochs}"
    shown = {name: value for name, value in row.items() if name not in HIDDEN}
    line = f"epoch {number}  {metrics_text(shown)}  {row['seconds']:.1f} s"
    return f"{line}  best" if best else line


def metrics_text(logs: Mapping[str, float]) -> str:
    """`loss 0.3744  accuracy 0.8651`."""
    return "  ".join(f"{name} {_number(value)}" for name, value in logs.items())


def _number(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"
