"""What a layer of your own is written with, in one place; `docs/plugins.md` shows a whole one."""

from __future__ import annotations

from specc.backend import helper_file, lowering
from specc.constraints import ConstraintField
from specc.dims import Size
from specc.emit.code import Code, Literal, argument, call, join, optional, text
from specc.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerField,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)
from specc.layer import Fault, Layer, Layout, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    require_constant,
    require_float,
    require_min_rank,
    require_rank,
    require_same_dtype,
)
from specc.tensor import TensorType

__all__ = [
    "Code",
    "Constant",
    "ConstraintField",
    "Fault",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "InitializerField",
    "Layer",
    "Layout",
    "LecunNormal",
    "LecunUniform",
    "Literal",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "RegularizerField",
    "Sample",
    "Size",
    "TensorType",
    "TruncatedNormal",
    "VarianceScaling",
    "WeightDecl",
    "Zeros",
    "argument",
    "call",
    "helper_file",
    "join",
    "lowering",
    "optional",
    "require_constant",
    "require_float",
    "require_min_rank",
    "require_rank",
    "require_same_dtype",
    "text",
]
