"""Whether a file that was written is right: valid, with true types, one function for every runtime.

It is read as any other program would read it. Nothing of the compiler takes part but the graph, for
inputs that suit it.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from warnings import catch_warnings

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto
from onnx.numpy_helper import from_array, to_array
from onnx.shape_inference import infer_shapes

from specc.agreement import NUDGES, Tolerance, compare, distance, nudged
from specc.diagnostics import SpecError
from specc.dims import evaluate
from specc.ir import Graph
from specc.passes.cost import fixed_batch, flops
from specc.passes.layout import IoLayout
from specc.verification import example_sizes, random_inputs

from .bfloat16 import averages, in_float32, loaded, widened_arrays
from .eight_bits import STEPS, last_steps, saturates, with_outputs
from .graph import MAX_BYTES
from .ops import Array
from .running import feed, first_line

File = Path | bytes
Arrays = Mapping[str, Array]
Outputs = Sequence[Array]

BATCH = 2
"""The examples of a trial: a batch of one may be broadcast without anyone's noticing."""

REFERENCE_FLOPS, REFERENCE_PARAMETERS = 2_000_000_000, 50_000_000
"""Up to where onnx's reference runs: it does 0.4 to 3 billion operations in a second, and takes 14
seconds for the 163 million parameters of GPT-2."""

REFERENCE_FAULTS = {"GRU", "LRN", "LSTM", "RNN"}
"""What onnx's reference (1.23) does not do as ONNX says: it knows no lengths of sequences and no
backward direction, and sums too many squares."""

REFERENCE_FAULTS_OF_VOLUMES = {"GlobalMaxPool", "MaxPool"}
"""The same where there are three spatial axes."""

TOO_NEW = re.compile("max supported IR version|support for domain ai.onnx is till opset")
"""What onnxruntime says to a file of an ONNX that came after it."""


@dataclass(slots=True)
class Checked:
    """What was looked at, and what could not be.

    edges: those whose type was found to be true. runs: who computed the outputs.
    apart: by how much of the largest number they differ at most.
    rounded: outputs that differ by more than the tolerance, as rounding alone makes them, and by
        how much: which of two classes is better may be such a thing.
    steps: by how many steps of eight bits the last tensors in them do, if there are such.
    free: outputs that are not held to anything, and by how much of the largest number they differ.
    skipped: who did not run, and why.
    """

    edges: int
    runs: list[str] = field(default_factory=list[str])
    apart: float = 0.0
    steps: int | None = None
    rounded: dict[str, float] = field(default_factory=dict[str, float])
    free: dict[str, float] = field(default_factory=dict[str, float])
    skipped: list[str] = field(default_factory=list[str])

    @property
    def lines(self) -> Iterator[str]:
        """For people to read."""
        yield f"checked: onnx infers the types of all {self.edges} edges"
        if self.runs:
            yield f"checked: {' and '.join(self.runs)} agree within {self._distance}"
        for name, apart in self.rounded.items():
            yield f"checked: `{name}` differs by {apart:.1e}, no more than rounding makes it"
        for name, apart in self.free.items():
            yield f"not held: `{name}`, computed from these in float32, differs by {apart:.1e}"
        yield from (f"not checked: {each}" for each in self.skipped)

    @property
    def _distance(self) -> str:
        return f"{self.apart:.1e}" if self.steps is None else f"{self.steps} of 255 steps"


def check_file(file: File, light: File, graph: Graph, io_layout: IoLayout) -> Checked:
    """Check a file. Raises `SpecError` (`export-faulty`).

    file: its path, or what is in it.
    light: the same model, but that its large tensors are elsewhere, for onnx, which would hold
        them twice; they are in the file, or beside both.
    """
    try:
        onnx.checker.check_model(light, full_check=True)
    except Exception as error:
        raise _fault(f"onnx's checker refuses it: {first_line(error)}") from None
    checked = Checked(_check_types(_without_large(light)))
    try:
        _check_outputs(file, _without_large(light), graph, io_layout, checked)
    except _NotRun as reason:
        checked.skipped.append(f"{reason}")
    return checked


def _without_large(light: File) -> ModelProto:
    return onnx.load_from_string(light.read_bytes() if isinstance(light, Path) else light)


class _NotRun(Exception):
    """Why something cannot run a file, which is no fault of the file."""


def _fault(message: str) -> SpecError:
    return SpecError.of(
        "export-faulty",
        message,
        help="this is a fault of specc or of a plugin: please report it; "
        "`--no-check` writes the file all the same",
    )


