"""`report.html`: all of a run on one page that opens anywhere, with no other file and no network.

Pictures are inside it, there are no scripts, and whatever comes from data or a spec is escaped. It
reads well on a phone, on paper, and in dark mode.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from specc.files import write_atomically
from specc.reports.evaluation import Classification
from specc.reports.run_evaluation import PICTURES, RunEvaluation, load_evaluation, picture_path
from specc.reports.tables import class_table, duration, number, percent, regression_table
from specc.wording import count

if TYPE_CHECKING:
    from specc.training.run import Run

STYLE = """
:root { color-scheme: light dark; --text: #222; --quiet: #666; --line: #e2e2e2; --ground: #fff;
  --card: #f6f7f8; --best: #e3f0f9; --link: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e4e4; --quiet: #a0a0a0; --line: #3a3d40;
  --ground: #17191b; --card: #212427; --best: #173247; --link: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 64rem; color: var(--text);
  background: var(--ground); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; }
.quiet, caption { color: var(--quiet); font-size: .9rem; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0; padding: 0; }
.figures div { background: var(--card); border-radius: .5rem; padding: .75rem 1rem; }
.figures dt { color: var(--quiet); font-size: .8rem; overflow-wrap: anywhere; }
.figures dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; } thead th { border-bottom: 2px solid var(--line); }
th:first-child, td:first-child, .text td, .text th { text-align: left; }
tr.best { background: var(--best); } tr.last { font-weight: 600; }
img { display: block; min-width: 30rem; max-width: 100%; height: auto; background: #fff;
  border-radius: .5rem; }
@media (min-width: 40rem) { img { min-width: 0; } }
pre { background: var(--card); border-radius: .5rem; padding: .75rem 1rem; overflow-x: auto;
  font-size: .85rem; line-height: 1.45; }
summary { cursor: pointer; color: var(--link); margin: .5rem 0; }
ul.notes { padding-left: 1.2rem; }
@media print { details > * { display: block; } body { max-width: none; } }
"""

LONG_HISTORY = 15
"""More epochs than this are folded away, but for the best and the last."""

Cells = Sequence[str]


def write_report(run: Run) -> None:
    """Write `curves.png` and `report.html` of a run into its folder. Raises `SpecError`."""
    from specc.reports.plots import curves

    if run.history:
        best = run.record.best
        write_atomically(run.folder.curves, curves(run.history, best.epoch if best else None))
    write_atomically(run.folder.report, report(run).encode())


def report(run: Run) -> str:
    """The page of a run, with the evaluation and the pictures that are in its folder.

    Raises `SpecError` (`not-a-run`) for an `evaluation.json` that cannot be read.
    """
    evaluation = load_evaluation(run.path)
    sections = [
        _header(run),
        _figures(run, evaluation),
        _curves(run),
        *([_evaluation(run, evaluation)] if evaluation else []),
        _network(run),
        _settings(run),
        _environment(run),
    ]
    return page(run.network.name, sections)


def page(title: str, sections: Iterable[str]) -> str:
    """A whole page. title: as text; sections: as HTML."""
    body = "\n".join(section for section in sections if section)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


# --- pieces ---------------------------------------------------------------------------------------


def table(header: Cells, *rows: Cells, kinds: Mapping[int, str] | None = None) -> str:
    """A table that scrolls sideways where it is too wide.

    kinds: CSS classes by the number of the row.
    """
    known = kinds or {}
    body = "\n".join(_row(cells, known.get(number, "")) for number, cells in enumerate(rows))
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(cells: Cells, kind: str) -> str:
    opening = f'<tr class="{escape(kind)}">' if kind else "<tr>"
    return f"{opening}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def pairs(items: Iterable[tuple[str, str]]) -> str:
    """Names and values as a table of text."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in items
    )
    return f'<div class="scroll"><table class="text"><tbody>{rows}</tbody></table></div>'


def picture(data: bytes, description: str) -> str:
    """A PNG inside the page. description: for those who do not see it."""
    encoded = b64encode(data).decode("ascii")
    image = f'<img alt="{escape(description)}" src="data:image/png;base64,{encoded}">'
    return f'<div class="scroll">{image}</div>'


