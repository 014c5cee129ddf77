"""Plots as PNG: curves, confusion, ROC, mistakes, residuals, several runs together, latencies.

All have one style, which does not depend on the user's matplotlib settings: white ground, thin
lines, and the colours of Okabe and Ito, which colour-blind readers tell apart
(https://jfly.uni-koeln.de/color/). They are sized to be read at 100 %. Equal data give equal bytes
with one version of matplotlib. pyplot is not imported: no window opens, no figure is kept.

Names come from data and may be anything: they are never taken for mathematical notation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from specc.packages import needs
from specc.reports.tables import number
from specc.source import printable
from specc.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.inference.benchmark import Benchmark, Measurement
    from specc.reports.evaluation import Classification, Curve, Mistake
    from specc.reports.regression import Histogram, Pairs, Regression

    Array = NDArray[Any]

Parameters = ParamSpec("Parameters")
History = Sequence[Mapping[str, float]]

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#222222", "#808080"
COLORS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""What tells lines apart; the next round of them is dashed."""

NAME_LENGTH = 24
"""What is shown of a name."""

NUMBERED_CLASSES = 20
"""A confusion matrix of more classes has colours only."""

NAMED_CLASSES = 120
"""A confusion matrix of more classes has their indices at its sides."""

MISTAKE_COLUMNS = 4

_DPI = 120
_STYLE: Any = {
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": BLACK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "font.size": 9,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "legend.fontsize": 8.5,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "text.color": BLACK,
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": BLACK,
    "xtick.labelsize": 8.5,
    "ytick.color": GREY,
    "ytick.labelcolor": BLACK,
    "ytick.labelsize": 8.5,
}
# DejaVu comes with matplotlib. The others have the scripts that it lacks, where they are installed.
_FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "PingFang SC")


@contextmanager
def _styled() -> Generator[None]:
    """The settings of these plots, and nobody else's."""
    import warnings

    from matplotlib import font_manager

    matplotlib = _matplotlib()
    installed = set(font_manager.get_font_names())
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A letter that no font here has is drawn as a box: no reason to warn of.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        matplotlib.rcParams["font.family"] = [font for font in _FONTS if font in installed]
        yield


def _matplotlib() -> Any:
    """The package, of whose types too many are unknown."""
    import matplotlib

    return matplotlib


def _as_png(draw: Callable[Parameters, Any]) -> Callable[Parameters, bytes]:
    """Decorate a function that makes a figure: it gives the PNG. `__wrapped__` makes the figure."""

    @needs("train")
    @wraps(draw)
    def drawn(*args: Parameters.args, **kwargs: Parameters.kwargs) -> bytes:
        with _styled():
            stream = BytesIO()
            # The library's name and version would make the bytes differ without need.
            figure = draw(*args, **kwargs)
            figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None})
        return stream.getvalue()

    return drawn


