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


def test_what_differs_in_functions_is_one_class(tmp_path: Path) -> None:
    text = emitted("functions_that_differ", tmp_path)
    assert text.count("class Convolution") == 1
    assert "from collections.abc import Callable\n" in text
    assert "activation: Callable[[Tensor], Tensor]" in text
    assert "x = self.gate_activation(self.gate(x))" in text
    assert "return self.activation(x)" in text
    assert "Convolution(activation=F.relu, gate_activation=torch.sigmoid)" in text
    assert "activation=squareplus, gate_activation=torch.tanh\n" in text


def test_a_function_that_all_call_is_called_by_its_name(tmp_path: Path) -> None:
    text = emitted_of(BOTTLENECKS.replace('strides: "${strides}"', "activation: relu"), tmp_path)
    assert "return F.relu(self.conv2d_1(x))" in text
    assert "Callable" not in text


def test_what_only_some_add_is_a_choice(tmp_path: Path) -> None:
    text = emitted("sums_that_only_some_have", tmp_path)
    assert text.count("class Widened") == 1
    assert "squeeze: nn.Module, residual: bool = True" in text.replace("\n        ", " ")
    assert "return y + x if self.residual else y  # [N, out_channels, 8, 8]" in text
    assert "Widened(4, 4, 3, squeeze=nn.Identity())\n" in text
    assert "Widened(4, 6, 3, squeeze=Squeeze(), residual=False)\n" in text
    assert "Widened(6, 6, 5, squeeze=Squeeze())\n" in text


def test_what_only_some_drop_is_a_rate_of_nothing_in_the_others(tmp_path: Path) -> None:
    text = emitted_of(
        """
inputs: {x: "float32[N, 8]"}
blocks:
  layer:
    params: {rate: float}
    layers:
      - Dense: 8
      - Dropout: "${rate}"
        when: "${rate > 0}"
layers:
  - layer: {rate: 0.5}
  - layer: {rate: 0}
""",
        tmp_path,
    )
    assert "self.dropout = nn.Dropout(p)\n" in text
    assert "self.layer = Layer(0.5)\n" in text
    assert "self.layer_1 = Layer(0.0)\n" in text


def test_pads_of_half_a_kernel_are_no_parameter(tmp_path: Path) -> None:
    text = emitted("sums_that_only_some_have", tmp_path)
    assert "padding=kernel_size // 2" in text
    assert "padding:" not in text


def test_pads_that_are_not_always_half_a_kernel_are_a_parameter(tmp_path: Path) -> None:
    text = emitted_of(
        """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  convolution:
    params: {kernel_size: int, padding: str}
    layers:
      - Conv2D: {filters: 4, kernel_size: "${kernel_size}", padding: "${padding}"}
      - ReLU
layers:
  - convolution: {kernel_size: 5, padding: same}
  - convolution: {kernel_size: 3, padding: valid}
""",
        tmp_path,
    )
    assert "Convolution(5, padding=2)" in text
    assert "Convolution(3)" in text


def test_what_always_adds_has_no_choice(tmp_path: Path) -> None:
    text = emitted("modules_that_only_some_have", tmp_path)
    assert "residual: bool" not in text
    assert " if self." not in text


def test_a_loop_inside_one_of_its_name_is_a_class_before_it(tmp_path: Path) -> None:
    text = emitted("a_name_inside_itself", tmp_path)
    places = [text.index(f"class {name}(") for name in ("Part", "Twice", "Part2")]
    assert places == sorted(places)
