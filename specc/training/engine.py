"""What a backend must do so that a model of it can be trained; the loop around it is shared.

An engine owns a native model, its optimizer and its metrics. It knows steps and batches; epochs,
validation, early stopping, saving and resuming are `specc.training.loop`'s, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.data.loading import Batch
    from specc.diagnostics import SpecError
    from specc.ir import Graph
    from specc.training.document import Train
    from specc.training.objectives import Objective

    Array = NDArray[Any]

Logs = dict[str, float]
"""Losses and metrics by name, as Keras names them; `val_` is the loop's to add."""

AfterStep = Callable[[int, Callable[[], Logs]], None]
"""Called after each step with its number in the epoch, from 1, and a function that reads the logs
so far: reading may wait for the device. It may raise, and the engine then stands after that step.
"""

Strategy = Literal["auto", "ddp", "fsdp"]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that an engine is made from.

    objectives: by output.
    weights: the first ones, by canonical key.
    steps_per_epoch: what schedules count epochs with.
    devices: how many of the accelerator's devices; None is the backend's choice.
    accelerator: `auto`, `cpu` or `gpu`.
    """

    graph: Graph
    train: Train
    objectives: Mapping[str, Objective]
    weights: Mapping[str, Array]
    steps_per_epoch: int
    devices: int | None = None
    strategy: Strategy = "auto"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"


class Engine(Protocol):
    """A model in training.

    rank, world: which of how many processes this is. Each sees its share of every batch; logs and
        weights come out the same in all.
    precision: what was chosen for `auto`: float32, bfloat16 or float16.
    device: in words, for the record: `cpu`, `NVIDIA H100`.
    """

    rank: int
    world: int
    precision: str
    device: str

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        ...

    def reduce_learning_rate(self, rate: float) -> None:
        """Go on with a constant rate: for `reduce_lr_on_plateau`."""
        ...

    def train(self, batches: Iterable[Batch], after_step: AfterStep, *, done: int = 0) -> Logs:
        """Train on the batches of one epoch, or on the rest of it, and give the epoch's logs.

        done: steps of this epoch that were made before; if it is not 0, the metrics go on from
            what `restore` brought, else they begin anew.
        """
        ...

    def evaluate(self, batches: Iterable[Batch]) -> Logs:
        """The losses and metrics on the batches, at inference."""
        ...

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """The outputs for each batch, by name, at inference; channels last, logits as logits."""
        ...

    def weights(self) -> dict[str, Array]:
        """The weights by canonical key, in canonical layout, float32."""
        ...

    def state(self) -> dict[str, Array]:
        """Everything else that the next step depends on, as arrays by name.

        The optimizer's state, the learning rate, random generators, the metrics so far.
        """
        ...

    def restore(self, weights: Mapping[str, Array], state: Mapping[str, Array]) -> None:
        """Stand where `weights` and `state` were taken: what follows is bit for bit the same."""
        ...

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any of the processes; all must ask."""
        ...

    def first(self, fault: SpecError | None) -> SpecError | None:
        """The fault of the first process that has one; all must ask."""
        ...

    def close(self) -> None:
        """Let go of processes and devices."""
        ...
