"""The command that runs a network in every backend: verify."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from specc.diagnostics import SpecError
from specc.native_log import native_log

from .console import print_table, working
from .options import AsJson, Seed, Settings, Sizes, Spec, Weights, open_network, weights_of

if TYPE_CHECKING:
    from specc.verification import Comparison

Batch = Annotated[int, typer.Option(min=1, help="The number of examples.")]
Backends = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Such as pytorch,onnx; default: all installed.")
]
Rtol = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="What a tensor may differ by, as a part of its largest number; default: 1e-5, or 8"
        " roundings where the spec has half precision.",
    ),
]
Atol = Annotated[float, typer.Option(min=0, help="What any tensor may differ by, beside that.")]


def verify(
    spec: Spec,
    weights: Weights = None,
    seed: Seed = 0,
    batch: Batch = 2,
    backends: Backends = None,
    rtol: Rtol = None,
    atol: Atol = 0.0,
    as_json: AsJson = False,
    settings: Settings = None,
    size: Sizes = None,
) -> None:
    """Run the same weights and inputs through every backend, and compare every layer's output.

    Exits with 1 if one differs by more than rtol * its largest number + atol, and names the layer
    where the difference begins. A network with symbols runs at two sizes; without weights, they
    are drawn from the seed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    network = open_network(spec, settings, size)
    names = None if backends is None else [name.strip() for name in backends.split(",")]
    with working("Comparing backends"), native_log():
        result = network.verify(
            weights_of(spec, weights), seed=seed, batch=batch, backends=names, rtol=rtol, atol=atol
        )
    if as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
    else:
        print_table([_HEADER, *map(_row, result.comparisons)], left=3)
    if not result.agrees:
        raise SpecError(result.report())


_HEADER = ("backends", "sizes", "largest difference at", "of its scale", "tensors", "")


def _row(comparison: Comparison) -> tuple[str, ...]:
    """How far two backends lie apart where they do most."""
    largest = comparison.largest
    return (
        " / ".join(comparison.backends),
        " ".join(f"{name}={size}" for name, size in comparison.sizes.items()),
        largest.name if largest.difference.absolute else "",
        f"{largest.difference.relative:.1e}",
        str(len(comparison.tensors)),
        _verdict(comparison),
    )


def _verdict(comparison: Comparison) -> str:
    if not comparison.agrees:
        return "DIFFERS"
    if comparison.undefined is not None:
        return f"ok, but NaN from {comparison.undefined} on"
    return "ok, by rounding" if comparison.rounded else "ok"
