"""The words of other tools lead to words that specc has."""

from __future__ import annotations

from specc.layer import LAYERS
from specc.vocabulary import (
    LAYER_WORDS,
    NEEDLESS_PARAMETERS,
    PARAMETER_WORDS,
    meant_parameter,
    suggest_layer,
    suggest_parameter,
)

PARAMETERS = {name for layer in LAYERS.values() for name in layer.model_fields}


def test_words_for_layers_lead_to_layers() -> None:
    assert set(LAYER_WORDS.values()) <= set(LAYERS)
    assert not set(LAYER_WORDS) & set(LAYERS)


def test_words_for_parameters_lead_to_parameters() -> None:
    assert set(PARAMETER_WORDS.values()) <= PARAMETERS
    # Each of these has a meaning in some layers, and Keras has it in others.
    assert set(NEEDLESS_PARAMETERS) & PARAMETERS <= {"epsilon", "input_dim"}


def test_a_word_of_another_tool_wins_over_a_likeness() -> None:
    conv = LAYERS["Conv2D"].model_fields
    assert meant_parameter("stride", conv) == "strides"
    assert suggest_parameter("bias", conv) == "specc uses Keras's words: `bias` is `use_bias`"
    assert "leave it out" in suggest_parameter("in_channels", conv)
    assert suggest_layer("maxpool2d", LAYERS) == "did you mean `MaxPooling2D`?"
    assert suggest_layer("Lineer", LAYERS) == "did you mean `Dense`?"


def test_what_is_like_nothing_gets_the_list() -> None:
    assert "`filters`" in suggest_parameter("zzzzzz", LAYERS["Conv2D"].model_fields)
    assert suggest_layer("Zzzzzz", LAYERS) == "`specc layers` lists the layers there are"
