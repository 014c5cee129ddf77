"""How far the values of a network are off: `regression` for one output.

scikit-learn does the maths. All of it is plain data that goes to JSON and back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isqrt, sqrt
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

POINTS = 1000
"""The pairs of a true and a predicted value that are kept to be drawn."""

BINS = 50
"""The most that a histogram has."""

NUMBERS = 20
"""The numbers of a longer output are judged together only."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Means over the examples. r2: None with fewer than two of them."""

    mse: float
    rmse: float
    mae: float
    r2: float | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """True values and what was predicted for them, in the order of the examples."""

    true: tuple[float, ...]
    predicted: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie between one edge and the next; the last edge counts as inside."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Regression:
    """How far values are off.

    errors: of all numbers of the output.
    numbers: of each one, where the output is a vector of at most `NUMBERS`; else empty.
    pairs: all of them, or some, evenly spread over the examples.
    residuals: predicted less true, all of them.
    """

    task: Literal["regression"]
    examples: int
    errors: Errors
    numbers: tuple[Errors, ...]
    pairs: Pairs
    residuals: Histogram

    def as_json(self) -> dict[str, Any]:
        """The same as data; what is not defined is null."""
        return asdict(self)


def regression(targets: Array, scores: Array) -> Regression:
    """The evaluation of finite values [N, …] against targets of that shape."""
    import numpy as np

    # In float32 squares overflow above 1e19.
    true, found = (each.reshape(len(each), -1).astype(np.float64) for each in (targets, scores))
    width = true.shape[1]
    columns = range(width if scores.ndim == 2 and 1 < width <= NUMBERS else 0)
    return Regression(
        task="regression",
        examples=len(true),
        errors=_errors(true, found),
        numbers=tuple(_errors(true[:, column], found[:, column]) for column in columns),
        pairs=_pairs(true.reshape(-1), found.reshape(-1)),
        residuals=_histogram((found - true).reshape(-1)),
    )


def _errors(true: Array, found: Array) -> Errors:
    from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

    sklearn: Any = metrics
    mse = float(sklearn.mean_squared_error(true, found))
    mae = float(sklearn.mean_absolute_error(true, found))
    r2 = float(sklearn.r2_score(true, found)) if len(true) > 1 else None
    return Errors(mse, sqrt(mse), mae, r2)


def _pairs(true: Array, found: Array) -> Pairs:
    import numpy as np

    kept = np.unique(np.linspace(0, len(true) - 1, POINTS).round().astype(np.int64))
    return Pairs(six_digits(true[kept]), six_digits(found[kept]))


def _histogram(values: Array) -> Histogram:
    import numpy as np

    bins = min(max(isqrt(len(values)), 5), BINS)
    counts, edges = np.histogram(values, bins)
    return Histogram(six_digits(edges), tuple(counts.tolist()))


def six_digits(values: Array) -> tuple[float, ...]:
    """The values as a plot needs them: none shows more."""
    return tuple(float(f"{value:.6g}") for value in values.tolist())