@dataclass(frozen=True, slots=True)
class _Edge:
    """A type as a file says it; shape: None where it says none."""

    dtype: str
    shape: tuple[int | str, ...] | None

    @classmethod
    def of(cls, value: ValueInfoProto) -> _Edge:
        type = value.type.tensor_type
        dims = tuple(dim.dim_param or dim.dim_value for dim in type.shape.dim)
        dtype = TensorProto.DataType.Name(type.elem_type).lower()
        return cls(dtype, dims if type.HasField("shape") else None)

    def __str__(self) -> str:
        shape = "[…]" if self.shape is None else f"[{', '.join(map(str, self.shape))}]"
        return f"{self.dtype}{shape}"

    def may_be(self, inferred: _Edge, inputs: Set[int | str]) -> bool:
        """Whether it is what onnx inferred, which has no arithmetic on sizes and names some anew.

        inputs: the sizes of the inputs, which onnx does know.
        """
        if self.shape is None or inferred.shape is None:
            return self.dtype == inferred.dtype
        if self.dtype != inferred.dtype or len(self.shape) != len(inferred.shape):
            return False
        return all(
            our == their or their == 0 or (isinstance(their, str) and their not in inputs)
            for our, their in zip(self.shape, inferred.shape, strict=True)
        )


def _check_types(model: ModelProto) -> int:
    """The number of edges; each has the type that strict shape inference finds, if it finds one."""
    graph = model.graph
    ours = {edge.name: _Edge.of(edge) for edge in [*graph.value_info, *graph.output]}
    inputs = {dim for value in graph.input for dim in _Edge.of(value).shape or ()}
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        inferred = infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    except Exception as error:
        raise _fault(f"onnx infers no types: {first_line(error)}") from None
    for value in [*inferred.value_info, *inferred.output]:
        theirs = _Edge.of(value)
        if not ours[value.name].may_be(theirs, inputs):
            said = f"the edge `{value.name}` is {ours[value.name]} in the file"
            raise _fault(f"{said}, onnx infers {theirs}")
    return len(ours)


def _check_outputs(
    file: File, model: ModelProto, graph: Graph, io_layout: IoLayout, checked: Checked
) -> None:
    """Hold the outputs of all who can run the file against each other.

    Raises `_NotRun` where one who should have run could not.
    """
    from onnxruntime import GraphOptimizationLevel

    steps = last_steps(model.graph)
    if steps:
        file = with_outputs(model, steps).SerializeToString()
    dtypes = _dtypes(model)
    low = "bfloat16" in dtypes
    runnable = _in_float32(file, graph) if low else file
    levels = GraphOptimizationLevel.__members__.values()
    first, *others = (partial(_onnxruntime, runnable, level) for level in levels)
    sizes = _example_sizes(graph)
    inputs = feed(graph, io_layout, random_inputs(graph, sizes))
    expected = first(inputs)
    if any(each.dtype.kind == "f" and np.isnan(each).any() for each in expected):
        checked.skipped.append("the numbers of the outputs that are NaN")
    names = [value.name for value in model.graph.output]
    if steps:
        trial = _TrialInSteps(names, steps, expected, checked)
    else:
        trial = _Trial(runnable, inputs, names, expected, dtypes - {"bfloat16"}, checked)
    for run in others:
        trial.compare(run(inputs), "two levels of onnxruntime")
    instead = ", with float32 for bfloat16," if low else ""
    checked.runs.append(f"{len(levels)} levels of onnxruntime{instead}")
    if reason := _reference_obstacle(model, graph, sizes):
        raise _NotRun(f"onnx's reference: {reason}")
    if low:
        trial = replace(trial, dtypes=dtypes)
    trial.compare(_reference(file, model, inputs), "onnxruntime and onnx's reference")
    checked.runs.append("onnx's reference")


def _example_sizes(graph: Graph) -> dict[str, int]:
    try:
        return example_sizes(graph, BATCH)
    except SpecError as error:
        raise _NotRun(f"the outputs: {error.report.diagnostics[0].message}") from None


def _dtypes(model: ModelProto) -> set[str]:
    """The types of the edges."""
    edges = (*model.graph.input, *model.graph.value_info, *model.graph.output)
    return {_Edge.of(edge).dtype for edge in edges}


