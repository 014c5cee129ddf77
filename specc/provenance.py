"""What a file says of where it came from: the spec that made it, whole."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from specc.training.resolved import resolved_spec

if TYPE_CHECKING:
    from specc.ir import Graph
    from specc.syntax.program import Program


def provenance(program: Program, graph: Graph) -> dict[str, str]:
    """The spec of `graph` as metadata: its text, which needs no other file, and its SHA-256.

    Includes, variant, overridden params and sizes are worked in; how it was trained, and on what,
    is left out. `model_license` is ONNX's own name (docs/MetadataProps.md of onnx).
    """
    text = resolved_spec(program, graph, None, None)
    found = {
        "model_license": program.document.license,
        "spec": text,
        "spec_sha256": sha256(text.encode()).hexdigest(),
    }
    return {key: value for key, value in found.items() if value}
