"""`train` held against the network and its data: data → model → loss → metrics.

What is reported here would in a framework be an error of shapes in the first step, or none at all
and a network that does not learn. An ending that does not tell what it gives is taken on trust.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from specc.diagnostics import SHOWN_ERRORS, Diagnostic, Label, Report
from specc.ir import Graph, Value
from specc.names import did_you_mean
from specc.passes.endings import Ending, ending
from specc.passes.origins import Origin
from specc.passes.sections import Section
from specc.source import Span, printable
from specc.syntax.yaml import Mapping as YamlMapping
from specc.tensor import shape_text
from specc.wording import listing

if TYPE_CHECKING:
    from specc.data.document import Data
    from specc.training.document import OutputTraining, Train
    from specc.training.losses import Loss
    from specc.training.objectives import Objective

ONE_LABEL = frozenset({"image_folder", "idx", "csv", "parquet"})
"""The sources with one label, or one row of values, for each example."""

PICTURES = frozenset({"image_folder", "idx"})
"""The sources of pictures, each of one class."""


def check_training(
    graph: Graph, train: Section[Train], data: Section[Data] | None, report: Report
) -> None:
    """Report where `train` does not fit what `graph` gives, or what `data` says of the labels."""
    found = list(_outputs(graph, train))
    report.extend(found)
    if any(each.severity == "error" for each in found):
        return
    from specc.training.objectives import objectives, outputs_trained

    source = data.value.source if data is not None else None
    faulty = False
    for name, part in outputs_trained(graph, train.value).items():
        output = _Output(graph, train, name, part, "" if source is None else source.name)
        if fault := output.loss_fault():
            report.add(fault)
            faulty = True
    if not faulty:
        report.extend(_of_objectives(objectives(graph, train.value), train, data))


# --- outputs ------------------------------------------------------------------------------------


def _outputs(graph: Graph, train: Section[Train]) -> Iterator[Diagnostic]:
    """What is wrong with which outputs have a loss."""
    given = train.value.outputs
    if given is None:
        if len(graph.outputs) > 1:
            yield _one_loss(graph, train)
        return
    unknown = [name for name in given if name not in graph.outputs]
    for index, name in enumerate(unknown):
        # Faults beyond those shown are only counted: no near name is looked for.
        near = did_you_mean(name, graph.outputs) if index < SHOWN_ERRORS else ""
        yield Diagnostic(
            "unknown-output",
            f"the network has no output `{printable(name)}`",
            train.key_span("outputs", name),
            help=near or listing("there are", graph.outputs),
        )
    for name, value in () if unknown else graph.outputs.items():
        if name not in given:
            yield _no_loss(name, value, train)


def _one_loss(graph: Graph, train: Section[Train]) -> Diagnostic:
    message = f"the network has {len(graph.outputs)} outputs, and `loss` is for one"
    lines = "\n".join(f"  {name}: {{loss: …}}" for name in islice(graph.outputs, 10))
    help = f"give each a loss of its own:\noutputs:\n{lines}"
    return Diagnostic("missing-loss", message, train.key_span("loss"), help=help)


def _no_loss(name: str, value: Value, train: Section[Train]) -> Diagnostic:
    message = f"the output `{name}` has no loss: nothing is learnt from it"
    return Diagnostic(
        "missing-loss",
        message,
        train.key_span("outputs"),
        labels=_label(value.span, "this output"),
        help=f"add `{name}: {{loss: …}}`, or take it out of the network's `outputs`",
        severity="warning",
    )


# --- losses -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Output:
    """One output and what `train` says of it.

    source: the name of the kind of data; empty if it is not known.
    """

    graph: Graph
    train: Section[Train]
    name: str
    part: OutputTraining
    source: str

    @property
    def value(self) -> Value:
        return self.graph.outputs[self.name]

    @property
    def loss(self) -> Loss:
        return self.part.loss

    def loss_fault(self) -> Diagnostic | None:
        """The first of what is wrong with the loss, if anything is."""
        return self._type_fault() or self._rank_fault() or self._ending_fault()

    def _type_fault(self) -> Diagnostic | None:
        from specc.training.objectives import misfit

        origin = Origin.of(self.graph, self.value)
        last = self.value.type.shape[-1:]
        if message := misfit(self.loss, self.value.type):
            help = ""
            if last == (1,):
                help = "one unit tells two classes apart: use `binary_crossentropy`, and a sigmoid"
            return self._fault("loss-mismatch", message, origin.labels()[:1], help=help)
        if last != (1,) and self.loss.task == "binary" and self.source in PICTURES:
            message = (
                f"{self.loss.name} over {last[0]} units takes several labels a picture, and "
                f"{self.source} has one"
            )
            help = "use `sparse_categorical_crossentropy`, or one unit for two classes"
            return self._fault("loss-mismatch", message, origin.labels()[:1], help=help)
        return None

    def _rank_fault(self) -> Diagnostic | None:
        """The fault of axes between the batch and the channels that no label has.

        An output for each pixel is right where labels may be pictures; one of a single pixel is
        never meant.
        """
        shape = self.value.type.shape
        inner = shape[1:-1]
        if self.source in ONE_LABEL:
            reason = f"{self.source} has one label for each example"
        elif self.loss.labels != "values" and set(inner) == {1}:
            reason = "there is one label for each example"
        else:
            return None
        if not inner:
            return None
        origin = Origin.of(self.graph, self.value)
        expected = shape_text((shape[0], shape[-1]))
        message = f"expected `{self.name}` to be {expected}, received {shape_text(shape)}: {reason}"
        help = origin.flattening()
        return self._fault("label-rank", message, origin.labels(), help=help)

    def _ending_fault(self) -> Diagnostic | None:
        """The fault of probabilities where the loss takes logits, or of another kind of them."""
        end = ending(self.graph, self.value)
        if end.kind == "softmax" and self.value.type.shape[-1:] == (1,):
            message = f"the softmax of `{self.name}` over one unit is always 1"
            return self._fault("loss-mismatch", message, _made(end), help="use a sigmoid")
        if self.loss.gives != "probabilities" or end.maker is None:
            return None
        if self.loss.from_logits:
            return self._double(end) if end.kind != "open" else None
        if end.kind == "open":
            return self._logits(end)
        fitting = "softmax" if self.loss.task == "multiclass" else "sigmoid"
        return self._other(end, fitting) if end.kind != fitting else None

    def _double(self, end: Ending) -> Diagnostic:
        name = self.loss.name
        message = f"{name} with `from_logits` takes logits, and `{self.name}` is a {end.activation}"
        help = f"remove the {end.activation}, or `from_logits: true`"
        return self._fault("logits-mismatch", message, _made(end), "from_logits", help)

    def _logits(self, end: Ending) -> Diagnostic:
        name, fitting = self.loss.name, "softmax" if self.loss.task == "multiclass" else "sigmoid"
        what = "linear" if end.activation == "linear" else f"the output of a {end.activation}"
        message = f"{name} takes probabilities, and `{self.name}` is {what}"
        help = f"end with a {fitting}"
        if "from_logits" in type(self.loss).model_fields:
            given = self.loss.model_dump(exclude_defaults=True)
            write = (
                "add `from_logits: true`" if given else f"write `{{{name}: {{from_logits: true}}}}`"
            )
            help = f"{write}, or {help}"
        return self._fault("logits-mismatch", message, _made(end), help=help)

    def _other(self, end: Ending, fitting: str) -> Diagnostic:
        name = self.loss.name
        if fitting == "softmax":
            takes = "probabilities that sum to one"
            help = "end with a softmax; where several labels may hold, use `binary_crossentropy`"
        else:
            takes = "a probability for each unit"
            help = "end with a sigmoid, or use `sparse_categorical_crossentropy`"
        message = f"{name} takes {takes}, and `{self.name}` is a {end.activation}"
        return self._fault("loss-mismatch", message, _made(end), help=help)

    def _fault(
        self, code: str, message: str, labels: tuple[Label, ...], part: str = "", help: str = ""
    ) -> Diagnostic:
        """A fault at the loss, or at a part of its arguments."""
        prefix = _prefix(self.train, self.name)
        place = self.train.name_span(*prefix, "loss")
        written = self.train.part(*prefix, "loss")
        if part and isinstance(written, YamlMapping):
            (name,) = written
            place = self.train.span(*prefix, "loss", name, part)
        return Diagnostic(code, message, place, labels=labels, help=help)


def _made(end: Ending) -> tuple[Label, ...]:
    if end.maker is None:
        return ()
    linear = end.activation == "linear"
    return _label(end.maker.span, "no activation" if linear else f"a {end.activation}")


def _label(span: Span | None, message: str) -> tuple[Label, ...]:
    return () if span is None else (Label(span, message),)


# --- metrics, class weights, monitors -----------------------------------------------------------


def _of_objectives(
    found: dict[str, Objective], train: Section[Train], data: Section[Data] | None
) -> Iterator[Diagnostic]:
    """What is wrong with what stands beside the losses."""
    from specc.training.objectives import class_weight_misfit

    for objective in found.values():
        yield from _metrics(objective, train)
    if message := class_weight_misfit(train.value, found):
        yield Diagnostic("class-weight", message, train.span("class_weight"))
    yield from _monitors(found, train)
    if data is not None:
        yield from _class_names(found, data)


def _metrics(objective: Objective, train: Section[Train]) -> Iterator[Diagnostic]:
    from specc.training.objectives import metric_misfit

    prefix = _prefix(train, objective.output)
    for index, metric in enumerate(objective.metrics):
        if message := metric_misfit(metric, objective):
            span = train.name_span(*prefix, "metrics", index)
            yield Diagnostic("metric-mismatch", message, span)


def _monitors(found: dict[str, Objective], train: Section[Train]) -> Iterator[Diagnostic]:
    from specc.training.objectives import log_names

    names = log_names(found)
    known = [*names, *(f"val_{name}" for name in names)]
    for section in ("early_stopping", "reduce_lr_on_plateau", "checkpoint"):
        part = getattr(train.value, section)
        if part is not None and part.monitor not in known:
            message = f"nothing in the logs is called `{printable(part.monitor)}`"
            help = did_you_mean(part.monitor, known) or listing("there are", known)
            span = train.span(section, "monitor")
            yield Diagnostic("unknown-monitor", message, span, help=help)


def _class_names(found: dict[str, Objective], data: Section[Data]) -> Iterator[Diagnostic]:
    names, counted = data.value.class_names, [each for each in found.values() if each.classes]
    if names is None or len(counted) != 1:
        return
    (objective,) = counted
    if len(names) != objective.classes:
        message = (
            f"expected {objective.classes} class names, as `{objective.output}` is "
            f"{objective.type}, received {len(names)}"
        )
        yield Diagnostic("class-count", message, data.span("class_names"))


# --- places -------------------------------------------------------------------------------------


def _prefix(train: Section[Train], output: str) -> tuple[str, ...]:
    """The keys that lead to what `train` says of an output."""
    return () if train.value.outputs is None else ("outputs", output)