def _in_float32(file: File, graph: Graph) -> bytes:
    """The model with float32 in place of bfloat16. Raises `_NotRun` beyond what a file holds."""
    if 4 * graph.parameters > MAX_BYTES:
        raise _NotRun("the outputs: in float32, which onnxruntime's CPU needs, it is beyond 2 GiB")
    return in_float32(file)


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a file gives for some inputs, which other runs are to give too.

    dtypes: of what they compute with.
    """

    file: File
    inputs: Arrays
    names: Sequence[str]
    expected: Outputs
    dtypes: Set[str]
    checked: Checked

    def compare(self, found: Outputs, who: str) -> None:
        """Raise `SpecError` if outputs differ by more than what rounding does to them."""
        for index, name in enumerate(self.names):
            difference = compare(found[index], self.expected[index], Tolerance.of(self.dtypes))
            apart = difference.relative
            if difference.agrees:
                self.checked.apart = max(self.checked.apart, apart)
            elif replace(difference, rounding=self._rounding(index)).agrees:
                self.checked.rounded[name] = max(self.checked.rounded.get(name, 0.0), apart)
            else:
                largest = f"where the largest number is {difference.scale:.2g}"
                raise _fault(f"{who} differ by {difference.absolute:.2g} {largest}")

    def _rounding(self, index: int) -> float:
        """How far an output moves where weights and inputs move in their last places."""
        runs = (self._moved_run(seed) for seed in NUDGES)
        return max(distance(run[index], self.expected[index]) for run in runs)

    def _moved_run(self, seed: int) -> Outputs:
        from onnxruntime import GraphOptimizationLevel

        inputs = {name: nudged(array, seed, self.dtypes) for name, array in self.inputs.items()}
        return _onnxruntime(self._moved_file(seed), GraphOptimizationLevel.ORT_DISABLE_ALL, inputs)

    def _moved_file(self, seed: int) -> File:
        """The file with other weights, or as it is if they cannot be in it."""
        model = loaded(self.file)
        weights = model.graph.initializer
        if sum(map(TensorProto.ByteSize, weights)) > MAX_BYTES:
            return self.file
        for weight in weights:
            moved = nudged(to_array(weight), seed, self.dtypes)
            weight.CopyFrom(from_array(moved, weight.name))
        return model.SerializeToString()


@dataclass(frozen=True, slots=True)
class _TrialInSteps:
    """The same for a model in eight bits.

    names: of the outputs. steps: how long they are, by the names of those that are held to them.
    """

    names: Sequence[str]
    steps: Mapping[str, float]
    expected: Outputs
    checked: Checked

    def compare(self, found: Outputs, who: str) -> None:
        """Raise `SpecError` if tensors in eight bits differ by more than some steps.

        Raises `_NotRun` where the processor computes otherwise than ONNX says.
        """
        for name, ours, theirs in zip(self.names, found, self.expected, strict=True):
            difference = compare(ours, theirs, Tolerance())
            if name in self.steps:
                self._hold(difference.absolute / self.steps[name], who)
            elif ours.dtype.kind == "f":
                apart = max(difference.relative, self.checked.free.get(name, 0.0))
                self.checked.free[name] = apart

    def _hold(self, apart: float, who: str) -> None:
        if apart > STEPS:
            said = f"{who} differ by {apart:.0f} of 255 steps"
            if saturates():
                why = "this processor saturates sums of products of bytes"
                raise _NotRun(f"the outputs: {said}: {why}")
            raise _fault(said)
        self.checked.steps = max(self.checked.steps or 0, round(apart))


def _onnxruntime(file: File, level: Any, inputs: Arrays) -> Outputs:
    """The outputs on the CPU. Raises `_NotRun` where it lacks an op in some type."""
    from onnxruntime import InferenceSession, SessionOptions
    from onnxruntime import __version__ as onnxruntime_version
    from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NoKernel

    options = SessionOptions()
    options.graph_optimization_level, options.log_severity_level = level, 4
    options.enable_cpu_mem_arena = False  # it keeps from one session what the next one needs
    options.add_session_config_entry("session.disable_prepacking", "1")  # a copy of the weights
    try:
        session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except NoKernel as error:
        raise _NotRun(f"the outputs, on onnxruntime's CPU: {first_line(error)}") from None
    except Exception as error:
        if TOO_NEW.search(str(error)):
            reason = f"onnxruntime {onnxruntime_version} is older than the opset"
            raise _NotRun(f"the outputs: {reason}") from None
        raise _fault(f"onnxruntime refuses it: {first_line(error)}") from None
    try:
        return session.run(None, widened_arrays(inputs))
    except Exception as error:
        raise _fault(f"onnxruntime fails: {first_line(error)}") from None
    finally:
        del session
        _give_back_memory()


def _give_back_memory() -> None:
    """Have glibc return what was freed: it would keep the activations of one session for long."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _reference(file: File, model: ModelProto, inputs: Arrays) -> Outputs:
    """The outputs by numpy. Raises `_NotRun` for what the reference cannot do."""
    from onnx.reference import ReferenceEvaluator

    [opset] = (each.version for each in model.opset_import if not each.domain)
    ops = averages(opset) if "bfloat16" in _dtypes(model) else []
    try:
        with np.errstate(all="ignore"), catch_warnings(action="ignore"):
            source = file if isinstance(file, bytes) else str(file)
            found = ReferenceEvaluator(source, new_ops=ops).run(None, dict(inputs))
    except Exception as error:
        raise _NotRun(f"onnx's reference: {first_line(error)}") from None
    return [np.asarray(each) for each in found]


def _reference_obstacle(model: ModelProto, graph: Graph, sizes: Mapping[str, int]) -> str:
    """Why onnx's reference is not to run; empty if it is."""
    operations = max(BATCH, fixed_batch(graph)) * evaluate(flops(graph), sizes)
    if operations > REFERENCE_FLOPS:
        return f"not run beyond {REFERENCE_FLOPS:,} operations, these are {operations:,}"
    if graph.parameters > REFERENCE_PARAMETERS:
        return f"not run beyond {REFERENCE_PARAMETERS:,} parameters, these are {graph.parameters:,}"
    nodes = [*model.graph.node, *(node for each in model.functions for node in each.node)]
    ranks = {
        len(_Edge.of(edge).shape or ()) for edge in (*model.graph.value_info, *model.graph.output)
    }
    faults = REFERENCE_FAULTS | (REFERENCE_FAULTS_OF_VOLUMES if 5 in ranks else set())
    faulty = sorted({node.op_type for node in nodes} & faults)
    return f"it computes {', '.join(faulty)} otherwise than ONNX says" if faulty else ""
