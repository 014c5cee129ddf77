"""Regions become classes and functions as a person would write them: names, defaults, variants."""

from __future__ import annotations

from pathlib import Path

from structures import structure

from specc.backend import load_backend
from specc.checking import check_file, require_graph


def emitted(name: str, folder: Path, backend: str = "pytorch") -> str:
    text = load_backend(backend).compile(structure(name, folder), None, None)
    assert isinstance(text, str)
    return text


def emitted_of(spec: str, folder: Path, backend: str = "pytorch") -> str:
    file = folder / "net.yaml"
    file.write_text(f"specc: 1\nname: net\n{spec}", "utf-8")
    text = load_backend(backend).compile(require_graph(check_file(file)), None, None)
    assert isinstance(text, str)
    return text


BOTTLENECKS = """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  bottleneck:
    params: {filters: int, hidden: int, strides: 1}
    layers:
      - Conv2D: {filters: "${hidden}", kernel_size: 1}
      - Conv2D: {filters: "${filters}", kernel_size: 1, strides: "${strides}"}
layers:
  - bottleneck: {filters: 6, hidden: 3}
  - bottleneck: {filters: 8, hidden: 5, strides: 2}
"""


def test_parameters_are_named_after_what_a_region_gives(tmp_path: Path) -> None:
    text = emitted_of(BOTTLENECKS, tmp_path)
    assert "nn.Conv2d(in_channels, hidden, 1)" in text
    assert "nn.Conv2d(hidden, out_channels, 1, stride=stride)" in text
    assert "return self.conv2d_1(x)  # [N, out_channels, H, W]" in text


def test_parameters_have_the_defaults_of_the_layers(tmp_path: Path) -> None:
    text = emitted_of(BOTTLENECKS, tmp_path)
    assert "self, in_channels: int, hidden: int, out_channels: int, stride: int = 1" in text
    assert "Bottleneck(4, 3, 6)\n" in text
    assert "Bottleneck(6, 5, 8, stride=2)\n" in text


def test_a_function_of_keras_takes_its_name_before_what_is_optional(tmp_path: Path) -> None:
    text = emitted_of(BOTTLENECKS, tmp_path, "keras")
    assert "def bottleneck(x, hidden, filters, name, strides=1):" in text
    assert 'bottleneck(x, 3, 6, name="bottleneck")' in text
    assert 'bottleneck(y, 5, 8, strides=2, name="bottleneck_1")' in text


def test_a_region_that_gives_as_many_channels_as_it_takes_has_channels(tmp_path: Path) -> None:
    text = emitted_of(
        """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  residual:
    params: {hidden: int}
    layers:
      - Conv2D: {filters: "${hidden}", kernel_size: 1}
      - Conv2D: {filters: "${x.channels}", kernel_size: 1}
      - Add:
        inputs: [x, prev]
layers:
  - residual: {hidden: 3}
  - Conv2D: {filters: 6, kernel_size: 1}
  - residual: {hidden: 5}
""",
        tmp_path,
    )
    assert "def __init__(self, channels: int, hidden: int) -> None:" in text
    assert "return x + y  # [N, channels, 8, 8]" in text


def test_a_module_that_only_some_have_is_an_identity_in_the_others(tmp_path: Path) -> None:
    text = emitted("modules_that_only_some_have", tmp_path)
    assert text.count("class Stage") == text.count("class Residual") == 1
    assert "self.shortcut = shortcut\n" in text
    assert "shortcut=nn.Identity()" in text
    assert "shortcut=nn.Conv2d(8, 6, 1)" in text
    assert "halve=Halve(6, 12)" in text


def test_what_differs_in_one_module_is_one_class(tmp_path: Path) -> None:
    text = emitted("modules_that_are_handed_in", tmp_path)
    assert text.count("class Tower") == 1
    assert "def __init__(self, step: nn.Module) -> None:" in text
    assert "Tower(nn.Sequential(nn.Conv2d(10, 6, 3, padding=1)))" in text
