"""How weights follow the gradient: Keras's optimizers, with Keras's names, arguments and defaults.

A spec writes `adam`, `{adam: 1.0e-4}` or `{sgd: {learning_rate: 0.1, momentum: 0.9}}`. Left out of
Keras's arguments are moving averages of the weights (`use_ema`, …), gradient accumulation, loss
scaling, which `precision` looks after, and whatever names variables; of Keras's optimizers, those
made of others, and ScheduleFreeAdamW, which has other weights in training than at inference.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from specc.named import ByName, Named
from specc.training.schedules import RateField
from specc.vocabulary import OPTIMIZER_ARGUMENT_WORDS, OPTIMIZER_WORDS

Fraction = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]

_RATE = "A number, or a schedule by name."
_BETA_1 = "How much of the gradients' moving average is kept at each step."
_BETA_2 = "How much of the squared gradients' moving average is kept at each step."
_EPSILON = "Added to the divisor, against division by zero."
_DECAY = "The part of a weight, times the learning rate, that each step takes off, decoupled."


class Optimizer(Named):
    """How a step changes the weights. One kind of clipping at most."""

    primary = "learning_rate"
    argument_words = OPTIMIZER_ARGUMENT_WORDS

    learning_rate: RateField = Field(default=0.001, description=_RATE)
    weight_decay: NotNegative | None = Field(default=None, description=_DECAY)
    clipnorm: Positive | None = Field(
        default=None, description="The greatest norm of the gradient of each weight."
    )
    clipvalue: Positive | None = Field(
        default=None, description="The greatest absolute value of each element of a gradient."
    )
    global_clipnorm: Positive | None = Field(
        default=None, description="The greatest norm of all gradients together."
    )

    @model_validator(mode="after")
    def _clips_once(self) -> Self:
        kinds = ("clipnorm", "clipvalue", "global_clipnorm")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one of {', '.join(kinds)}, received {' and '.join(given)}")
        return self


class SGD(Optimizer):
    """Gradient descent: v ← momentum · v - rate · g; w ← w + v."""

    name = "sgd"

    learning_rate: RateField = Field(default=0.01, description=_RATE)
    momentum: float = Field(
        default=0.0, ge=0, le=1, description="How much of the last step is kept."
    )
    nesterov: bool = Field(
        default=False, description="Whether the momentum is looked ahead (Nesterov)."
    )


class RMSprop(Optimizer):
    """The gradient over the root of its average square (Hinton, 2012)."""

    name = "rmsprop"

    rho: Fraction = Field(default=0.9, description=_BETA_2)
    momentum: Fraction = Field(default=0.0, description="How much of the last step is kept.")
    epsilon: NotNegative = Field(default=1e-7, description=_EPSILON)
    centered: bool = Field(
        default=False, description="Whether the variance divides, not the mean square."
    )


class _Moments(Optimizer):
    """The arguments of Adam and its kin."""

    beta_1: Fraction = Field(default=0.9, description=_BETA_1)
    beta_2: Fraction = Field(default=0.999, description=_BETA_2)
    epsilon: NotNegative = Field(default=1e-7, description=_EPSILON)


class Adam(_Moments):
    """First and second moments of the gradient (Kingma and Ba, 2015)."""

    name = "adam"

    amsgrad: bool = Field(
        default=False, description="Whether the second moment never falls (AMSGrad)."
    )


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019): Adam, with another default.

    In Keras every optimizer's weight decay is decoupled.
    """

    name = "adamw"

    weight_decay: NotNegative | None = Field(default=0.004, description=_DECAY)

    @model_validator(mode="after")
    def _decays(self) -> Self:
        if self.weight_decay is None:
            raise ValueError("expected a number as weight_decay, received nothing; write `adam`")
        return self


class Adadelta(Optimizer):
    """Steps scaled by the average of past steps over that of past gradients (Zeiler, 2012)."""

    name = "adadelta"

    rho: Fraction = Field(default=0.95, description=_BETA_2)
    epsilon: NotNegative = Field(default=1e-7, description=_EPSILON)


class Adagrad(Optimizer):
    """The gradient over the root of the sum of its squares so far (Duchi et al., 2011)."""

    name = "adagrad"

    initial_accumulator_value: NotNegative = Field(
        default=0.1, description="What the sum starts from."
    )
    epsilon: NotNegative = Field(default=1e-7, description=_EPSILON)


