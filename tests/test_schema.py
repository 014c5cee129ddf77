"""The JSON Schema takes what the language takes, and refuses faults of form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

import specc.zoo
from specc.layer import LAYERS
from specc.schema import json_schema, parameter_schemas
from specc.source import Source
from specc.syntax.yaml import read_yaml

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

HEAD = "specc: 1\ninputs: {x: 'float32[N, 8]'}\n"

GOOD = {
    "bare layer": HEAD + "layers: [ReLU]",
    "primary": HEAD + "layers: [{Dense: 10}]",
    "primary expression": HEAD + 'params: {n: 3}\nlayers: [{Dense: "${n}"}]',
    "nothing": HEAD + "layers:\n- Concatenate:\n  inputs: [x, x]",
    "computed part": HEAD + 'layers: [{Conv2D: {filters: 8, kernel_size: ["${1 + 2}", 3]}}]',
    "explicit pads": HEAD
    + "layers: [{Conv2D: {filters: 8, kernel_size: 3, padding: [[0, 1], [2, 2]]}}]",
    "initializer": HEAD + "layers: [{Dense: {units: 2, kernel_initializer: {constant: 0.5}}}]",
    "parameter by defaults": HEAD + "defaults: {Dense: {units: 4}}\nlayers: [Dense]",
    "siblings": HEAD + "layers: [{Dense: 4, name: a, when: true, inputs: x}, {reuse: a}]",
    "repeat": HEAD + "layers: [{repeat: 3, index: i, name: body, layers: [ReLU]}]",
    "variables named as attributes": HEAD
    + "params: {half: 2}\nlayers: [{for: {type: [1]}, index: train, layers: [{Dense: '${type}'}]}]",
    "for": HEAD + "layers: [{for: {n: [1, 2]}, layers: [{Dense: '${n}'}]}]",
    "group": HEAD + "layers: [{when: false, layers: [ReLU]}, ReLU]",
    "block": HEAD
    + "blocks: {mlp: {inputs: [a, b], params: {n: int}, layers: [{Add: , inputs: [a, b]}]}}\n"
    + "layers: [{mlp: {n: 3}, inputs: [x, x]}]",
    "bare block": HEAD + "blocks: {mlp: {layers: [ReLU]}}\nlayers: [mlp, {mlp: , name: again}]",
    "variants": HEAD
    + "params: {n: 1}\nvariants: {a: {}, b: {n: 2, expect: {parameters: 3}}, c: }\n"
    "layers: [ReLU]",
    "outputs": HEAD + "layers: [{ReLU: , name: a}]\noutputs: {y: a}\nexpect: {outputs: {y: 'f'}}",
}

TRAIN = HEAD + "layers: [ReLU]\ntrain: "
DATA = HEAD + "layers: [ReLU]\ndata: "

GOOD |= {
    "training": TRAIN + "{optimizer: adam, loss: mse, epochs: 3}",
    "training in full": TRAIN
    + "{optimizer: {SGD: {learning_rate: {warm_up: {steps: 5, learning_rate: 1}}, momentum: 0.9}}, "
    "loss: {bce: {from_logits: true}}, metrics: [accuracy, {top_k_accuracy: 3}], epochs: 3, "
    "class_weight: [1, 2.5], compile: false, checkpoint: {monitor: loss, save_freq: 10}}",
    "training by expressions": TRAIN
    + "{optimizer: {adam: {learning_rate: '${0.1}'}}, loss: '${\"mse\"}', epochs: '${2 * 3}', "
    "metrics: ['${\"mae\"}'], early_stopping: {patience: '${n}'}}",
    "training of outputs": TRAIN
    + "{optimizer: adam, outputs: {a: {loss: mse, loss_weight: '${1 / 2}'}}, epochs: 3}",
    "data": DATA + "{source: {image_folder: {path: a, image_size: [3, 4]}}, seed: 3, mean: [0.5]}",
    "data by its name": DATA + "{source: idx, validation: {csv: a.csv}, class_names: [a, b]}",
}

FAULTY = {
    "optimizer of another tool": TRAIN + "{optimizer: SparseAdam, loss: mse, epochs: 3}",
    "unknown argument": TRAIN + "{optimizer: {adam: {lr: 3}}, loss: mse, epochs: 3}",
    "training without epochs": TRAIN + "{optimizer: adam, loss: mse}",
    "epochs as text": TRAIN + "{optimizer: adam, loss: mse, epochs: ten}",
    "a metric that is none": TRAIN + "{optimizer: adam, loss: mse, epochs: 3, metrics: [fast]}",
    "an output without a loss": TRAIN + "{optimizer: adam, outputs: {a: {}}, epochs: 3}",
    "two sources": DATA + "{source: {idx: {}, csv: {}}}",
    "a share of more than all": DATA + "{validation_split: 1.5}",
    "unknown key of data": DATA + "{sauce: idx}",
    "no version": "inputs: {x: 'float32[N, 8]'}\nlayers: [ReLU]",
    "another version": "specc: 2\nlayers: [ReLU]",
    "unknown key": HEAD + "layer: [ReLU]",
    "layers are no list": HEAD + "layers: {ReLU: }",
    "unknown layer": HEAD + "layers: [Linear]",
    "unknown layer with parameters": HEAD + "layers: [{Linear: {units: 3}}]",
    "unknown parameter": HEAD + "layers: [{Dense: {units: 3, out_features: 3}}]",
    "parameter of another type": HEAD + "layers: [{Dense: {units: eight}}]",
    "parameter out of bounds": HEAD + "layers: [{Dense: 0}]",
    "unknown activation": HEAD + "layers: [{Activation: relux}]",
    "part of another type": HEAD + "layers: [{MaxPooling2D: [2, two]}]",
    "two heads": HEAD + "layers: [{Dense: 3, ReLU: }]",
    "no head": HEAD + "layers: [{name: a}]",
    "repeat without a body": HEAD + "layers: [{repeat: 3}]",
    "for over two": HEAD + "layers: [{for: {a: [1], b: [2]}, layers: [ReLU]}]",
    "when is text": HEAD + "layers: [{ReLU: , when: 'yes'}]",
    "block without layers": HEAD + "blocks: {mlp: {inputs: [a]}}\nlayers: [mlp]",
    "fault in a block": HEAD + "blocks: {mlp: {layers: [{Dense: -1}]}}\nlayers: [mlp]",
    "defaults of no layer": HEAD + "defaults: {Linear: {}}\nlayers: [ReLU]",
    "unknown expectation": HEAD + "layers: [ReLU]\nexpect: {params: 3}",
    "expectation of a variant": HEAD + "variants: {a: {expect: {params: 3}}}\nlayers: [ReLU]",
}


def data_of(text: str) -> Any:
    """The document as JSON has it."""
    return plain(read_yaml(Source("spec", text)))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", specc.zoo.names())
def test_takes_the_zoo(name: str) -> None:
    VALIDATOR.validate(data_of(Path(specc.zoo.path(name)).read_text("utf-8")))


@pytest.mark.parametrize("name", GOOD)
def test_takes(name: str) -> None:
    VALIDATOR.validate(data_of(GOOD[name]))


@pytest.mark.parametrize("name", FAULTY)
def test_refuses(name: str) -> None:
    assert not VALIDATOR.is_valid(data_of(FAULTY[name]))


@pytest.mark.parametrize("name", LAYERS)
def test_takes_every_sample(name: str) -> None:
    for sample in LAYERS[name].samples:
        entry = {name: plain(dict(sample.params))}
        VALIDATOR.validate({"specc": 1, "layers": [entry]})


@pytest.mark.parametrize("name", LAYERS)
def test_describes_every_parameter(name: str) -> None:
    for parameter, schema in parameter_schemas(LAYERS[name]).items():
        assert schema.get("description"), f"{name}.{parameter} has no description"


@pytest.mark.parametrize("name", LAYERS)
def test_defaults_are_valid(name: str) -> None:
    parameters = parameter_schemas(LAYERS[name])
    given = {key: schema["default"] for key, schema in parameters.items() if "default" in schema}
    VALIDATOR.validate({"specc": 1, "defaults": {name: given}})


def test_defaults_stand_as_a_spec_has_them() -> None:
    parameters = parameter_schemas(LAYERS["Conv2D"])
    assert parameters["kernel_initializer"]["default"] == "glorot_uniform"
    assert parameters["strides"]["default"] == [1, 1]
    assert "default" not in parameters["filters"]
