"""A resolved spec stands alone, means the same network, and is its own resolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import every_network

import specc
import specc.zoo
from specc.checking import check_file
from specc.data.document import SOURCES
from specc.named import ByName, Named
from specc.source import Source
from specc.syntax.writing import yaml_text
from specc.syntax.yaml import read_yaml
from specc.training.losses import LOSSES
from specc.training.metrics import METRICS
from specc.training.optimizers import OPTIMIZERS
from specc.training.resolved import resolved_spec, written

# Characters that a spec may hold, those that have a meaning in YAML among them.
CHARACTERS = st.one_of(
    st.sampled_from("aZ09_ .:#-?*&!|>%@`'\"\\,[]{}()=$~\n\t/+é中😀"),
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u2028\u2029"),
)
TEXT = st.text(CHARACTERS, max_size=200) | st.sampled_from(
    [
        "",
        "null",
        "~",
        "true",
        "no",
        "on",
        "1:30",
        "1e-3",
        "0x1F",
        "-.inf",
        "2017-01-01",
        "- a",
        "<<",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT
)
KEYS = st.text(CHARACTERS, max_size=20).filter(lambda key: key != "<<")
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    read = read_yaml(Source("written", yaml_text(data)))
    assert read == data
    assert typed(read) == typed(data)


def typed(data: Any) -> Any:
    """`data` with the type of each scalar, since True == 1 == 1.0."""
    if isinstance(data, dict):
        return {key: typed(item) for key, item in data.items()}
    if isinstance(data, tuple):
        return [typed(item) for item in data]
    return type(data), data


# The resolved spec of a network


def resolution(path: Path, **options: Any) -> tuple[str, str]:
    """The resolved text of the spec at `path`, and the text of its graph."""
    checked = check_file(path, **options)
    assert checked.graph is not None, checked.report
    assert checked.program is not None
    text = resolved_spec(checked.program, checked.graph, checked.train, checked.data)
    return text, str(checked.graph)


def assert_resolves(path: Path, folder: Path, **options: Any) -> str:
    """The resolved text, which checks clean, is the same network and its own resolution."""
    text, graph = resolution(path, **options)
    alone = folder / "elsewhere" / "spec.yaml"
    alone.parent.mkdir()
    alone.write_text(text, "utf-8")
    assert check_file(alone).report.diagnostics == []
    again, same = resolution(alone)
    assert same == graph
    assert again == text
    return text


@pytest.mark.parametrize(("name", "variant"), every_network())
def test_the_zoo_resolves(name: str, variant: str | None, tmp_path: Path) -> None:
    text = assert_resolves(specc.zoo.path(name), tmp_path, variant=variant)
    assert f"name: {name}\n" in text
    assert "variants" not in text


MAIN = """\
specc: 1
include: [parts/blocks.yaml, parts/more.yaml]
params: {units: 3, rate: 0.5, label: a, kind: str, all: [1, "${units}"], wide: "${2 * units}"}
variants: {big: {units: 8, expect: {parameters: 1000}}}
defaults: {Dense: {use_bias: false}, Dropout: {rate: "${rate}"}}
inputs: {x: "float32[N, ${units}]"}
layers:
  - Dense: "${wide}"
  - dense_pair: {units: 4}
  - more
  - repeat: 2
    layers: [Dropout, {Dense: {units: 5, activation: relu}}]
  - when: "${label == '${'}"
    layers: [ReLU]
  - when: "${kind == 'int'}"
    layers: [LeakyReLU]
expect: {parameters: 1}
"""

BLOCKS = """\
specc: 1
params: {units: 99, seen: true}
defaults: {Dense: {activation: tanh}}
blocks:
  dense_pair:
    params: {units: int}
    layers: [{Dense: "${units}"}, {Dense: {units: 2}, name: last}, Dropout: 0.25]
  unused:
    layers: [{Dense: 7}]
"""

MORE = """\
specc: 1
blocks:
  more:
    layers:
      - repeat: 2
        layers: [{when: "${seen}", layers: [{Dense: 6}]}]
"""


@pytest.fixture
def included(tmp_path: Path) -> Path:
    """A spec whose blocks come from other files, with other defaults."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "my-net.yaml").write_text(MAIN, "utf-8")
    (tmp_path / "parts/blocks.yaml").write_text(BLOCKS, "utf-8")
    (tmp_path / "parts/more.yaml").write_text(MORE, "utf-8")
    return tmp_path / "my-net.yaml"


