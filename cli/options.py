"""The arguments that commands share, and what they mean."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
        help="A file, file.yaml@variant, or a zoo name such as densenet@densenet169.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a param, as --set classes=4."),
]
Weights = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="A safetensors file; default: initial weights."),
]
Seed = Annotated[int, typer.Option(help="What initial weights are drawn from.")]
IoLayout = Annotated[
    Layout | None,
    typer.Option("--io-layout", help="How images lie at the model's boundary; default: as usual."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_network(spec: str, settings: list[str] | None) -> Network:
    """The checked network; raises `SpecError` with all faults."""
    from specc.network import load

    return load(spec, params=parse_settings(settings))


def parse_settings(settings: list[str] | None) -> dict[str, Any]:
    """The values of `--set name=value`, read as YAML: `12`, `[6, 12]`, `true`, `text`.

    Raises `typer.BadParameter` for what has no such form, `SpecError` for a value that is not YAML.
    """
    return dict(_parse_setting(setting) for setting in settings or ())


def _parse_setting(setting: str) -> tuple[str, Any]:
    from specc.source import Source
    from specc.syntax.yaml import read_yaml

    name, mark, text = setting.partition("=")
    if not mark or not name.isidentifier():
        raise typer.BadParameter(f"expected name=value, received {setting!r}", param_hint="--set")
    data = read_yaml(Source("--set", f"{name}: {text}"))
    if list(data) != [name]:
        raise typer.BadParameter(f"expected one value, received {text!r}", param_hint="--set")
    return name, data[name]
