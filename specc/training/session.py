"""A run from its start to its end: data, engine, folder and loop brought together.

What can be wrong is looked for in the order of its price: the spec, the run folder, the data, and
only then a device is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from specc.backend import load_training_backend
from specc.data.loading import Loader
from specc.data.opening import open_data
from specc.data.rescaling import rescales
from specc.data.targets import class_weights
from specc.diagnostics import SpecError
from specc.locating import run_folder
from specc.training.checkpoint import load_checkpoint
from specc.training.engine import Engine, Plan, Strategy
from specc.training.folder import RunFolder, Status
from specc.training.interruption import Interrupted, interruptible
from specc.training.loop import Loop, Observer, Unwatched
from specc.training.monitors import Monitors
from specc.training.objectives import Objective, directions, objectives
from specc.training.processes import agreed, said_once
from specc.training.run import (
    Run,
    create_run,
    open_run,
    require_free,
    require_resumable,
    resume_run,
)
from specc.training.store import FolderStore
from specc.weights import load_weights

if TYPE_CHECKING:
    from specc.backend import Arrays
    from specc.data.dataset import Dataset, PreparedSplit
    from specc.data.document import Data
    from specc.network import Network
    from specc.training.document import Train


class Kept(TypedDict):
    """What the folder of a run keeps of how it is trained."""

    backend: str
    train: Train
    data: Data
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a run is made of, checked and opened."""

    train: Train
    data: Data
    objectives: Mapping[str, Objective]
    dataset: Dataset
    training: PreparedSplit

    @classmethod
    def of(cls, network: Network) -> Material:
        """What the spec of `network` names. Raises `SpecError` for what is missing or unfit."""
        train, data = _declared(network)
        found = objectives(network.graph, train)
        dataset = open_data(data, network.inputs, found, rescales=rescales(network.graph))
        return cls(train, data, found, dataset, _examples(dataset, train))

    def loader(self, engine: Engine, split: PreparedSplit, workers: int | None) -> Loader:
        """The engine's share of the batches of a split; only the training's are in random order."""
        training = split is self.training
        return Loader(
            split,
            self.train.batch_size,
            self.train.seed,
            shuffle=training,
            rank=engine.rank,
            world=engine.world,
            class_weight=self._class_weight() if training else None,
            workers=workers,
        )

    def _class_weight(self) -> tuple[float, ...] | None:
        if self.train.class_weight != "balanced":
            return self.train.class_weight
        labels = self.training.labels()
        assert labels is not None, "the static check lets class weights through for classes only"
        return class_weights(labels, len(self.dataset.class_names))


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be trained, with what, and where it is kept.

    folder: of the run. resume: whether to go on with the run that is there, if there is one.
    weights: a file, or the folder of a run, to start from; None draws the spec's initial ones from
        `train.seed`. A run that goes on has its own.
    devices, strategy, accelerator: see `specc.training.engine.Plan`.
    workers: threads that prepare batches; None is as many as help.
    tensorboard: whether the logs are also written as TensorBoard reads them.
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
        `run.json` says what happened. Of several processes the first one is observed, and raises
        the faults of all; see `specc.training.loop`.
        """
        with said_once():
            resumes = self.resume and run_folder(self.folder) is not None
            material = self._material(resumes)
            engine = load_training_backend(self.backend).engine(self._plan(material))
        try:
            store = self._store() if engine.rank == 0 else None
            loop = self._loop(engine, material, store, observer)
            # All processes have looked for the folder by now: an engine begins where all are there.
            with agreed(engine):
                if resumes:
                    self._go_on(loop, material)
                elif engine.rank == 0:
                    self._create(engine, material)
            _run(loop, store)
            engine.any(False)  # Nobody opens the run before the first process has closed it.
        finally:
            engine.close()
        return open_run(self.folder)

    def _material(self, resumes: bool) -> Material:
        """What the run is made of, if its folder can be had."""
        if not resumes:
            require_free(self.folder)
        material = Material.of(self.network)
        if resumes:
            require_resumable(self.folder, self.network, **self._kept(material))
        return material

    def _plan(self, material: Material) -> Plan:
        train = material.train
        return Plan(
            self.network.graph,
            train,
            material.objectives,
            self._weights(train.seed),
            steps_per_epoch=Loader(material.training, train.batch_size).steps,
            devices=self.devices,
            strategy=self.strategy,
            accelerator=self.accelerator,
        )

    def _weights(self, seed: int) -> Arrays:
        if self.weights is None:
            return self.network.initial_weights(seed)
        run = run_folder(self.weights)
        return dict(load_weights(run.weights if run else self.weights, self.network.graph.weights))

    def _store(self) -> FolderStore:
        return FolderStore(RunFolder(self.folder), self.tensorboard)

    def _loop(
        self, engine: Engine, material: Material, store: FolderStore | None, observer: Observer
    ) -> Loop:
        """The loop at its start; the first process writes, and is observed."""
        validation = material.dataset.validation
        return Loop(
            engine,
            material.train,
            material.loader(engine, material.training, self.workers),
            None if validation is None else material.loader(engine, validation, self.workers),
            Monitors.of(
                material.train,
                directions(material.objectives),
                validates=validation is not None,
            ),
            store,
            Unwatched() if store is None else observer,
        )

    def _create(self, engine: Engine, material: Material) -> None:
        create_run(
            self.folder,
            self.network,
            preprocessing=material.dataset.preprocessing,
            device=engine.device,
            precision=engine.precision,
            **self._kept(material),
        )

    def _go_on(self, loop: Loop, material: Material) -> None:
        """Stand where the checkpoint was taken, if there is one yet; then the folder may say so."""
        checkpoint = RunFolder(self.folder).checkpoint
        if checkpoint.exists():
            loop.resume(load_checkpoint(checkpoint))
        if loop.store is not None:
            resume_run(
                self.folder,
                self.network,
                train=material.train,
                data=material.data,
                history=loop.progress.history,
            )

    def _kept(self, material: Material) -> Kept:
        return Kept(
            backend=self.backend,
            train=material.train,
            data=material.data,
            class_names=material.dataset.class_names,
        )


def _run(loop: Loop, store: FolderStore | None) -> None:
    """Let the loop run; how it ended is noted in the run's record."""
    status: Status = "failed"
    reason = ""
    try:
        with interruptible() as interruption:
            loop.interruption = interruption
            loop.run()
        rule = loop.train.early_stopping
        if store is not None and loop.progress.stopped and rule and rule.restore_best_weights:
            store.restore_best()
        status, reason = "completed", loop.progress.stopped
    except Interrupted:
        status = "interrupted"
        raise
    except SpecError as error:
        reason = error.report.diagnostics[0].message
        raise
    finally:
        # A full disk fails here once more, which says less than the first time.
        with suppress(SpecError) if status == "failed" else nullcontext():
            if store is not None:
                store.close(status, reason, loop.progress.history)


def _declared(network: Network) -> tuple[Train, Data]:
    """What the spec says of training and data. Raises `SpecError` (`no-training`)."""
    train, data = network.train, network.data
    if train is None:
        message = f"the spec `{network.name}` does not say how it is trained"
        raise SpecError.of("no-training", message, help="add a section `train`")
    if data is None:
        message = f"the spec `{network.name}` does not say what data it is trained on"
        raise SpecError.of("no-training", message, help="give --data PATH")
    return train, data


def _examples(dataset: Dataset, train: Train) -> PreparedSplit:
    """The examples to train on. Raises `SpecError` for none, or none to watch as the spec asks."""
    if dataset.train is None:
        message = "the data has no examples to train on"
        raise SpecError.of("data-not-found", message, help="is this the test part alone?")
    parts = (train.checkpoint, train.early_stopping, train.reduce_lr_on_plateau)
    asked = [part.monitor for part in parts if part and "monitor" in part.model_fields_set]
    for monitor in asked:
        if monitor.startswith("val_") and dataset.validation is None:
            message = f"`{monitor}` is watched, and the data has no validation examples"
            help = "keep some for it: --set data.validation_split=0.1"
            raise SpecError.of("unknown-monitor", message, help=help)
    return dataset.train
