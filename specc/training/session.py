"""A run from its start to its end: data, engine, folder and loop brought together.

What can be wrong is looked for in the order of its price: the spec, the run folder, the data, and
only then a framework is imported and a device taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from specc.backend import load_training_backend
from specc.data.loading import Loader
from specc.data.opening import open_data
from specc.data.rescaling import rescales
from specc.diagnostics import SpecError
from specc.locating import run_folder
from specc.training.checkpoint import load_checkpoint
from specc.training.engine import Engine, Plan, Strategy
from specc.training.folder import RunFolder, Status
from specc.training.interruption import Interrupted, interruptible
from specc.training.loop import Loop, Observer
from specc.training.monitors import Best, Plateau, Stopping
from specc.training.objectives import Objective, directions, objectives
from specc.training.run import Run, create_run, open_run, require_free, resume_run
from specc.training.store import FolderStore
from specc.weights import load_weights

if TYPE_CHECKING:
    from specc.backend import Arrays
    from specc.data.dataset import Dataset, PreparedSplit
    from specc.data.document import Data
    from specc.network import Network
    from specc.training.document import Train
    from specc.training.metrics import Direction


class Kept(TypedDict):
    """What a run's folder keeps of how it is trained."""

    backend: str
    train: Train
    data: Data
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be trained, with what, and where it is kept.

    folder: of the run. resume: whether it goes on with the run that is there.
    weights: to start from; None draws the spec's initial ones from `train.seed`.
    devices, strategy, accelerator: see `specc.training.engine.Plan`.
    workers: threads that prepare batches; None is as many as help.
    """

    network: Network
    backend: str
    folder: Path
    resume: bool = False
    weights: Path | None = None
    devices: int | None = None
    strategy: Strategy = "auto"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    workers: int | None = None
    tensorboard: bool = False

    def run(self, observer: Observer) -> Run:
        """Train to the end; the run as it then stands in its folder.

        Raises `Interrupted` when asked to stop, and `SpecError`; what was learnt is saved then, and
        `run.json` says what happened.
        """
        train, data = self._declared()
        backend = load_training_backend(self.backend)
        resumes = self.resume and run_folder(self.folder) is not None
        if not resumes:
            require_free(self.folder)
        found = objectives(self.network.graph, train)
        dataset = open_data(data, self.network.inputs, found, rescales=rescales(self.network.graph))
        training = _require_training(dataset, train)
        kept = self._kept(train, data, dataset)
        if resumes:
            resume_run(self.folder, self.network, **kept)
        steps = Loader(training, train.batch_size).steps
        engine = backend.engine(self._plan(train, found, steps))
        try:
            if not (resumes or engine.rank):
                create_run(
                    self.folder,
                    self.network,
                    preprocessing=dataset.preprocessing,
                    device=engine.device,
                    precision=engine.precision,
                    **kept,
                )
            self._train(engine, train, found, dataset, observer)
        finally:
            engine.close()
        return open_run(self.folder)

    def _declared(self) -> tuple[Train, Data]:
        train, data = self.network.train, self.network.data
        if train is None:
            message = f"the spec `{self.network.name}` does not say how it is trained"
            raise SpecError.of("no-training", message, help="add a section `train`")
        if data is None:
            message = f"the spec `{self.network.name}` does not say what data it is trained on"
            raise SpecError.of("no-training", message, help="give --data PATH")
        return train, data

    def _plan(self, train: Train, found: dict[str, Objective], steps: int) -> Plan:
        return Plan(
            self.network.graph,
            train,
            found,
            self._weights(train.seed),
            steps,
            self.devices,
            self.strategy,
            self.accelerator,
        )

    def _weights(self, seed: int) -> Arrays:
        if self.weights is None:
            return self.network.initial_weights(seed)
        return load_weights(self.weights, self.network.graph.weights)

    def _kept(self, train: Train, data: Data, dataset: Dataset) -> Kept:
        return Kept(backend=self.backend, train=train, data=data, class_names=dataset.class_names)

    def _train(
        self,
        engine: Engine,
        train: Train,
        found: dict[str, Objective],
        dataset: Dataset,
        observer: Observer,
    ) -> None:
        """Let the loop run, from the checkpoint if there is one; the first process writes."""
        folder = RunFolder(self.folder)
        store = FolderStore(folder, self.tensorboard) if engine.rank == 0 else None
        loop = self._loop(engine, train, found, dataset, store, observer)
        if self.resume and folder.checkpoint.exists():
            loop.resume(load_checkpoint(folder.checkpoint))
        _run(loop, store)

    def _loop(
        self,
        engine: Engine,
        train: Train,
        found: dict[str, Objective],
        dataset: Dataset,
        store: FolderStore | None,
        observer: Observer,
    ) -> Loop:
        assert dataset.train is not None
        names = directions(found)
        validates = dataset.validation is not None
        stopping, plateau = train.early_stopping, train.reduce_lr_on_plateau
        return Loop(
            engine,
            train,
            self._loader(engine, dataset.train, train, shuffle=True),
            self._loader(engine, dataset.validation, train) if dataset.validation else None,
            _best(train.checkpoint.monitor, train.checkpoint.mode, names, validates),
            stopping
            and Stopping(
                stopping,
                _best(stopping.monitor, stopping.mode, names, validates, stopping.min_delta),
            ),
            plateau
            and Plateau(
                plateau, _best(plateau.monitor, plateau.mode, names, validates, plateau.min_delta)
            ),
            store,
            observer,
        )

    def _loader(
        self, engine: Engine, split: PreparedSplit, train: Train, *, shuffle: bool = False
    ) -> Loader:
        return Loader(
            split,
            train.batch_size,
            train.seed,
            shuffle,
            engine.rank,
            engine.world,
            _class_weight(train, split) if shuffle else None,
            self.workers,
        )


def _run(loop: Loop, store: FolderStore | None) -> None:
    """Let the loop run; how it ended is noted in the run's record."""
    status: Status = "failed"
    reason = ""
    try:
        with interruptible() as interruption:
            loop.interruption = interruption
            loop.run()
        status, reason = "completed", loop.progress.stopped
    except Interrupted:
        status = "interrupted"
        raise
    except SpecError as error:
        reason = error.report.diagnostics[0].message
        raise
    finally:
        if store is not None:
            store.close(status, reason, loop.progress.history)


