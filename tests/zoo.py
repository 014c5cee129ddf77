"""The networks of the zoo, for the tests that walk them: each spec, and each of its variants.

Checking all of them takes a moment, and building one in a framework does too: what a framework is
needed for is tested on each spec as it stands, without its variants.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import specc.zoo
from specc.checking import check_file, require_graph
from specc.ir import Graph


def every_network() -> list[Any]:
    """`(name, variant)` as pytest parameters, with ids such as `densenet@densenet169`."""
    return [
        pytest.param(name, variant, id=f"{name}@{variant}" if variant else name)
        for name in specc.zoo.names()
        for variant in (None, *check_file(specc.zoo.path(name)).variants)
    ]


@cache
def network(name: str, variant: str | None = None, **params: Any) -> Graph:
    """The graph of a spec of the zoo; `params` override those of the variant."""
    return require_graph(check_file(specc.zoo.path(name), variant=variant, params=params))
