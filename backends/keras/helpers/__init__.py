"""Functions that emitted source brings along, for what no layer of Keras does.

A file a family, named as the lowerings that use it. Each function makes a small model of
`keras.ops`, to be called as a layer. Keras wants the names of all operations in a model to
differ: inside a small model they cannot clash with the user's, and a `.keras` file loads
it without custom objects. The text is emitted as it stands, at 88 columns.
"""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers, isfunction
from pkgutil import iter_modules

NAMES = tuple(
    name
    for family in iter_modules(__path__)
    for name, _ in getmembers(import_module(f"{__name__}.{family.name}"), isfunction)
)
"""Of all of them: nothing else in an emitted file is named so."""
