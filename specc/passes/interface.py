"""What a network takes and gives: its inputs and outputs, and the graph between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import PurePath

from specc.expressions import Constant
from specc.ir import Graph, Region, Value
from specc.names import MAX_CANDIDATES, nearest, problem_with
from specc.passes.evaluation import Evaluation
from specc.passes.limits import excess
from specc.passes.references import References
from specc.passes.reporting import Faults, Skip, tensor_type_fault
from specc.passes.scope import Binding, Scope, Wire
from specc.passes.sizes import Sizes
from specc.source import Span
from specc.syntax.document import Document
from specc.syntax.yaml import Mapping as YamlMapping
from specc.tensor import TensorSyntaxError, TensorType

_EXAMPLES = {
    "inputs": "inputs:\n  image: float32[N, 28, 28, 1]",
    "layers": "layers:\n  - Dense: 10",
}


def check_presence(document: Document, faults: Faults) -> None:
    """Report that there are no inputs or no layers, unless a misspelt key says otherwise."""
    absent = [key for key in _EXAMPLES if not document.written(key)]
    given = islice(document.node, MAX_CANDIDATES if absent else 0)
    misspelt = {nearest(key, Document.model_fields) for key in given}
    missing = [key for key in absent if key not in misspelt]
    if missing:
        message = f"a spec needs {' and '.join(f'`{key}`' for key in missing)}"
        help = "add\n" + "\n".join(_EXAMPLES[key] for key in missing)
        faults.note("missing-key", message, document.whole, help=help)


def inputs(scope: Scope, sizes: Sizes, faults: Faults, evaluation: Evaluation) -> dict[str, Wire]:
    """The inputs of the network by name, bound in `scope`, with `sizes` in their types."""
    document = scope.document
    written = document.written("inputs")
    names = tuple(written) if isinstance(written, YamlMapping) else ()
    found = {name: _input(name, scope, sizes, faults, evaluation) for name in names}
    whole = found and None not in found.values()  # else a symbol may be in what has a fault
    if whole and not sizes.are_known(document.key_span("inputs"), faults.report):
        found = dict.fromkeys(found)
    for name, wire in found.items():
        scope.names[name] = Binding((wire,), document.key_span("inputs", name))
    if len(found) < 2:
        no_input = (None,)  # which is a fault of its own
        scope.prev = tuple(found.values()) or no_input
    return found


def _input(name: str, scope: Scope, sizes: Sizes, faults: Faults, evaluation: Evaluation) -> Wire:
    document = scope.document
    if name not in document.inputs:
        return None
    span = document.span("inputs", name)
    try:
        text = evaluation.value(document.inputs[name], span, scope)
        return Value(name, _tensor_type(str(text), span, sizes, faults), span)
    except Skip:
        return None


def _tensor_type(text: str, span: Span, sizes: Sizes, faults: Faults) -> TensorType:
    try:
        found = sizes.fix(text, span)
    except TensorSyntaxError as error:
        faults.report.add(tensor_type_fault(error, text, span))
        raise Skip from None
    if broken := excess(found):
        raise faults.fault(*broken, span)
    return found


def outputs(scope: Scope, faults: Faults, references: References) -> dict[str, Wire]:
    """The outputs of the network by name: those it declares, else the last layer's."""
    document = scope.document
    declared = document.outputs
    if declared is None:
        return _last_output(scope)
    if not declared:
        faults.note("missing-key", "a network needs an output", document.span("outputs"))
    if isinstance(declared, tuple):
        places = [document.span("outputs", index) for index in range(len(declared))]
        named = zip(declared, declared, places, strict=True)
    else:
        items = declared.items()
        named = [(name, target, document.span("outputs", name)) for name, target in items]
    return {name: references.wire(target, span, scope) for name, target, span in named}


def _last_output(scope: Scope) -> dict[str, Wire]:
    names = [name for name, binding in scope.names.items() if scope.prev == binding.wires]
    return {names[-1] if names else "output": scope.prev[0] if scope.prev else None}


def graph(
    scope: Scope,
    params: Mapping[str, Constant],
    sizes: Sizes,
    inputs: Mapping[str, Wire],
    outputs: Mapping[str, Wire],
) -> Graph:
    """The graph of a network without a fault, whose wires are all there."""
    document = scope.document
    taken = {name: wire for name, wire in inputs.items() if wire is not None}
    given = {name: wire for name, wire in outputs.items() if wire is not None}
    name = document.name or _file_name(document)
    ends = tuple(taken.items()), tuple(given.items())
    body = Region("", "model", name, tuple(scope.members), *ends, "", document.whole)
    return Graph(name, taken, given, body, document.description, dict(params), dict(sizes.numbers))


def _file_name(document: Document) -> str:
    """The file's name as that of the network, `my-net.yaml` as `my_net`."""
    name = re.sub(r"\W+", "_", PurePath(document.source.name).stem, flags=re.ASCII).strip("_")
    return "network" if problem_with(name) else name
