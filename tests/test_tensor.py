"""Tensor types: their text, their axes, and the faults of their text."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.dims import symbol
from specc.tensor import (
    DTYPES,
    ITEM_SIZE,
    DType,
    TensorSyntaxError,
    TensorType,
    parse_tensor_type,
    shape_text,
)

N, h, w = map(symbol, ("N", "h", "w"))

IMAGE = TensorType((N, 28, 30, 64))


def test_every_dtype_has_a_size() -> None:
    assert get_args(DType) == DTYPES
    assert set(ITEM_SIZE) == set(DTYPES)


def test_axes_by_name() -> None:
    assert (IMAGE.rank, IMAGE.height, IMAGE.width, IMAGE.channels) == (4, 28, 30, 64)
    volume = TensorType((N, 5, 6, 7, 8))
    assert (volume.depth, volume.height, volume.width, volume.channels) == (5, 6, 7, 8)
    sequence = TensorType((N, 5, 6))
    assert (sequence.length, sequence.channels) == (5, 6)
    assert TensorType((N, 10)).channels == 10
    clip = TensorType((N, 2, 3, 4, 5, 6))
    assert (clip.height, clip.width, clip.channels) == (4, 5, 6)


@pytest.mark.parametrize(
    ("shape", "name", "wanted"),
    [
        ((N, 10), "height", "at least 4"),
        ((N, 10, 3), "width", "at least 4"),
        ((N, 10, 10, 3), "length", "rank 3"),
        ((N, 10, 10, 3), "depth", "rank 5"),
        ((N,), "channels", "at least 2"),
        ((), "channels", "at least 2"),
    ],
)
def test_an_axis_that_is_not_there(shape: tuple[int, ...], name: str, wanted: str) -> None:
    with pytest.raises(LookupError, match=f"has no {name}.*{wanted}, received {len(shape)}"):
        getattr(TensorType(shape), name)


def test_axis_names() -> None:
    assert [IMAGE.axis_name(axis) for axis in range(4)] == ["batch", "height", "width", "channels"]
    assert IMAGE.axis_name(-1) == "channels"
    assert IMAGE.axis_name(4) == IMAGE.axis_name(-5) == ""
    assert TensorType((1,) * 6).axis_name(1) == ""


def test_elements_and_text() -> None:
    assert IMAGE.elements == 28 * 30 * 64 * N
    assert TensorType(()).elements == 1
    assert str(IMAGE) == "float32[N, 28, 30, 64]"
    assert str(TensorType((), "bool")) == "bool[]"
    assert shape_text(((h + 1) // 2, 3)) == "[(h + 1)//2, 3]"
    assert IMAGE.with_shape([N, 3]) == TensorType((N, 3))
    assert TensorType((2,), "int8").with_shape(()) == TensorType((), "int8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float32[N, 224, 224, 3]", TensorType((N, 224, 224, 3))),
        (" int64 [ N,T+1 ] ", TensorType((N, symbol("T") + 1), "int64")),
        ("float16[N, 32*h, 32*w, 3]", TensorType((N, 32 * h, 32 * w, 3), "float16")),
        ("float32[]", TensorType(())),
        ("bool[2147483647]", TensorType((2**31 - 1,), "bool")),
    ],
)
def test_parse(text: str, expected: TensorType) -> None:
    assert parse_tensor_type(text) == expected
    assert parse_tensor_type(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "part", "says"),
    [
        ("", "", "expected dtype"),
        ("float32", "float32", "expected dtype"),
        ("float32 N, 3", "float32 N, 3", "expected dtype"),
        ("[N, 3]", "[", "expected a dtype"),
        ("float[N, 3]", "float", "did you mean float32?"),
        ("Float32[N, 3]", "Float32", "did you mean float32?"),
        ("int[N]", "int", "did you mean int32?"),
        ("flaot16[N]", "flaot16", "did you mean float16?"),
        ("tensor[N]", "tensor", "expected one of float16"),
        ("float32[N, 3", "[", "not closed"),
        ("float32[N] x", "x", "nothing after"),
        ("float32[N][3]", "[3]", "nothing after"),
        ("float32[N, 0]", "0", "at least 1"),
        ("float32[N, -3 ]", "-3", "at least 1"),
        ("float32[N, 1 - h]", "1 - h", "at least 1"),
        ("float32[N, 2147483648]", "2147483648", "below 2^31"),
        ("float32[4294967296*h]", "4294967296*h", "below 2^31"),
        ("float32[N, h/2]", "/", "division is //"),
        ("float32[N, , 2]", "", "expected a number or a symbol"),
        ("float32[N, h + ]", "", "expected a number or a symbol"),
        ("float32[1,1,1,1,1,1,1,1,1]", "1,1,1,1,1,1,1,1,1", "at most 8 dims"),
        ("float32[N, w//(h-h)]", "w//(h-h)", "divided by zero"),
    ],
)
def test_faults(text: str, part: str, says: str) -> None:
    with pytest.raises(TensorSyntaxError) as caught:
        parse_tensor_type(text)
    error = caught.value
    assert says in error.message
    assert text[error.start : error.end] == part


@given(st.text(alphabet="float32int8[]Nh,+-*/() 019\n\u00e9", max_size=30))
def test_any_text_is_a_type_or_a_syntax_error(text: str) -> None:
    try:
        parse_tensor_type(text)
    except TensorSyntaxError as error:
        start, end = error.start, error.end
    else:
        return
    assert 0 <= start <= end <= len(text)
