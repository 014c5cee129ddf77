"""The arguments that commands share, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from specc.source import Source
from specc.syntax.overlay import overlaid, within
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import read_yaml

if TYPE_CHECKING:
    from specc.network import Network


class Layout(StrEnum):
    """`--io-layout`: see `specc.passes.layout.IoLayout`."""

    channels_first = "channels_first"
    channels_last = "channels_last"


Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="A file, file.yaml@variant, a zoo name such as densenet@densenet169, or a run.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Override a param (classes=4) or a value of train or data (train.epochs=20).",
    ),
]
Sizes = Annotated[
    list[str] | None,
    typer.Option("--size", metavar="NAME=N", help="A number for a symbol of the inputs: T=128."),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="A safetensors file, or a run; default: a run's best weights, else initial ones.",
    ),
]
Seed = Annotated[int, typer.Option(help="What initial weights are drawn from.")]
IoLayout = Annotated[
    Layout | None,
    typer.Option("--io-layout", help="How images lie at the boundary; default: as usual."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Overrides(TypedDict):
    """What `--set` and `--size` say, as `specc.load` and `check_file` take it."""

    params: dict[str, Any]
    train: Mapping[str, Any] | None
    data: Mapping[str, Any] | None
    sizes: Mapping[str, int]


def open_network(spec: str, settings: list[str] | None, sizes: list[str] | None = None) -> Network:
    """The checked network; raises `SpecError` with all faults."""
    from specc.network import load

    return load(spec, **parse_overrides(settings, sizes))


def names_model(target: str, settings: list[str] | None, sizes: list[str] | None = None) -> bool:
    """Whether it is an ONNX model. Raises `typer.BadParameter` for settings or sizes of one."""
    from specc.inference.model import is_model

    if is_model(target) and (settings or sizes):
        hint = "--set" if settings else "--size"
        raise typer.BadParameter("an ONNX model is taken as it is", param_hint=hint)
    return is_model(target)


def weights_of(spec: str, weights: Path | None) -> Path | None:
    """The weights given, else those of the run that `spec` is; None if it is no run."""
    from specc.locating import run_folder

    run = run_folder(spec)
    return run.weights if weights is None and run is not None else weights


def parse_overrides(settings: list[str] | None, sizes: list[str] | None = None) -> Overrides:
    """The values of `--set name=value`, read as YAML: `12`, `[6, 12]`, `true`, `text`; and sizes.

    `train.epochs=20` is a value of the section `train`; a name without a dot is a param.
    Raises `typer.BadParameter` for what has no such form, `SpecError` for a value that is not YAML.
    """
    overrides = Overrides(params={}, train=None, data=None, sizes=parse_sizes(sizes))
    for setting in settings or ():
        name, given = _parse_setting(setting)
        section, *path = name.split(".")
        if not path:
            overrides["params"][name] = given[name]
        elif section == "train":
            overrides["train"] = _with(overrides["train"], path, given)
        else:
            overrides["data"] = _with(overrides["data"], path, given)
    return overrides


def _with(known: Mapping[str, Any] | None, path: list[str], given: YamlMapping) -> YamlMapping:
    """What is `known` of a section, with the one value `given` at `path` of it."""
    (name,) = given
    section = within(tuple(path), given, name)
    return overlaid(known, section) if isinstance(known, YamlMapping) else section


def _parse_setting(setting: str) -> tuple[str, YamlMapping]:
    name, mark, text = setting.partition("=")
    if not mark or not _NAME.fullmatch(name):
        expected = "name=value, train.NAME=value or data.NAME=value"
        raise typer.BadParameter(f"expected {expected}, received {setting!r}", param_hint="--set")
    data = read_yaml(Source(f"--set {name}", f"{name}: {text}"))
    if list(data) != [name]:
        raise typer.BadParameter(f"expected one value, received {text!r}", param_hint="--set")
    return name, data


def parse_sizes(sizes: list[str] | None) -> dict[str, int]:
    """The sizes of `--size NAME=N`. Raises `typer.BadParameter`."""
    found: dict[str, int] = {}
    for text in sizes or ():
        name, _, number = text.rpartition("=")
        if not name or not re.fullmatch(r"[1-9][0-9]{0,8}", number):
            message = f"expected such as T=128, received {text!r}"
            raise typer.BadParameter(message, param_hint="--size")
        if name in found:
            message = f"expected one size of {name}, received {found[name]} and {number}"
            raise typer.BadParameter(message, param_hint="--size")
        found[name] = int(number)
    return found


_NAME = re.compile(r"[^\W\d]\w*|(train|data)(\.[^\W\d]\w*)+")
