"""What the layers of attention share: what their inputs are, and whether they fit each other.

Masks are tensors of bool, where true is attended to; they come after all other inputs.
"""

from __future__ import annotations

from typing import NamedTuple

from specc.dims import Shape
from specc.layer import Fault
from specc.proofs import Proof, compare, hint
from specc.shapes import (
    require_equal_axis,
    require_float,
    require_min_rank,
    require_same_dtype,
)
from specc.tensor import TensorType, shape_text


class Roles(NamedTuple):
    """What the inputs of an attention are."""

    query: TensorType
    value: TensorType
    key: TensorType
    mask: TensorType | None


class Heads(NamedTuple):
    """How many heads, those of keys and values, and the channels of each."""

    query: int
    key_value: int
    key_dim: int
    value_dim: int


def roles_of(inputs: tuple[TensorType, ...]) -> Roles:
    """What the inputs are: a mask is known by its dtype, and comes last."""
    query, *others = list(inputs)
    mask = others.pop() if others and others[-1].dtype == "bool" else None
    if len(others) > 2:
        raise Fault(
            "dtype-mismatch",
            f"expected query, value, key and a mask of bool, received {others[2].dtype}",
            input=3,
        )
    value = others[0] if others else query
    return Roles(query, value, others[1] if len(others) > 1 else value, mask)


def require_sequences(roles: Roles) -> None:
    """Refuse all but floating-point tensors with equally many axes."""
    query = roles.query
    given = (query, roles.value, roles.key)
    for index, x in enumerate(given):
        require_float(x, input=index)
        require_min_rank(x, 3, "[N, …, T, C]", input=index)
        if x.rank != query.rank:
            raise Fault(
                "rank-mismatch",
                f"expected {query.rank} axes, as the query has, received {x.rank}",
                input=index,
                help="insert Reshape to give them equally many axes",
            )
    require_same_dtype(given)


def require_alike(a: TensorType, b: TensorType, axis: int, what: str, *, input: int) -> None:
    """Refuse two inputs that differ along `axis`; `what` is the second, where it is another."""
    if b is not a:
        require_equal_axis(a, b, axis, f"the {what} must fit", input=input)


def require_mask(
    mask: TensorType, query: TensorType, value: TensorType, axes: tuple[int, ...], *, input: int
) -> None:
    """Refuse a mask that does not say for each query, along `axes`, which values it attends to.

    It has the batch, any axes that go along with it or none of them, then those of the queries and
    those of the values. An axis of 1 is repeated, but not where several are attended over.
    """
    rows, columns = (tuple(x.shape[axis] for axis in axes) for x in (query, value))
    beside = tuple(query.shape[axis] for axis in range(1, query.rank - 1) if axis not in axes)
    short = (query.shape[0], *rows, *columns)
    shape = short if mask.rank == len(short) else (query.shape[0], *beside, *rows, *columns)
    require_broadcastable(mask, shape, input=input, fixed=2 * len(axes) if len(axes) > 1 else 0)


def require_broadcastable(x: TensorType, shape: Shape, *, input: int, fixed: int = 0) -> None:
    """Refuse a tensor whose axes are not those of `shape`, or 1; the last `fixed` are never 1."""
    proofs = [
        Proof.EQUAL if size == 1 and axis < x.rank - fixed else compare(size, wanted)
        for axis, (size, wanted) in enumerate(zip(x.shape, shape, strict=False))
    ]
    if len(shape) != x.rank or Proof.DIFFERENT in proofs:
        raise Fault(
            "shape-mismatch",
            f"expected {shape_text(shape)}, received {shape_text(x.shape)}",
            input=input,
            help="an axis of 1 is repeated: Reshape a mask of keys [N, S] to [N, 1, S]",
        )
    for size, wanted, proof in zip(x.shape, shape, proofs, strict=True):
        if proof is not Proof.EQUAL:
            raise Fault(
                "unprovable",
                f"expected {wanted}, received {size}, which cannot be shown to be equal",
                input=input,
                help=hint(size, wanted),
            )


class Attended(NamedTuple):
    """What the inputs of a Luong or Bahdanau attention are."""

    query: TensorType
    value: TensorType
    key: TensorType
    query_mask: TensorType | None
    value_mask: TensorType | None


def attended(inputs: tuple[TensorType, ...]) -> Attended:
    """What the inputs are: masks are known by their dtype, and come last."""
    masks = [x for x in inputs if x.dtype == "bool"]
    query, value, *others = list(inputs[: len(inputs) - len(masks)] if len(masks) < 3 else inputs)
    if len(others) > 1:
        raise Fault(
            "dtype-mismatch",
            f"expected a mask of bool, received {inputs[3].dtype}",
            input=3,
        )
    value_mask = masks.pop() if masks else None
    return Attended(
        query, value, others[0] if others else value, masks.pop() if masks else None, value_mask
    )