@pytest.mark.parametrize(
    "options",
    [
        {"params": {"kind": "int", "label": "$${"}},
        {"params": {"kind": "text", "label": "null", "rate": 1, "all": [1, ["1e-3", True]]}},
        {"params": {"kind": "list", "seen": False, "rate": 1e-7}, "variant": "big"},
    ],
)
def test_includes_variants_and_overrides_resolve(
    included: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    text = assert_resolves(included, tmp_path, **options)
    assert "name: my_net\n" in text
    assert "include" not in text


def test_a_resolved_spec_has_the_values_in_force(included: Path) -> None:
    text, _ = resolution(included, params={"kind": "int", "label": "$${", "rate": 1e-7})
    assert "kind: \"${'int'}\"" in text
    assert 'label: "$${"' in text
    assert "rate: 1e-07" in text
    assert "all: [1, 3]" in text
    assert "wide: 6" in text


def test_a_resolved_spec_checks_itself(tmp_path: Path) -> None:
    text, _ = resolution(specc.zoo.path("dense_digits"))
    path = tmp_path / "spec.yaml"
    path.write_text(text.replace("10", "11"), "utf-8")
    found = {each.code for each in check_file(path).report.diagnostics}
    assert found == {"expect-mismatch"}


# `train` and `data`

TRAINING = """\
specc: 1
name: trained
params: {rate: 1.0e-7, epochs: 3, where: "a$${b}"}
inputs: {image: "float32[N, 4, 4, 3]"}
layers:
  - Flatten
  - Dense: 3
    name: logits
  - Dense: 1
    inputs: logits
    name: age
outputs: [logits, age]
train:
  optimizer:
    adamw:
      learning_rate:
        warm_up:
          steps: 5
          learning_rate: {cosine_decay: {initial_learning_rate: "${rate}"}}
      clipnorm: 0.5
  outputs:
    logits:
      loss: {sparse_categorical_crossentropy: {from_logits: true}}
      metrics: [accuracy, {top_k_accuracy: 2}]
    age: {loss: mae, loss_weight: 1.0e-300}
  epochs: "${epochs}"
  early_stopping: {patience: 2}
data:
  source: {csv: {path: "${where}", inputs: {image: [a, "1e-3"]}, targets: {logits: "no"}}}
  class_names: ["null", "1:30", "é \\" '"]
  validation_split: 0.2
"""


def test_train_and_data_resolve_with_every_default(tmp_path: Path) -> None:
    path = tmp_path / "trained.yaml"
    path.write_text(TRAINING, "utf-8")
    text = assert_resolves(path, tmp_path)
    before, after = specc.load(path), specc.load(tmp_path / "elsewhere/spec.yaml")
    assert before.train is not None
    assert (after.train, after.data) == (before.train, before.data)
    for expected in ("beta_2: 0.999", "batch_size: 32", "save_freq: epoch", "k: 2", "min_delta:"):
        assert expected in text
    assert "initial_learning_rate: 1e-07" in text
    assert 'path: "a$${b}"' in text
    assert "epochs: 3" in text


def test_a_monitor_that_was_not_asked_for_still_is_not(tmp_path: Path) -> None:
    """Without validation examples only one that was asked for is an error."""
    path, alone = tmp_path / "trained.yaml", tmp_path / "alone.yaml"
    for rule, asked in (("{patience: 2}", False), ("{monitor: val_loss}", True)):
        path.write_text(TRAINING.replace("{patience: 2}", rule), "utf-8")
        alone.write_text(resolution(path)[0], "utf-8")
        train = specc.load(alone).train
        assert train is not None
        assert train.early_stopping is not None
        assert train.early_stopping.monitor == "val_loss"
        assert ("monitor" in train.early_stopping.model_fields_set) is asked
        assert "monitor" not in train.checkpoint.model_fields_set


FAMILIES = {
    ByName("optimizer", OPTIMIZERS): OPTIMIZERS,
    ByName("loss", LOSSES): LOSSES,
    ByName("metric", METRICS): METRICS,
    ByName("data source", SOURCES): SOURCES,
}
MEMBERS = [
    pytest.param(family, member, id=member.name)
    for family, members in FAMILIES.items()
    for member in members
]


@pytest.mark.parametrize(("family", "member"), MEMBERS)
def test_each_member_of_a_family_is_written_whole(family: ByName, member: type[Named]) -> None:
    data = {"member": written(member())}
    read = read_yaml(Source("written", yaml_text(data)))["member"]
    assert family.parse(read) == member()
    given = {name for name, info in member.model_fields.items() if info.default is not None}
    assert (set(read[member.name]) if isinstance(read, dict) else set()) == given
