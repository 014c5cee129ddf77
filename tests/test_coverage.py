"""Every class of `keras.layers` is a layer of the language, or there is a reason why not."""

from __future__ import annotations

import json

import keras
import pytest
from typer.testing import CliRunner

from specc.cli.app import app
from specc.coverage import (
    UNKNOWN,
    keras_coverage,
    keras_layers,
    left_out,
    left_out_parameters,
    reason_for_leaving_out,
)
from specc.layer import LAYERS
from specc.vocabulary import NO_LAYERS

COVERAGE = keras_coverage()
FOUND = [pytest.param(each, id=each.names[0]) for each in COVERAGE]


def test_a_hundred_classes_are_supported() -> None:
    assert sum(each.supported for each in COVERAGE) >= 100


@pytest.mark.parametrize("each", FOUND)
def test_a_class_is_supported_or_there_is_a_reason(each) -> None:
    assert each.supported == (each.names[0] in LAYERS)
    assert each.note != UNKNOWN


def test_there_is_no_reason_for_what_is_supported_or_not_in_keras() -> None:
    assert [name for name in NO_LAYERS if name in LAYERS or name not in keras_layers()] == []


@pytest.mark.parametrize("name", [each.names[0] for each in COVERAGE if each.supported])
def test_there_is_a_reason_for_each_parameter_that_is_left_out(name: str) -> None:
    parameters = left_out_parameters(name, keras_layers()[name])
    assert [each for each in parameters if not reason_for_leaving_out(name, each)] == []


def test_every_name_of_keras_is_there_once() -> None:
    names = [name for each in COVERAGE for name in each.names]
    assert sorted(names) == sorted({*keras_layers()})


def test_the_command_prints_them_all() -> None:
    result = CliRunner().invoke(app, ["layers", "--coverage"])
    assert result.exit_code == 0
    supported = sum(each.supported for each in COVERAGE)
    assert f"\n{supported} of {len(COVERAGE)} classes of keras.layers, " in result.stdout
    assert "  Lambda" in result.stdout
    for parameter, reason in left_out():
        assert f"  {parameter} " in result.stdout
        assert reason in result.stdout
    assert keras.layers.Conv2D.__name__ in result.stdout


def test_the_command_gives_data() -> None:
    found = json.loads(CliRunner().invoke(app, ["layers", "--coverage", "--json"]).stdout)
    assert [each["names"] for each in found["classes"]] == [[*each.names] for each in COVERAGE]
    assert [(each["parameter"], each["reason"]) for each in found["left_out"]] == left_out()
    assert "Conv2D" not in found["beyond_keras"]
