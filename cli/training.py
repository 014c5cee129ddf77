"""The command that trains: train."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import import_keras
from .options import Settings, Spec, parse_overrides

if TYPE_CHECKING:
    from specc.network import Network
    from specc.training.run import Run


class Strategy(StrEnum):
    """`--strategy`: how several devices share the work."""

    auto = "auto"
    ddp = "ddp"
    fsdp = "fsdp"


class Accelerator(StrEnum):
    """`--accelerator`."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


DataPath = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="The examples; default: what the spec names."),
]
BackendName = Annotated[
    str | None,
    typer.Option("--backend", metavar="NAME", help="pytorch or keras; default: what is installed."),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="RUN", help="The run's folder; default: runs/NAME."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that is in the folder.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Short for --set train.epochs=N.")]
FirstWeights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE|RUN",
        help="Weights that a new run starts from: safetensors, or the best of another run.",
    ),
]
Devices = Annotated[int | None, typer.Option(min=1, help="How many devices share each batch.")]
Workers = Annotated[
    int | None, typer.Option(min=0, help="Threads that prepare batches; default: what helps.")
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write the logs for TensorBoard too.")
]


def train(
    spec: Spec,
    data: DataPath = None,
    backend: BackendName = None,
    output: Output = None,
    resume: Resume = False,
    epochs: Epochs = None,
    weights: FirstWeights = None,
    devices: Devices = None,
    strategy: Strategy = Strategy.auto,
    accelerator: Accelerator = Accelerator.auto,
    workers: Workers = None,
    tensorboard: TensorBoard = False,
    settings: Settings = None,
) -> None:
    """Train the network as its spec says; everything goes into the folder of the run.

    SPEC may be the folder of a run, to go on with it (--resume) or to train the same anew.
    Ctrl+C saves and ends after the step under way.
    """
    from specc.locating import run_folder
    from specc.training.interruption import Interrupted
    from specc.training.processes import is_first, said_once
    from specc.training.run import default_run_path
    from specc.training.session import Session

    from .progress import shown_progress

    with said_once():
        network = _network(spec, data, epochs, settings)
        source = run_folder(spec)
        backend = backend or (source.read_record().backend if source else _installed())
    folder = output or (Path(spec) if resume and source else default_run_path(network.name))
    session = Session(
        network,
        backend,
        folder,
        resume=resume,
        weights=weights,
        devices=devices,
        strategy=strategy.value,
        accelerator=accelerator.value,
        workers=workers,
        tensorboard=tensorboard,
    )
    if session.backend == "keras":
        import_keras()
    try:
        with shown_progress() as progress:
            run = session.run(progress)
    except Interrupted:
        if not is_first():
            raise typer.Exit from None
        typer.echo(f"interrupted; go on with: specc train {folder} --resume", err=True)
        raise typer.Exit(130) from None
    if is_first():
        _tell(run)


def _network(
    spec: str, data: Path | None, epochs: int | None, settings: list[str] | None
) -> Network:
    """The checked network, with what the command line says over its sections."""
    from specc.data.opening import with_path
    from specc.network import load

    given = [] if epochs is None else [f"train.epochs={epochs}"]
    network = load(spec, **parse_overrides([*(settings or ()), *given]))
    return network if data is None else replace(network, data=with_path(network.data, str(data)))


def _installed() -> str:
    """PyTorch, unless only Keras has all that it trains with."""
    from importlib.util import find_spec

    missing = find_spec("torch") is None or find_spec("lightning_fabric") is None
    return "keras" if missing and find_spec("keras") is not None else "pytorch"


def _tell(run: Run) -> None:
    best: Any = run.record.best
    if run.record.reason:
        typer.echo(f"stopped after epoch {run.record.epochs}: {run.record.reason}", err=True)
    if best is not None:
        typer.echo(f"best: epoch {best.epoch}, {best.monitor} {best.value:.4f}", err=True)
    typer.echo(f"wrote {run.path}; look at {run.folder.report}", err=True)