class Adamax(_Moments):
    """Adam with the infinity norm in place of the second moment (Kingma and Ba, 2015)."""

    name = "adamax"


class Nadam(_Moments):
    """Adam with Nesterov momentum (Dozat, 2015)."""

    name = "nadam"


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    name = "ftrl"

    learning_rate_power: float = Field(
        default=-0.5,
        le=0,
        description="How the rate falls with the squared gradients; 0: not at all.",
    )
    initial_accumulator_value: NotNegative = Field(
        default=0.1, description="What the sum of squared gradients starts from."
    )
    l1_regularization_strength: NotNegative = Field(
        default=0.0, description="Strength of the L1 penalty."
    )
    l2_regularization_strength: NotNegative = Field(
        default=0.0, description="Strength of the L2 penalty."
    )
    l2_shrinkage_regularization_strength: NotNegative = Field(
        default=0.0, description="Strength of an L2 penalty on the gradient alone."
    )
    beta: NotNegative = Field(default=0.0, description="Added to the root of the sum of squares.")


class Adafactor(Optimizer):
    """Second moments kept as rows and columns, to save memory (Shazeer and Stern, 2018)."""

    name = "adafactor"

    beta_2_decay: float = Field(
        default=-0.8, lt=0, description="The exponent with which beta_2 nears 1."
    )
    epsilon_1: NotNegative = Field(default=1e-30, description="Added to the squared gradients.")
    epsilon_2: NotNegative = Field(default=1e-3, description="The least scale taken from a weight.")
    clip_threshold: Positive = Field(
        default=1.0, description="The greatest root mean square of a step."
    )
    relative_step: bool = Field(
        default=True, description="Whether a constant rate is 1 / √step where that is less."
    )


class Lion(Optimizer):
    """The sign of the momentum (Chen et al., 2023)."""

    name = "lion"

    beta_1: float = Field(
        default=0.9, gt=0, le=1, description="How much of the momentum goes into a step's sign."
    )
    beta_2: Fraction = Field(default=0.99, description=_BETA_1)


class Lamb(_Moments):
    """Adam with steps in proportion to each weight's norm, for large batches (You et al., 2020)."""

    name = "lamb"


class Muon(Optimizer):
    """Orthogonalized momentum (Jordan et al., 2024; Liu et al., 2025) for weights of rank 2.

    All other weights and those of embeddings get Adam's steps. Keras's `exclude_layers` and
    `exclude_embeddings`, which go by the names of variables, are left out.
    """

    name = "muon"

    weight_decay: NotNegative | None = Field(
        default=0.004, description=f"{_DECAY} For weights of rank 2."
    )
    adam_beta_1: Fraction = Field(default=0.9, description=f"Adam's beta_1: {_BETA_1}")
    adam_beta_2: Fraction = Field(default=0.999, description=f"Adam's beta_2: {_BETA_2}")
    adam_weight_decay: NotNegative | None = Field(
        default=0.004, description="The same for the others."
    )
    adam_lr_ratio: NotNegative = Field(default=1, description="Adam's rate over the learning rate.")
    epsilon: NotNegative = Field(default=1e-7, description=_EPSILON)
    momentum: Fraction = Field(default=0.95, description="How much of the momentum is kept.")
    nesterov: bool = Field(
        default=True, description="Whether the momentum is looked ahead (Nesterov)."
    )
    ns_steps: int = Field(default=5, ge=1, description="The number of Newton-Schulz iterations.")
    muon_a: float = Field(default=3.4445, description="The iteration's coefficient of X.")
    muon_b: float = Field(default=-4.7750, description="Its coefficient of XXᵀX.")
    muon_c: float = Field(default=2.0315, description="Its coefficient of (XXᵀ)²X.")
    rms_rate: NotNegative | None = Field(
        default=0.2,
        description="Steps are scaled by this and the root of the longer side; null: not.",
    )


OPTIMIZERS: tuple[type[Optimizer], ...] = (
    SGD,
    RMSprop,
    Adam,
    AdamW,
    Adadelta,
    Adagrad,
    Adamax,
    Nadam,
    Ftrl,
    Adafactor,
    Lion,
    Lamb,
    Muon,
)

OptimizerField = Annotated[Optimizer, ByName("optimizer", OPTIMIZERS, OPTIMIZER_WORDS)]
"""The type of `train`'s optimizer."""
