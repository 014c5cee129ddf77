"""Params: what a run gives them, from defaults, a variant, and the command line or Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from specc.diagnostics import Diagnostic, Label, Report
from specc.expressions import Constant, ExpressionError, evaluate, is_template
from specc.names import did_you_mean, nearest
from specc.source import Span, printable
from specc.syntax.document import Document
from specc.syntax.program import Program
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import inner_span
from specc.wording import listing, shown

FAULTY: Final = "a param with a fault"
"""Stands, by identity, for the value of a param whose fault is reported."""

PARAM_TYPES = {"int": int, "float": float, "bool": bool, "str": str, "list": tuple}
"""The types a required param can be declared with."""

_TYPES_IN_WORDS: dict[type, str] = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "a string",
    tuple: "a list",
}


def resolve_params(
    program: Program, variant: str | None, overrides: Mapping[str, Any], report: Report
) -> dict[str, Constant]:
    """The value of each param: the override, else the variant's, else the default.

    A default may be an expression on the params before it. Faults go to `report`, and `FAULTY`
    stands in for the value.
    """
    for name, value in overrides.items():
        _check_param(program, name, tuple_of(value), None, report)
    given = _variant_params(program.document, variant, report) | {
        name: tuple_of(value) for name, value in overrides.items()
    }
    declared = (document.written("params") for document in program.documents)
    written = (params for params in declared if isinstance(params, YamlMapping))
    params: dict[str, Constant] = {
        name: FAULTY for names in written for name in names if name not in program.params
    }
    for name, (default, document) in program.params.items():
        span, value = document.span("params", name), given.get(name, default)
        if name in given and not has_param_type(value, default):
            params[name] = FAULTY  # reported where it is given
        elif name not in given and isinstance(default, str) and default in PARAM_TYPES:
            message = f"the param `{name}` has no value, and must be {param_type(default)}"
            report.add(Diagnostic("missing-param", message, span, help=f"give it: --set {name}=…"))
            params[name] = FAULTY
        else:
            params[name] = _evaluated(value, span, params, report)
    return params


def _variant_params(document: Document, variant: str | None, report: Report) -> dict[str, Any]:
    if variant is None:
        return {}
    if variant not in document.variants:
        help = did_you_mean(variant, document.variants) or listing("there are", document.variants)
        message = f"the file has no variant `{printable(variant)}`"
        span = document.key_span("variants")
        report.add(Diagnostic("unknown-variant", message, span, help=help))
        return {}
    return document.params_of(variant)


def check_variants(program: Program, report: Report) -> None:
    """Check the params that each variant sets, whether or not it is the one in use."""
    document = program.document
    for variant in document.variants:
        for name, value in document.params_of(variant).items():
            span = document.span("variants", variant, name)
            key = document.key_span("variants", variant, name)
            _check_param(program, name, value, span, report, key)


def _check_param(
    program: Program,
    name: str,
    value: Any,
    span: Span | None,
    report: Report,
    key: Span | None = None,
) -> None:
    """Check that a param may be given `value`, written at `span` under the name at `key`."""
    if name not in program.params:
        near = did_you_mean(name, program.params) if key else _meant(name, program.params)
        help = near or listing("there are", program.params)
        message = f"there is no param `{printable(name)}`"
        report.add(Diagnostic("unknown-param", message, key, help=help))
        return
    declared, document = program.params[name]
    if has_param_type(value, declared):
        return
    label = Label(document.span("params", name), "declared here")
    message = f"`{name}` must be {param_type(declared)}, received {shown(value)}"
    report.add(Diagnostic("param-type", message, span, labels=(label,)))


def _meant(name: str, params: Iterable[str]) -> str:
    """A help line for an override of no param, which may be meant for a section: `train.epochs`."""
    from specc.data.document import Data
    from specc.training.document import Train

    sections = {"train": Train.model_fields, "data": Data.model_fields}
    known = {key: f"{section}.{key}" for section, keys in sections.items() for key in keys}
    known |= {param: param for param in params}
    match = nearest(name, known)
    return f"did you mean `{known[match]}`?" if match else ""


def _evaluated(value: Any, span: Span, params: Mapping[str, Constant], report: Report) -> Any:
    if isinstance(value, tuple):
        items = tuple(_evaluated(item, span, params, report) for item in value)  # pyright: ignore[reportUnknownVariableType]
        return FAULTY if any(item is FAULTY for item in items) else items
    if not isinstance(value, str) or not is_template(value):
        return value
    known = {name: param for name, param in params.items() if param is not FAULTY}
    try:
        return evaluate(value, known)
    except ExpressionError as error:
        if value[error.start : error.end] not in params:  # else that param's own fault is reported
            place = inner_span(span, value, error.start, error.end)
            report.add(Diagnostic(error.code, error.message, place, help=error.help))
        return FAULTY


def tuple_of(value: Any) -> Any:
    """Lists as tuples, however deep: the form in which the language has them."""
    return tuple(tuple_of(item) for item in value) if isinstance(value, list | tuple) else value  # type: ignore[arg-type]


def has_param_type(value: object, declared: object) -> bool:
    """Whether `value` may be given for a param declared with a default or a type's name."""
    if isinstance(declared, str) and is_template(declared):
        return True
    wanted = _declared_type(declared)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int or wanted is bool:
        return type(value) is wanted
    return isinstance(value, wanted)


def param_type(declared: object) -> str:
    """The type of a param in words."""
    return _TYPES_IN_WORDS[_declared_type(declared)]


def _declared_type(declared: object) -> type:
    """The type that a declaration asks for: the one it names, else that of the default it is."""
    if isinstance(declared, str):
        return PARAM_TYPES.get(declared, str)
    return tuple if isinstance(declared, tuple) else type(declared)
