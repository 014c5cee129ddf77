"""What the section `train` of a spec may say: the words of Keras's `fit` and its callbacks."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from specc.training.losses import LossField
from specc.training.metrics import Metric, MetricField
from specc.training.optimizers import OptimizerField

Mode = Literal["auto", "min", "max"]

_MONITOR = "What is watched, by its name in the logs: `val_` for the validation's."
_MODE = "Whether less or more is better; auto: what the name says."


class _Section(BaseModel):
    """A part of `train`."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", defer_build=True, allow_inf_nan=False
    )


class EarlyStopping(_Section):
    """The training ends when what is watched gets no better."""

    monitor: str = Field(default="val_loss", description=_MONITOR)
    min_delta: float = Field(default=0.0, ge=0, description="The least change for the better.")
    patience: int = Field(
        default=0, ge=0, description="Epochs without a better one before the end."
    )
    mode: Mode = Field(default="auto", description=_MODE)
    baseline: float | None = Field(default=None, description="A value that must be passed.")
    restore_best_weights: bool = Field(
        default=False, description="Whether the last weights are those of the best epoch."
    )
    start_from_epoch: int = Field(default=0, ge=0, description="Epochs before the watch begins.")


class ReduceLROnPlateau(_Section):
    """The learning rate falls when what is watched gets no better."""

    monitor: str = Field(default="val_loss", description=_MONITOR)
    factor: float = Field(default=0.1, gt=0, lt=1, description="What the rate is multiplied by.")
    patience: int = Field(default=10, ge=0, description="Epochs without a better one before.")
    mode: Mode = Field(default="auto", description=_MODE)
    min_delta: float = Field(default=0.0001, ge=0, description="The least change for the better.")
    cooldown: int = Field(default=0, ge=0, description="Epochs after it that do not count.")
    min_lr: float = Field(default=0.0, ge=0, description="The rate below which it never falls.")


class Checkpoint(_Section):
    """What the best weights are, and how often the training is saved to be resumed."""

    monitor: str = Field(default="val_loss", description=_MONITOR)
    mode: Mode = Field(default="auto", description=_MODE)
    save_freq: Literal["epoch"] | Annotated[int, Field(ge=1)] = Field(
        default="epoch", description="After every epoch, or after so many batches."
    )


class OutputTraining(_Section):
    """What one output of several is trained for."""

    loss: LossField = Field(description="The loss of this output.")
    loss_weight: float = Field(default=1.0, ge=0, description="Its weight in the sum of losses.")
    metrics: tuple[MetricField, ...] = Field(default=(), description="What is measured.")

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats(self.metrics)
        return self


class Train(_Section):
    """How the network is trained."""

    optimizer: OptimizerField = Field(description="How weights follow the gradient.")
    loss: LossField | None = Field(default=None, description="What is minimized.")
    metrics: tuple[MetricField, ...] = Field(default=(), description="What is measured besides.")
    outputs: dict[str, OutputTraining] | None = Field(
        default=None,
        min_length=1,
        description="For a network of several outputs, in place of `loss` and `metrics`.",
    )
    class_weight: Literal["balanced"] | tuple[Annotated[float, Field(ge=0)], ...] | None = Field(
        default=None, description="A weight for each class; balanced: one over how often it occurs."
    )
    epochs: int = Field(ge=1, description="How many times the data is gone through.")
    batch_size: int = Field(default=32, ge=1, description="Examples a step, on all devices.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Of the arithmetic; auto: bfloat16 on a GPU that has it, else float32.",
    )
    compile: Literal["auto"] | bool = Field(
        default="auto", description="Whether the step is compiled; auto: on a GPU."
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="Of the first weights, the order of data, dropout."
    )
    early_stopping: EarlyStopping | None = Field(default=None, description="When to stop early.")
    reduce_lr_on_plateau: ReduceLROnPlateau | None = Field(
        default=None, description="When to lower the learning rate."
    )
    checkpoint: Checkpoint = Field(
        default_factory=Checkpoint, description="What is kept, and when."
    )

    @model_validator(mode="after")
    def _says_what_to_minimize(self) -> Self:
        if self.loss is None and self.outputs is None:
            raise ValueError("expected `loss`, or `outputs` with a loss for each, received neither")
        if self.loss is not None and self.outputs is not None:
            raise ValueError("expected `loss` or `outputs`, received both")
        if self.metrics and self.outputs is not None:
            raise ValueError("with `outputs`, each output has its own `metrics`")
        _refuse_repeats(self.metrics)
        return self


def _refuse_repeats(metrics: tuple[Metric, ...]) -> None:
    """Raise `ValueError` if two metrics would have the same name in the logs."""
    names = [metric.name for metric in metrics]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"expected each metric once, received `{repeated[0]}` twice")