def section(title: str, *parts: str) -> str:
    """A section, or nothing if nothing is in it."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def folded(title: str, body: str) -> str:
    """What is shown on demand."""
    return f"<details><summary>{escape(title)}</summary>\n{body}\n</details>"


# --- the run --------------------------------------------------------------------------------------


def _header(run: Run) -> str:
    record = run.record
    made = [record.backend, record.device, record.precision, record.created]
    line = " · ".join(part for part in (run.name, *made) if part)
    lines = [f'<p class="quiet">{escape(line)}</p>']
    if run.network.graph.description:
        lines.append(f"<p>{escape(run.network.graph.description)}</p>")
    if record.status != "completed" or record.reason:
        reason = f": {record.reason}" if record.reason else ""
        lines.append(f"<p><strong>{escape(record.status)}</strong>{escape(reason)}</p>")
    title = f"<h1>{escape(run.network.name)}</h1>"
    return f"<header>\n{title}\n{chr(10).join(lines)}\n</header>"


def _figures(run: Run, evaluation: RunEvaluation | None) -> str:
    """The numbers that one looks for first."""
    items = "\n".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in (*_training_figures(run), *_evaluation_figures(evaluation))
    )
    return f'<dl class="figures">\n{items}\n</dl>'


def _training_figures(run: Run) -> Iterator[tuple[str, str]]:
    best, history = run.record.best, run.history
    yield "epochs", f"{len(history)} of {run.train.epochs}"
    if best is not None:
        yield f"best {best.monitor}", number(best.value)
        yield "best epoch", str(best.epoch)
    if history:
        row = history[-1]
        for name in ("loss", "accuracy"):
            shown = f"val_{name}" if f"val_{name}" in row else name
            if shown in row:
                yield f"last {shown}", number(row[shown])
        yield "training time", duration(sum(row.get("seconds", 0) for row in history))
    yield "parameters", f"{run.network.parameters:,}"


def _evaluation_figures(evaluation: RunEvaluation | None) -> Iterator[tuple[str, str]]:
    if evaluation is None:
        return
    split = "" if evaluation.split == "all" else f"{evaluation.split} "
    for output, each in evaluation.outputs.items():
        prefix = f"{output}: {split}" if len(evaluation.outputs) > 1 else split
        if isinstance(each, Classification):
            yield f"{prefix}accuracy", percent(each.accuracy)
        else:
            yield f"{prefix}mae", number(each.errors.mae)


def _curves(run: Run) -> str:
    if not run.history:
        return section("Training", "<p>No epoch was finished yet.</p>")
    file = run.folder.curves
    drawn = picture(file.read_bytes(), "loss and metrics over the epochs") if file.is_file() else ""
    return section("Training", drawn, _history(run))


def _history(run: Run) -> str:
    """The table of epochs; of a long one the best and the last stand outside."""
    history, best = run.history, run.record.best
    columns = list(dict.fromkeys(name for row in history for name in row))
    rows = [[_cell(name, row.get(name)) for name in columns] for row in history]
    last = len(rows) - 1
    best_row = -1 if best is None else best.epoch - 1
    kinds = {last: "last", best_row: "best last" if best_row == last else "best"}
    whole = table(columns, *rows, kinds=kinds)
    legend = '<p class="quiet">The best epoch is coloured, the last one bold.</p>'
    if len(rows) <= LONG_HISTORY:
        return whole + legend
    shown = sorted({index for index in (best_row, last) if 0 <= index <= last})
    short = table(
        columns,
        *(rows[index] for index in shown),
        kinds={place: kinds[index] for place, index in enumerate(shown)},
    )
    return short + legend + folded(f"All {count(len(rows), 'epoch')}", whole)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "learning_rate":
        return f"{value:.3g}"
    if name == "seconds":
        return f"{value:.1f}"
    return str(int(value)) if name == "epoch" else number(value)


def _network(run: Run) -> str:
    from specc.summary import summarize

    summary = summarize(run.network.graph)
    totals = "<br>".join(map(escape, summary.totals()))
    layers = f'<div class="scroll">{summary.html()}</div>'
    rows = folded(count(len(summary.rows), "layer"), layers)
    return section("Network", f"<p>{totals}</p>", rows)


def _settings(run: Run) -> str:
    from specc.syntax.writing import yaml_text
    from specc.training.resolved import written

    text = yaml_text({"train": written(run.train), "data": written(run.data)})
    return section("Settings", f"<pre>{escape(text)}</pre>")


def _environment(run: Run) -> str:
    record = run.record
    facts = [
        ("status", record.status),
        ("backend", record.backend),
        ("device", record.device),
        ("precision", record.precision),
        ("begun", record.created),
        ("spec.yaml, SHA-256", record.spec_sha256),
        *record.environment.items(),
    ]
    return section("Environment", pairs((name, value) for name, value in facts if value))


# --- the evaluation -------------------------------------------------------------------------------


def _evaluation(run: Run, evaluation: RunEvaluation) -> str:
    what = (
        f"The {evaluation.weights} weights (epoch {evaluation.epoch}) with {evaluation.backend}: "
        f"{evaluation.examples}."
    )
    metrics = pairs((name, number(value)) for name, value in evaluation.metrics.items())
    parts = [
        part for output in evaluation.outputs for part in _output(run.path, evaluation, output)
    ]
    return section("Evaluation", f"<p>{escape(what)}</p>", metrics, *parts)


def _output(folder: Path, evaluation: RunEvaluation, output: str) -> Iterator[str]:
    each = evaluation.outputs[output]
    if len(evaluation.outputs) > 1:
        yield f"<h3>{escape(output)}</h3>"
    if isinstance(each, Classification):
        yield _notes(each)
        yield table(*class_table(each))
    else:
        yield f"<p>{count(each.examples, 'example')}</p>"
        yield table(*regression_table(each))
    for kind, title in PICTURES.items():
        file = picture_path(folder, evaluation, output, kind)
        if file.is_file():
            yield f"<h3>{escape(title)}</h3>"
            yield picture(file.read_bytes(), title)
    if isinstance(each, Classification):
        yield _mistakes(each)


def _notes(evaluation: Classification) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in evaluation.notes)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _mistakes(evaluation: Classification) -> str:
    if not evaluation.mistakes:
        return ""
    rows = [
        (each.where or str(each.index), each.true, each.predicted, percent(each.confidence))
        for each in evaluation.mistakes
    ]
    return folded(
        f"The {count(len(rows), 'most confident mistake')} by name",
        table(("example", "true", "predicted", "confidence"), *rows),
    )
