"""Arguments that the layers of several families take, as Keras users write them."""

from __future__ import annotations

from typing import Any

from specc.constraints import Constraint
from specc.emit.code import Argument, Code, Literal, argument, call, optional, text
from specc.initializers import Initializer
from specc.named import Named
from specc.regularizers import Regularizer
from specc.tensor import TensorType


def axes(counted: tuple[int, ...], x: TensorType) -> int | tuple[int, ...]:
    """Axes counted from the front; -1 if the last one is all."""
    if counted == (x.rank - 1,):
        return -1
    return counted[0] if len(counted) == 1 else counted


def initializer(value: Initializer, default: str) -> Argument:
    """Where a weight starts, if not at Keras's `default`. Keras has no `"constant"` by name."""
    _, arguments = value.keras_config()
    by_name = not arguments and value.name != "constant"
    return optional(text(value.name) if by_name else _made("keras.initializers", value), default)


def regularizer(value: Regularizer | None) -> Argument:
    """The penalty on a weight, if there is one."""
    return optional(None if value is None else _made("keras.regularizers", value), None)


def constraint(value: Constraint | None) -> Argument:
    """What a weight is kept to, if there is such a thing."""
    return optional(None if value is None else _made("keras.constraints", value), None)


def weights(layer: Any, **starts: str) -> dict[str, Argument]:
    """What a layer says of its weights, a role each: `kernel_initializer`, and so on.

    starts: where Keras has each start by default.
    """
    return {
        **{
            f"{role}_initializer": initializer(getattr(layer, f"{role}_initializer"), start)
            for role, start in starts.items()
        },
        **{
            f"{role}_regularizer": regularizer(getattr(layer, f"{role}_regularizer"))
            for role in starts
        },
        **{
            f"{role}_constraint": constraint(getattr(layer, f"{role}_constraint"))
            for role in starts
        },
    }


def _made(module: str, value: Named) -> Code:
    """The call that makes a member of a family; its primary argument goes without a name."""
    name, arguments = value.keras_config()
    return call(
        f"{module}.{name}",
        *(
            argument(Literal(given, key), "" if key == value.primary else key)
            for key, given in arguments.items()
        ),
    )
