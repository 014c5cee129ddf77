"""What training minimizes: Keras's losses, with Keras's names, arguments and defaults.

A spec writes `mse` or `{sparse_categorical_crossentropy: {from_logits: true}}`. The value is the
mean over all elements, Keras's `sum_over_batch_size`; classes lie on the last axis. Left out of
Keras's arguments are `reduction` and `axis`, which could only say something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from specc.named import ByName, Named
from specc.vocabulary import LOSS_ARGUMENT_WORDS, LOSS_WORDS

Labels = Literal["int", "one_hot", "binary", "values"]
Task = Literal["multiclass", "binary", "regression"]

_LOGITS = "Whether the network gives logits: no sigmoid or softmax at its end."
_SMOOTHING = "How far targets are moved from 0 and 1 towards the middle."


class Loss(Named):
    """A distance between what the network gives and what it should give.

    labels: the form of target it takes: class indices (`int`), `one_hot`, 0 and 1 in the shape of
        the output (`binary`), or `values` in that shape.
    task: what is learnt with it, which decides the metrics that go with it.
    gives: what the network must give for it: `probabilities` (or logits), `scores` on either
        side of 0, or `values`.
    """

    argument_words = LOSS_ARGUMENT_WORDS

    labels: ClassVar[Labels]
    task: ClassVar[Task]
    gives: ClassVar[Literal["probabilities", "scores", "values"]]

    @property
    def threshold(self) -> float:
        """A binary output says yes above this; logits are made probabilities first."""
        return 0.0 if self.gives == "scores" else 0.5

    if TYPE_CHECKING:
        # Pydantic forbids a field to take the place of a base's property: each half has its own.
        @property
        def from_logits(self) -> bool:
            """Whether the network gives logits; False where a loss has no such argument."""
            ...


class _OfProbabilities(Loss):
    gives = "probabilities"

    from_logits: bool = Field(  # pyright: ignore[reportIncompatibleMethodOverride]
        default=False, description=_LOGITS
    )


class _Plain(Loss):
    gives = "values"
    labels = "values"
    task = "regression"

    @property
    def from_logits(self) -> bool:
        return False


class BinaryCrossentropy(_OfProbabilities):
    """-t·log p - (1 - t)·log(1 - p), for targets t of 0 and 1."""

    name = "binary_crossentropy"
    aliases = ("bce", "BCE")
    labels = "binary"
    task = "binary"

    label_smoothing: float = Field(default=0.0, ge=0, le=1, description=_SMOOTHING)


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """Binary crossentropy that weighs easy examples less (Lin et al., 2018)."""

    name = "binary_focal_crossentropy"
    aliases = ()

    apply_class_balancing: bool = Field(default=False, description="Whether `alpha` is used.")
    alpha: float = Field(
        default=0.25, ge=0, le=1, description="The weight of class 1; 0 has 1 - alpha."
    )
    gamma: float = Field(default=2.0, ge=0, description="How much less easy examples weigh.")


class CategoricalCrossentropy(_OfProbabilities):
    """-Σ t·log p over the classes, for one-hot targets t."""

    name = "categorical_crossentropy"
    labels = "one_hot"
    task = "multiclass"

    label_smoothing: float = Field(default=0.0, ge=0, le=1, description=_SMOOTHING)


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """Categorical crossentropy that weighs easy examples less (Lin et al., 2018).

    Keras's `alpha` may be a list with a weight for each class; here `class_weight` is for that.
    """

    name = "categorical_focal_crossentropy"

    alpha: float = Field(default=0.25, ge=0, description="A weight, the same for all classes.")
    gamma: float = Field(default=2.0, ge=0, description="How much less easy examples weigh.")


class SparseCategoricalCrossentropy(_OfProbabilities):
    """-log p of the class that the target names by its index."""

    name = "sparse_categorical_crossentropy"
    labels = "int"
    task = "multiclass"

    ignore_class: int | None = Field(
        default=None, description="A target that counts for nothing, such as an unlabelled pixel's."
    )


class MeanSquaredError(_Plain):
    """(y - t)²."""

    name = "mean_squared_error"
    aliases = ("mse", "MSE")


class MeanAbsoluteError(_Plain):
    """|y - t|."""

    name = "mean_absolute_error"
    aliases = ("mae", "MAE")


class MeanAbsolutePercentageError(_Plain):
    """100 · |y - t| / |t|, with |t| of at least 1e-7."""

    name = "mean_absolute_percentage_error"
    aliases = ("mape", "MAPE")


class MeanSquaredLogarithmicError(_Plain):
    """(log(1 + y) - log(1 + t))², with both of at least 1e-7."""

    name = "mean_squared_logarithmic_error"
    aliases = ("msle", "MSLE")


class Huber(_Plain):
    """(y - t)² / 2 up to `delta`, and a straight line beyond."""

    name = "huber"

    delta: float = Field(default=1.0, gt=0, description="Where the parabola becomes a line.")


class LogCosh(_Plain):
    """log(cosh(y - t))."""

    name = "log_cosh"


class Poisson(_Plain):
    """y - t·log y, for counts t."""

    name = "poisson"


class CosineSimilarity(_Plain):
    """-cos of the angle between y and t, as vectors along the last axis."""

    name = "cosine_similarity"


class KLDivergence(_Plain):
    """Σ t·log(t / p) over the classes, for distributions t."""

    name = "kl_divergence"
    aliases = ("kld", "KLD")
    labels = "one_hot"
    task = "multiclass"
    gives = "probabilities"


class CategoricalHinge(_Plain):
    """max(0, 1 + the best score of a wrong class - the right one's)."""

    name = "categorical_hinge"
    labels = "one_hot"
    task = "multiclass"
    gives = "scores"


class Hinge(_Plain):
    """max(0, 1 - t·y), for targets t of 0 and 1, of which 0 is taken as -1.

    Metrics take a score above 0 as class 1: Keras's `BinaryAccuracy(threshold=0)`.
    """

    name = "hinge"
    labels = "binary"
    task = "binary"
    gives = "scores"


class SquaredHinge(Hinge):
    """The square of `Hinge`."""

    name = "squared_hinge"


LOSSES: tuple[type[Loss], ...] = (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Huber,
    LogCosh,
    KLDivergence,
    CosineSimilarity,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    Poisson,
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
)

LossField = Annotated[Loss, ByName("loss", LOSSES, LOSS_WORDS)]
"""The type of a loss in `train`."""