def _figure(width: float, height: float) -> Any:
    """An empty figure of so many inches, which no window shows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _short(name: str) -> str:
    return printable(name, NAME_LENGTH)


def _line_style(index: int) -> dict[str, Any]:
    rounds, color = divmod(index, len(COLORS))
    return {"color": COLORS[color], "linestyle": ("-", (0, (5, 1.5)), (0, (1.5, 1)))[rounds % 3]}


# --- curves ---------------------------------------------------------------------------------------


@_as_png
def curves(history: History, best_epoch: int | None = None) -> Any:
    """The loss and each metric over the epochs; the learning rate too, if it changes.

    history: one row an epoch, with `epoch`, `learning_rate` and the logs by name.
    best_epoch: the one to mark.
    """
    panels = _panels(history)
    figure, axes = _grid(len(panels))
    for axis, name in zip(axes, panels, strict=False):
        if name == "learning_rate":
            _learning_rate(axis, history)
        else:
            _training_and_validation(axis, history, name, best_epoch)
    axes[0].legend()
    return figure


def logged(history: History) -> list[str]:
    """The logs that a history has, without those that validation adds: the loss comes first."""
    names = dict.fromkeys(name for row in history for name in row)
    own = [name for name in names if name not in ("epoch", "learning_rate", "seconds")]
    return [name for name in own if not (name.startswith("val_") and name[4:] in names)]


def _panels(history: History) -> list[str]:
    rates = {row["learning_rate"] for row in history if "learning_rate" in row}
    return [*logged(history), *["learning_rate"] * (len(rates) > 1)]


def _grid(panels: int) -> tuple[Any, list[Any]]:
    """A figure of so many panels, at most two beside each other."""
    columns = min(panels, 2) or 1
    rows = math.ceil(panels / columns) or 1
    figure = _figure(4.4 * columns + 0.4, 3.0 * rows)
    grid = figure.add_gridspec(rows, columns)
    cells = [(index // columns, index % columns) for index in range(panels or 1)]
    return figure, [figure.add_subplot(grid[cell]) for cell in cells]


def _training_and_validation(
    axis: Any, history: History, name: str, best_epoch: int | None
) -> None:
    if best_epoch is not None:
        axis.axvline(best_epoch, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)))
    _over_epochs(axis, history, name, color=BLUE, label="training")
    _over_epochs(axis, history, f"val_{name}", color=VERMILION, label="validation")
    _mark_best(axis, history, name, best_epoch)
    axis.margins(y=0.13)  # room for the number below the best epoch
    axis.set_title(_title(name))


def _over_epochs(axis: Any, history: History, name: str, **style: Any) -> None:
    """A line over the epochs; a log that the history does not have gives none."""
    if not any(name in row for row in history):
        return
    epochs = [row["epoch"] for row in history]
    values = [row.get(name, math.nan) for row in history]
    marker = {"marker": "o", "markersize": 3.5} if len(history) <= 12 else {}
    axis.plot(epochs, values, **{**marker, **style})
    _epochs(axis)


def _mark_best(axis: Any, history: History, name: str, best_epoch: int | None) -> None:
    rows = [row for row in history if row["epoch"] == best_epoch and name in row]
    if not rows:
        return
    (row,) = rows
    value = row.get(f"val_{name}", row[name])
    if not math.isfinite(value):
        return
    color = VERMILION if f"val_{name}" in row else BLUE
    below = value < row[name]  # away from the line of training
    label = f"best epoch: {best_epoch}"
    axis.plot([best_epoch], [value], "o", color=color, markersize=7, mec="white", label=label)
    axis.annotate(
        number(value),
        (best_epoch, value),
        xytext=(0, -15 if below else 8),
        textcoords="offset points",
        ha="center",
        color=color,
        fontsize=8.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )


def _epochs(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axis.set_xlabel("epoch")


def _learning_rate(axis: Any, history: History) -> None:
    rates = [row["learning_rate"] for row in history]
    _over_epochs(axis, history, "learning_rate", color=BLACK, drawstyle="steps-post")
    if min(rates) > 0 and max(rates) > 20 * min(rates):
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter("{x:g}")  # the usual one writes TeX, which is off here
        axis.yaxis.set_minor_formatter("")
    axis.set_title("learning rate")


def _title(name: str) -> str:
    return _short(name.replace("_", " "))


# --- confusion ------------------------------------------------------------------------------------


@_as_png
def confusion(evaluation: Classification) -> Any:
    """The confusion matrix: a row for each true class, coloured by shares of the row.

    Up to `NUMBERED_CLASSES` each cell has its count, beyond that its colour only. A class without
    examples is a grey row. The evaluation must have a matrix.
    """
    import numpy as np

    counts = np.array(evaluation.confusion)
    side = _confusion_side(len(counts))
    figure = _figure(side + 1.2, side)
    axis = figure.add_subplot()
    image = _heat_map(axis, counts)
    _class_axes(axis, [each.name for each in evaluation.classes])
    if len(counts) <= NUMBERED_CLASSES:
        _cell_counts(axis, counts)
    bar = figure.colorbar(image, ax=axis, shrink=0.7, aspect=30, format=_percent)
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    accuracy = f"{100 * evaluation.accuracy:.2f} %"
    axis.set_title(f"accuracy {accuracy} of {count(evaluation.examples, 'example')}")
    return figure


def _percent(share: float, _position: int) -> str:
    return f"{100 * share:.0f} %"


def _confusion_side(classes: int) -> float:
    """Inches: as large as the names or numbers need, within reason."""
    if classes <= NUMBERED_CLASSES:
        return 2.6 + 0.52 * classes
    return min(4 + 0.115 * classes, 14)


_SHADES = (
    (0, "#F7F9FB"),
    (0.02, "#DDEAF4"),
    (0.1, "#B5D2E8"),
    (0.3, "#7BB2D9"),
    (0.6, "#2F83BC"),
    (0.85, "#0B5A92"),
    (1, "#083C63"),
)


def _heat_map(axis: Any, counts: Array) -> Any:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)
    # Small shares are what one looks for: the colour rises fast from white.
    colors = LinearSegmentedColormap.from_list("shares", _SHADES).with_extremes(bad="#E4E4E4")
    axis.grid(visible=False)
    if len(counts) <= NUMBERED_CLASSES:
        edges = np.arange(len(counts) - 1) + 0.5
        axis.hlines(edges, -0.5, len(counts) - 0.5, color="white", linewidth=1.5)
        axis.vlines(edges, -0.5, len(counts) - 0.5, color="white", linewidth=1.5)
    return axis.imshow(shares, cmap=colors, vmin=0, vmax=1, interpolation="nearest")


def _class_axes(axis: Any, names: Sequence[str]) -> None:
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    if len(names) > NAMED_CLASSES:
        return
    size = 8.5 if len(names) <= 40 else 5.5
    long = max(len(name) for name in names) > 3 and len(names) > 2
    shown = [_short(name) for name in names]
    rotation: dict[str, Any] = {"rotation": 90 if len(names) > 40 else 45} if long else {}
    anchor = {"ha": "right", "rotation_mode": "anchor"} if long and len(names) <= 40 else {}
    axis.set_xticks(range(len(names)), shown, fontsize=size, **rotation, **anchor)
    axis.set_yticks(range(len(names)), shown, fontsize=size)


def _cell_counts(axis: Any, counts: Array) -> None:
    import numpy as np

    totals = counts.sum(axis=1)
    size = 9 if len(counts) <= 12 else 7.5
    for (row, column), cell in np.ndenumerate(counts):
        dark = totals[row] > 0 and cell / totals[row] > 0.5
        color = "white" if dark else BLACK if cell else "#A8A8A8"
        text = f"{cell:,}" if cell < 100_000 else f"{cell / 1000:,.0f}k"
        axis.text(column, row, text, ha="center", va="center", color=color, fontsize=size)


# --- ROC ------------------------------------------------------------------------------------------


@_as_png
def roc(evaluation: Classification) -> Any:
    """The ROC curves that the evaluation keeps: the averages, and the classes or the worst ones."""
    figure = _figure(5.6, 5.6)
    axis = figure.add_subplot()
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 2)))
    classes = [curve for curve in evaluation.roc if curve.kind == "class"]
    averages = [curve for curve in evaluation.roc if curve.kind != "class"]
    for curve in averages:
        style = ":" if curve.kind == "micro" else "-"
        _roc_curve(axis, curve, color=BLACK, linewidth=2.2, linestyle=style, zorder=3)
    for index, curve in enumerate(classes):
        _roc_curve(axis, curve, linewidth=1.2, **_line_style(index))
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axis.set(xlabel="false positive rate", ylabel="true positive rate")
    axis.set_title(_roc_title(evaluation, len(classes)))
    axis.legend(loc="lower right", title="area under the curve", alignment="left")
    return figure


def _roc_curve(axis: Any, curve: Curve, **style: Any) -> None:
    # The area stands first: a label that begins with an underscore would not be shown.
    label = f"{curve.area:.4f}  {_short(curve.name)}"
    axis.plot(curve.false_positive_rate, curve.true_positive_rate, label=label, **style)


def _roc_title(evaluation: Classification, drawn: int) -> str:
    known = sum(each.auc is not None for each in evaluation.classes)
    if drawn in (1, known):
        return "ROC"
    return f"ROC: the averages, and the worst {drawn} of {known} classes"


# --- mistakes -------------------------------------------------------------------------------------


@_as_png
def mistakes(pictures: Sequence[Array], missed: Sequence[Mistake]) -> Any:
    """The pictures of the most confident mistakes, with the true and the predicted class.

    pictures: uint8 [H, W, C], one for each of `missed`, which is not empty.
    """
    columns = min(len(missed), MISTAKE_COLUMNS)
    rows = math.ceil(len(missed) / columns)
    tallest = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    figure = _figure(2.1 * columns, (1.95 * min(tallest, 2) + 0.6) * rows)
    grid = figure.add_gridspec(rows, columns)
    for index, (picture, mistake) in enumerate(zip(pictures, missed, strict=True)):
        axis = figure.add_subplot(grid[index // columns, index % columns])
        _picture(axis, picture)
        _caption(axis, mistake)
    return figure


def _picture(axis: Any, picture: Array) -> None:
    channels = picture.shape[-1]
    shown = picture[..., : {3: 3, 4: 4}.get(channels, 1)]
    small = max(picture.shape[:2]) <= 64
    axis.imshow(
        shown.squeeze(-1) if shown.shape[-1] == 1 else shown,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest" if small else "auto",
    )
    axis.set(xticks=[], yticks=[], anchor="N")
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def _caption(axis: Any, mistake: Mistake) -> None:
    predicted = f"{_short(mistake.predicted)}, {100 * mistake.confidence:.1f} %"
    below = {"transform": axis.transAxes, "ha": "left", "va": "top", "fontsize": 8}
    axis.set_title(f"true: {_short(mistake.true)}", fontsize=8, fontweight="normal")
    axis.text(0, -0.03, f"predicted: {predicted}", color=VERMILION, **below)


# --- regression -----------------------------------------------------------------------------------


@_as_png
def regression(evaluation: Regression) -> Any:
    """Predicted against true values, and how many residuals are how large."""
    figure = _figure(8.4, 4.2)
    values, residuals = figure.subplots(1, 2)
    _predicted_against_true(values, evaluation.pairs)
    _residuals(residuals, evaluation.residuals)
    r2 = evaluation.errors.r2
    values.set_title("predicted values" if r2 is None else f"predicted values: r2 {number(r2)}")
    residuals.set_title(f"residuals: mae {number(evaluation.errors.mae)}")
    return figure


def _predicted_against_true(axis: Any, pairs: Pairs) -> None:
    from matplotlib.ticker import MaxNLocator

    size, alpha = (16, 0.7) if len(pairs.true) <= 300 else (8, 0.4)
    axis.scatter(pairs.true, pairs.predicted, s=size, alpha=alpha, color=BLUE, linewidths=0)
    axis.axline((0, 0), slope=1, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)))
    low, high = min(pairs.true + pairs.predicted), max(pairs.true + pairs.predicted)
    room = 0.05 * (high - low) or 1
    limits = (low - room, high + room)
    axis.set(xlim=limits, ylim=limits, aspect="equal", xlabel="true", ylabel="predicted")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(MaxNLocator(6))


def _residuals(axis: Any, histogram: Histogram) -> None:
    axis.stairs(histogram.counts, histogram.edges, fill=True, color=BLUE)
    axis.axvline(0, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)))
    axis.set(xlabel="predicted less true", ylabel="values")


# --- several runs ---------------------------------------------------------------------------------


@_as_png
def comparison(histories: Mapping[str, History], names: Iterable[str]) -> Any:
    """The curves of several runs over each other: validation solid, training thin and dashed.

    histories: by the run's name. names: the logs to draw, without `val_`.
    """
    drawn = list(names)
    figure, axes = _grid(len(drawn))
    for axis, name in zip(axes, drawn, strict=False):
        for index, history in enumerate(histories.values()):
            _run_curves(axis, history, name, COLORS[index % len(COLORS)])
        axis.set_title(_title(name))
    figure.legend(handles=_run_handles(histories), loc="outside lower center", ncols=3)
    return figure


def _run_curves(axis: Any, history: History, name: str, color: str) -> None:
    validated = any(f"val_{name}" in row for row in history)
    thin = {"linewidth": 1.0, "linestyle": (0, (4, 2)), "marker": "", "alpha": 0.8}
    _over_epochs(axis, history, name, color=color, **(thin if validated else {}))
    _over_epochs(axis, history, f"val_{name}", color=color)


def _run_handles(runs: Iterable[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    colored = [
        Line2D([], [], color=COLORS[index % len(COLORS)], label=_short(run))
        for index, run in enumerate(runs)
    ]
    validation = Line2D([], [], color=GREY, label="validation")
    training = Line2D([], [], color=GREY, linewidth=1.0, linestyle=(0, (4, 2)), label="training")
    return [*colored, validation, training]


# --- benchmarks -----------------------------------------------------------------------------------


@_as_png
def latencies(benchmark: Benchmark) -> Any:
    """Latency and throughput over the batch size, a line for each number of threads."""
    figure = _figure(8.4, 3.9)
    latency, throughput = figure.subplots(1, 2)
    measured = sorted(benchmark.measurements, key=lambda each: (each.threads, each.batch))
    for index, (threads, group) in enumerate(groupby(measured, lambda each: each.threads)):
        found = list(group)
        style = {**_line_style(index), "marker": "o", "markersize": 4}
        _latency(latency, found, style)
        rates = [each.throughput for each in found]
        batches = [each.batch for each in found]
        throughput.plot(batches, rates, label=count(threads, "thread"), **style)
    for axis in (latency, throughput):
        _batch_sizes(axis, sorted({each.batch for each in measured}))
    latency.set_title("latency in ms: p50, shaded up to p99")
    throughput.set_title("examples a second")
    throughput.set_ylim(0, 1.1 * max(each.throughput for each in measured))
    throughput.legend()
    figure.suptitle(_benchmark_title(benchmark), fontsize=9, x=0.01, ha="left")
    return figure


def _latency(axis: Any, found: Sequence[Measurement], style: Mapping[str, Any]) -> None:
    """The medians as a line; the room up to p99 is shaded, with p90 as a thin line in it."""
    batches = [each.batch for each in found]
    p50, p99 = [each.p50 for each in found], [each.p99 for each in found]
    axis.plot(batches, p50, **style)
    axis.fill_between(batches, p50, p99, color=style["color"], alpha=0.15, linewidth=0)
    thin = {"color": style["color"], "linewidth": 0.7}
    axis.plot(batches, [each.p90 for each in found], **thin)
    axis.set_yscale("log")


def _batch_sizes(axis: Any, batches: Sequence[int]) -> None:
    """The ticks of a plot over batch sizes, and of its values plain numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    axis.set_xscale("log", base=2)
    axis.set_xticks(batches, [str(batch) for batch in batches])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("batch size")
    if axis.get_yscale() == "log":
        low, high = axis.get_ylim()
        is_wide = high > 5 * low
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if is_wide else MaxNLocator(6))
        axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def _benchmark_title(benchmark: Benchmark) -> str:
    runtime = f"onnxruntime {benchmark.onnxruntime}, provider {benchmark.provider}"
    processors = count(benchmark.processors, "processor")
    return f"{_short(Path(benchmark.model).name)}: {runtime}, {processors}"
