"""Layers that move elements and change none: padding, flattening, reshaping."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from specc.dims import Shape, Size, product
from specc.layer import Fault, Layer, Layout, Sample
from specc.proofs import Proof, compare, hint
from specc.shapes import Pads, require_min_rank, require_rank
from specc.tensor import MAX_RANK, TensorType, shape_text


class ZeroPadding2D(Layer):
    """Zeros around each image `[N, H, W, C]`.

    Source: `keras.layers.ZeroPadding2D`.
    """

    primary = "padding"
    layout = "channels_first"

    padding: Pads = Field(
        ((1, 1), (1, 1)),
        description=(
            "Cells to add: one number, [height, width], or [[top, bottom], [left, right]]."
        ),
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        batch, height, width, channels = x.shape
        rows, columns = self.padding
        return (x.with_shape((batch, height + sum(rows), width + sum(columns), channels)),)

    samples = (
        Sample({}, ("float32[2, 4, 5, 3]",), ("float32[2, 6, 7, 3]",)),
        Sample({"padding": 3}, ("float32[2, 4, 5, 3]",), ("float32[2, 10, 11, 3]",)),
        Sample({"padding": (0, 2)}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 9, 3]",)),
        Sample({"padding": ((0, 1), (2, 3))}, ("float32[2, 4, 5, 3]",), ("float32[2, 5, 10, 3]",)),
        Sample({"padding": 1}, ("float32[N, h, 2*w, 3]",), ("float32[N, h + 2, 2*w + 2, 3]",)),
    )


class Flatten(Layer):
    """All axes but the batch become one, in the order of the spec: channels vary fastest.

    Source: `keras.layers.Flatten`.
    """

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 1, "[N, …]")
        return (x.with_shape((x.shape[0], product(x.shape[1:]))),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """With one axis that is not 1 there is only one order of the elements."""
        (x,) = inputs
        return "any" if sum(size != 1 for size in x.shape[1:]) <= 1 else self.layout

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 60]",)),
        Sample({}, ("float32[2, 1, 1, 4]",), ("float32[2, 4]",)),
        Sample({}, ("float32[2, 3, 4]",), ("float32[2, 12]",)),
        Sample({}, ("float32[2, 3]",), ("float32[2, 3]",)),
        Sample({}, ("float32[2]",), ("float32[2, 1]",)),
        Sample({}, ("float32[N, 3, 5, 4]",), ("float32[N, 60]",)),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, 4*h*w]",)),
    )


def _checked_target(target: tuple[int, ...]) -> tuple[int, ...]:
    if 0 in target:
        raise ValueError(f"expected sizes of at least 1, or one -1, received {list(target)}")
    if target.count(-1) > 1:
        raise ValueError(f"expected at most one -1, received {list(target)}")
    return target


TargetShape = Annotated[
    tuple[Annotated[int, Field(ge=-1, lt=2**31)], ...],
    Field(max_length=MAX_RANK - 1),
    AfterValidator(_checked_target),
]


class Reshape(Layer):
    """The same elements in the same order (channels vary fastest) under another shape.

    Source: `keras.layers.Reshape`.
    """

    primary = "target_shape"

    target_shape: TargetShape = Field(
        description="The new sizes without the batch; one may be -1, which takes what is left."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 1, "[N, …]")
        return (x.with_shape((x.shape[0], *self._resolved(product(x.shape[1:])))),)

    def _resolved(self, elements: Size) -> Shape:
        """The target with its -1 replaced by what is left of `elements`."""
        known = product(size for size in self.target_shape if size != -1)
        rest = elements // known if -1 in self.target_shape else 1
        self._require_all(elements, known * rest)
        return tuple(rest if size == -1 else size for size in self.target_shape)

    def _require_all(self, elements: Size, received: Size) -> None:
        """Refuse a target that does not hold exactly the `elements` of one item of the batch."""
        proof = compare(elements, received)
        if proof is Proof.EQUAL:
            return
        target = shape_text(self.target_shape)
        if proof is Proof.UNKNOWN:
            raise Fault(
                "unprovable",
                f"{elements} elements cannot be shown to fill {target}",
                parameter="target_shape",
                help=hint(elements, received),
            )
        raise Fault(
            "shape-mismatch",
            f"expected a shape of {elements} elements, received {target}",
            parameter="target_shape",
            help="write -1 for the size that follows from the others",
        )

    samples = (
        Sample({"target_shape": (4, 15)}, ("float32[2, 3, 5, 4]",), ("float32[2, 4, 15]",)),
        Sample({"target_shape": (-1,)}, ("float32[2, 3, 5, 4]",), ("float32[2, 60]",)),
        Sample({"target_shape": (3, 5, -1)}, ("float32[2, 60]",), ("float32[2, 3, 5, 4]",)),
        Sample({"target_shape": (7, 7, 2)}, ("float32[N, 98]",), ("float32[N, 7, 7, 2]",)),
        Sample({"target_shape": (-1, 4)}, ("float32[N, h, w, 8]",), ("float32[N, 2*h*w, 4]",)),
        Sample({"target_shape": ()}, ("float32[2, 1]",), ("float32[2]",)),
    )
