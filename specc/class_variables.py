"""Class variables of pydantic models whose annotations cost their subclasses nothing."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def settle_class_variables(model: type[Model]) -> type[Model]:
    """Drop the annotations of the class variables of `model`, a base of many classes.

    Pydantic keeps their names, and has no further use for the annotations, but would evaluate them
    anew for each subclass: a fifteenth of what `specc check` takes.
    """
    for name in model.__class_vars__:
        model.__annotations__.pop(name, None)
    return model