def _require_training(dataset: Dataset, train: Train) -> PreparedSplit:
    """The examples to train on. Raises `SpecError` where there are none, or nothing to monitor."""
    if dataset.train is None:
        message = "the data has no examples to train on"
        raise SpecError.of("data-not-found", message, help="is this the test part alone?")
    parts = (train.checkpoint, train.early_stopping, train.reduce_lr_on_plateau)
    asked = [part.monitor for part in parts if part and "monitor" in part.model_fields_set]
    for monitor in asked:
        if monitor.startswith("val_") and not dataset.validation:
            message = f"`{monitor}` is watched, and the data has no validation examples"
            help = "keep some for it: --set data.validation_split=0.1"
            raise SpecError.of("unknown-monitor", message, help=help)
    return dataset.train


def _best(
    monitor: str, mode: str, names: dict[str, Direction], validates: bool, min_delta: float = 0.0
) -> Best:
    """What is watched: where there is no validation, the same of the training."""
    name = monitor.removeprefix("val_")
    direction = names[name] if mode == "auto" else mode
    assert direction == "min" or direction == "max"
    return Best(monitor if validates else name, direction, min_delta)


def _class_weight(train: Train, split: PreparedSplit) -> tuple[float, ...] | None:
    """The weight of each class; balanced: examples / (classes · examples of the class)."""
    import numpy as np

    if train.class_weight != "balanced":
        return train.class_weight
    labels = split.labels()
    assert labels is not None, "the static check lets class weights through for classes only"
    counts = np.bincount(labels)
    return tuple((len(labels) / (len(counts) * np.maximum(counts, 1))).tolist())
