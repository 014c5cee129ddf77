"""Every code a diagnostic can carry, and what `specc explain CODE` says of it.

The first line of a text is its title. Below it stand the rule and its reason, and for most a piece
of a spec that breaks the rule and one that does not; a test checks both. A diagnostic with a code
that is not here does not construct.
"""

from __future__ import annotations

from specc.codes.backends import BACKENDS
from specc.codes.data import DATA
from specc.codes.document import DOCUMENT
from specc.codes.entries import ENTRIES
from specc.codes.expressions import EXPRESSIONS
from specc.codes.inference import INFERENCE
from specc.codes.reading import READING
from specc.codes.reports import REPORTS
from specc.codes.sections import SECTIONS
from specc.codes.shapes import SHAPES
from specc.codes.training import TRAINING

CODES: dict[str, str] = (
    READING
    | DOCUMENT
    | EXPRESSIONS
    | ENTRIES
    | SHAPES
    | BACKENDS
    | SECTIONS
    | TRAINING
    | DATA
    | REPORTS
    | INFERENCE
)
