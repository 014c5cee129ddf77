"""What a run writes as it goes on: weights, history, curves and the checkpoint, into its folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specc.files import write_atomically
from specc.training.checkpoint import Checkpoint, save_checkpoint
from specc.weights import save_weights

if TYPE_CHECKING:
    from specc.training.folder import Row, RunFolder, Status
    from specc.training.monitors import Best

CURVES_SECONDS = 30.0
"""The curves are drawn anew at most so often, so that drawing never costs what training does."""


@dataclass(slots=True)
class FolderStore:
    """A `specc.training.loop.Store` in the folder of a run.

    tensorboard: whether the logs are also written as TensorBoard reads them.
    """

    folder: RunFolder
    tensorboard: bool = False
    _drawn: float = 0.0
    _writer: Any = None

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        save_checkpoint(self.folder.checkpoint, checkpoint)

    def save_epoch(self, checkpoint: Checkpoint, best: Best, *, improved: bool) -> None:
        # The checkpoint comes last: a run that is killed before it makes the epoch again, and
        # writes the other files as they are.
        progress = checkpoint.progress
        if improved:
            save_weights(self.folder.best, checkpoint.weights)
        save_weights(self.folder.last, checkpoint.weights)
        self.folder.write_history(progress.history)
        self.folder.update_record(epochs=progress.epoch, best=_best_epoch(best))
        self._log(progress.history[-1])
        if time.monotonic() - self._drawn > CURVES_SECONDS:
            self._draw_curves(progress.history)
        save_checkpoint(self.folder.checkpoint, checkpoint)

    def restore_best(self) -> None:
        """Let the last weights be the best ones."""
        write_atomically(self.folder.last, self.folder.best.read_bytes())

    def close(self, status: Status, reason: str, history: list[Row]) -> None:
        """The end of the run, however it came: its record, the curves, the report."""
        from specc.reports.html import write_report
        from specc.training.run import open_run

        self.folder.update_record(status=status, reason=reason)
        if history:
            self._draw_curves(history)
            write_report(open_run(self.folder.path))

    def _draw_curves(self, history: list[Row]) -> None:
        from specc.reports.plots import curves

        write_atomically(self.folder.curves, curves(history))
        self._drawn = time.monotonic()

    def _log(self, row: dict[str, float]) -> None:
        """One point of each curve of TensorBoard, at the epoch's number."""
        if not self.tensorboard:
            return
        if self._writer is None:
            from tensorboard.summary import Writer  # pyright: ignore[reportMissingTypeStubs]

            self._writer = Writer(str(self.folder.path / "tensorboard"))
        for name, value in row.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, int(row["epoch"]))
        self._writer.flush()


def _best_epoch(best: Best) -> dict[str, Any] | None:
    if best.value is None:
        return None
    return {"epoch": best.epoch, "monitor": best.monitor, "value": best.value}
