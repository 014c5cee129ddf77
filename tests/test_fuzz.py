"""Whatever a document says, checking it ends with a graph or with diagnostics, and never raises."""

from __future__ import annotations

import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from specc.checking import check_file
from specc.layer import LAYERS
from specc.rendering import text_report
from specc.syntax.document import CONTROL, SIBLINGS, Document

TEMPORARY = TemporaryDirectory(prefix="specc-fuzz-")
FOLDER = Path(TEMPORARY.name)
ZOO = sorted((Path(__file__).parents[1] / "specs").glob("*.yaml"))


def answer(text: str) -> None:
    """Check `text` as a spec, and hold the answer against what every answer promises."""
    path = FOLDER / "net.yaml"
    path.write_text(text, "utf-8", errors="surrogatepass")
    checked = check_file(path, name="net.yaml")
    assert (checked.graph is None) == checked.report.failed
    assert bool(text_report(checked.report)) == bool(checked.report.diagnostics)
    for diagnostic in checked.report.diagnostics:
        assert diagnostic.message
        assert diagnostic.span is None or diagnostic.span.line >= 1


NAMES = ["", *"x y prev image stage unit head a.b stage.0 n class é".split()]
EXPRESSIONS = "n x.channels stage n//0 [n,2] x 1.5 'x' n>1 i (( range(n) stage[i]".split()
TYPES = [
    "float32[N, 8]",
    "float32[N, 8, 8, 3]",
    "float32[N, 2*h, w, 4]",
    "int8[N]",
    "float32[]",
    "q",
]

names = st.sampled_from(NAMES)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats(-2, 3, allow_nan=False)
    | names
    | st.sampled_from(EXPRESSIONS).map(lambda text: f"${{{text}}}")
    | st.sampled_from(["same", "valid", "relu", "2^40", TYPES[0]])
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
parameters = st.sampled_from(
    sorted({field for layer in LAYERS.values() for field in layer.model_fields})
)
heads = st.sampled_from([*LAYERS, "unit", "head", "Linear", "conv2d"])
bodies = st.dictionaries(parameters, junk, max_size=3) | junk


def entry_of(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An entry whose body, if it has one, is made of `entries`."""
    optional = {
        "name": names,
        "inputs": names | st.lists(names | scalars, max_size=3),
        "outputs": st.lists(names, max_size=2),
        "when": scalars,
        "index": names,
    }
    head = st.builds(lambda name, body: {name: body}, heads, bodies)
    control = st.fixed_dictionaries(
        {"layers": st.lists(entries, max_size=3)},
        optional={
            "repeat": scalars,
            "for": st.dictionaries(names, st.lists(scalars, max_size=3) | scalars, max_size=2),
            "reuse": names,
        },
    )
    siblings = st.fixed_dictionaries({}, optional=optional)
    return heads | st.builds(lambda a, b: {**a, **b}, head | control, siblings)


entries = st.recursive(entry_of(junk), entry_of, max_leaves=6)
layers = st.lists(entries, max_size=5)
blocks = st.fixed_dictionaries(
    {"layers": layers},
    optional={
        "inputs": st.lists(names, max_size=2),
        "params": st.dictionaries(names, scalars | st.sampled_from(["int", "list"]), max_size=2),
        "outputs": st.lists(names, max_size=2) | junk,
    },
)
choices = st.sampled_from(
    [
        "adam",
        "sgd",
        "mse",
        "bce",
        "categorical_crossentropy",
        "accuracy",
        "idx",
        "image_folder",
        "x",
    ]
)
arguments = st.sampled_from(["learning_rate", "from_logits", "k", "path", "image_size", "monitor"])
named = choices | st.dictionaries(choices, st.dictionaries(arguments, junk, max_size=2) | junk)
trains = st.fixed_dictionaries(
    {"optimizer": named, "loss": named, "epochs": st.just(1) | scalars},
    optional={
        "metrics": st.lists(named | junk, max_size=3),
        "outputs": st.dictionaries(
            names, st.fixed_dictionaries({"loss": named}, optional={"metrics": junk}), max_size=2
        ),
        "class_weight": junk,
        "early_stopping": st.dictionaries(arguments, junk, max_size=2) | junk,
        "checkpoint": st.dictionaries(arguments, junk, max_size=2) | junk,
    },
)
datas = st.fixed_dictionaries(
    {},
    optional={
        "source": named | junk,
        "test": named | junk,
        "validation_split": scalars,
        "class_names": st.lists(names, max_size=3),
        "mean": st.lists(scalars, max_size=3),
    },
)
documents = st.fixed_dictionaries(
    {"specc": st.just(1), "layers": layers},
    optional={
        "params": st.dictionaries(names, junk, max_size=3),
        "variants": st.dictionaries(
            names, st.dictionaries(names, junk, max_size=2) | junk, max_size=2
        ),
        "defaults": st.dictionaries(heads, bodies, max_size=2),
        "include": names,
        "inputs": st.dictionaries(names, st.sampled_from(TYPES) | scalars, max_size=2),
        "blocks": st.dictionaries(st.sampled_from(["unit", "head"]), blocks | junk, max_size=2),
        "outputs": st.lists(names, max_size=2) | st.dictionaries(names, names, max_size=2) | junk,
        "expect": st.dictionaries(
            st.sampled_from(["parameters", "flops", "outputs", "x"]), junk, max_size=2
        ),
        "train": trains | junk,
        "data": datas | junk,
    },
)


@settings(max_examples=400)
@given(documents)
@example({"specc": 1, "layers": [{"repeat": 2, "layers": [], "inputs": []}]})
def test_documents_of_the_languages_words(document: dict[str, Any]) -> None:
    answer(json.dumps(document, ensure_ascii=False))


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*Document.model_fields, *SIBLINGS, *CONTROL]), junk))
def test_documents_of_junk(document: dict[str, Any]) -> None:
    answer(json.dumps({"specc": 1, **document}, ensure_ascii=False))


@settings(max_examples=200)
@given(st.sampled_from(ZOO), st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_zoo_with_mistakes(path: Path, chance: random.Random, mistakes: int) -> None:
    lines = path.read_text("utf-8").splitlines()
    for _ in range(mistakes):
        chance.choice(MISTAKES)(lines, chance)
    answer("\n".join(lines))


def _drop(lines: list[str], chance: random.Random) -> None:
    if len(lines) > 1:
        del lines[chance.randrange(len(lines))]


def _swap(lines: list[str], chance: random.Random) -> None:
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def _indent(lines: list[str], chance: random.Random) -> None:
    index = chance.randrange(len(lines))
    lines[index] = lines[index].removeprefix("  ") if chance.random() < 0.5 else "  " + lines[index]


def _mistype(lines: list[str], chance: random.Random) -> None:
    index = chance.randrange(len(lines))
    line = lines[index] or " "
    place = chance.randrange(len(line))
    lines[index] = line[:place] + chance.choice("abz019 .:,-[]{}$\"'#&*!") + line[place + 1 :]


def _replace_number(lines: list[str], chance: random.Random) -> None:
    index = chance.randrange(len(lines))
    number = str(chance.choice([0, -1, 1, 3, 7, 10**9, 2**40, 1.5]))
    digits = [place for place, char in enumerate(lines[index]) if char.isdigit()]
    if digits:
        place = chance.choice(digits)
        lines[index] = lines[index][:place] + number + lines[index][place + 1 :]


MISTAKES = (_drop, _swap, _indent, _mistype, _replace_number)
