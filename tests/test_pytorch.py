"""The PyTorch backend: the emitted source, the modules it makes, and how they start and train.

That it computes what the other backends compute is tested in test_parity.py.
"""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from parity import images_of
from samples import all_samples, sample_graph, sample_sizes
from structures import spec_graph, structure
from torch import Tensor, nn

from specc.backend import load_model_backend
from specc.backends.pytorch.activations import FUNCTIONS
from specc.emit.module import execute
from specc.initializers import INITIALIZERS, Initializer
from specc.ir import Graph
from specc.layer import LAYERS, Layer, Sample
from specc.tensor import FLOATS
from specc.verification import random_inputs
from specc.weights import initial_weights

PYTORCH = load_model_backend("pytorch")
every_sample = pytest.mark.parametrize(("layer", "sample"), all_samples())


def source(graph: Graph) -> str:
    text = PYTORCH.compile(graph, None, None)
    assert isinstance(text, str)
    return text


def fresh(graph: Graph) -> Any:
    """The emitted network, with the weights that its own source gives it."""
    return network_of(source(graph))


def network_of(text: str) -> Any:
    """An instance of the last class of an emitted file."""
    module = execute(text, "test")
    last = ast.parse(text).body[-1]
    assert isinstance(last, ast.ClassDef)
    return getattr(module, last.name)()


def layer_graph(name: str, params: dict[str, Any], *inputs: str) -> Graph:
    sample = Sample(params, inputs, ())
    return sample_graph(LAYERS[name], sample)


def state_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {
        key: tuple(value.shape)
        for key, value in module.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }


def declared_shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {key: weight.shape for key, weight in graph.weights.items()}


# Every sample of every layer


@every_sample
def test_gradients_reach_all_weights_and_inputs(layer: type[Layer], sample: Sample) -> None:
    graph = sample_graph(layer, sample)
    module = fresh(graph).train()
    arrays = random_inputs(graph, sample_sizes(sample), 0)
    arrays = images_of(graph, "channels_first").first(arrays)
    tensors = [torch.from_numpy(array) for array in arrays.values()]
    for tensor in tensors:
        tensor.requires_grad_(tensor.is_floating_point())
    made = module(*tensors)
    results = [x for x in (made if isinstance(made, tuple) else (made,)) if x.requires_grad]
    if not results:
        ends = (graph.inputs, graph.outputs)
        assert not layer.continuous or not all(
            any(x.type.dtype in FLOATS for x in end.values()) for end in ends
        )
        return
    torch.stack([(x * torch.rand_like(x)).sum() for x in results]).sum().backward()
    reached = () if layer.__name__.endswith("PositionBias") else tensors  # which gives only sizes
    leaves = [*module.parameters(), *(tensor for tensor in reached if tensor.requires_grad)]
    assert all(leaf.grad is not None and leaf.grad.isfinite().all() for leaf in leaves)


@every_sample
def test_source_is_deterministic(layer: type[Layer], sample: Sample) -> None:
    assert source(sample_graph(layer, sample)) == source(sample_graph(layer, sample))


# Structures


def test_a_chain_is_a_sequential_and_like_modules_are_a_comprehension(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 6]"}
layers:
  - repeat: 2
    name: outer
    layers:
      - repeat: 3
        layers: [{Dense: 6}]
""",
        tmp_path,
    )
    written = source(graph)
    assert "nn.Sequential(*(nn.Linear(6, 6) for _ in range(3)))" in written
    assert "for layer in" not in written


def test_a_loop_with_an_outer_value_is_a_for(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 6]", side: "float32[N, 6]"}
layers:
  - repeat: 3
    name: step
    inputs: x
    layers:
      - Dense: 6
      - Multiply:
        inputs: [prev, side]
""",
        tmp_path,
    )
    written = source(graph)
    assert "nn.ModuleList([Step() for _ in range(3)])" in written
    assert "        for layer in self.step:\n            x = layer(x, side)" in written


def test_a_for_does_not_overwrite_what_its_modules_take(tmp_path: Path) -> None:
    """The input is last used in the loop, so that its name would be free for the loop's result."""
    graph = spec_graph(
        """
inputs: {x: "float32[N, 6]"}
layers:
  - Dense: 6
  - repeat: 3
    name: step
    layers:
      - Dense: 6
      - Multiply:
        inputs: [prev, x]
""",
        tmp_path,
    )
    assert "for layer in self.step:" in source(graph)
    module, x = fresh(graph), torch.rand(2, 6)
    y = module.dense(x)
    for step in module.step:
        y = step.dense(y) * x
    torch.testing.assert_close(module(x), y)


def test_an_iteration_left_out_is_an_identity(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 6]"}
layers:
  - for: {units: [4, 5, 6]}
    index: i
    name: hidden
    layers:
      - Dense: "${units}"
        when: "${i != 1}"
""",
        tmp_path,
    )
    assert "nn.Sequential(nn.Linear(6, 4), nn.Identity(), nn.Linear(4, 6))" in source(graph)
    assert state_shapes(fresh(graph)) == declared_shapes(graph)


SHARED = """
inputs: {{a: "float32[N, 8, 8, 3]", b: "float32[N, {size}, {size}, 3]"}}
blocks:
  encoder:
    layers:
      - Conv2D: {{filters: 4, kernel_size: 3, padding: same, strides: 2}}
      - GlobalAveragePooling2D
layers:
  - encoder:
    inputs: a
    name: first
  - reuse: first
    inputs: b
    name: again
outputs: [first, again]
"""


def test_a_block_used_again_is_called_again(tmp_path: Path) -> None:
    written = source(spec_graph(SHARED.format(size=8), tmp_path))
    assert "first = self.first(a)" in written
    assert "self.first(b)" in written


def test_a_block_used_again_is_written_out_where_its_pads_differ(tmp_path: Path) -> None:
    graph = spec_graph(SHARED.format(size=7), tmp_path)
    written = source(graph)
    assert "F.pad(x, (0, 1, 0, 1))" in written
    assert "self.first.conv2d(F.pad(b, (1, 1, 1, 1)))" in written
    assert state_shapes(fresh(graph)) == declared_shapes(graph)


def test_a_pooling_of_a_block_used_again_may_need_a_module_of_its_own(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {a: "float32[N, 8, 8, 3]", b: "float32[N, 7, 7, 3]"}
blocks:
  halve:
    layers:
      - Conv2D: {filters: 4, kernel_size: 1}
      - MaxPooling2D: {pool_size: 3, strides: 2, padding: same}
layers:
  - halve:
    inputs: a
    name: first
  - repeat: 2
    name: again
    layers:
      - reuse: first
        inputs: b
  - Add:
    inputs: [first, again]
""",
        tmp_path,
    )
    module = fresh(graph)
    assert state_shapes(module) == declared_shapes(graph)
    a, b = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 7, 7)
    first, again = module.first.conv2d(a), module.first.conv2d(b)
    expected = nn.MaxPool2d(3, 2, ceil_mode=True)(first) + nn.MaxPool2d(3, 2, padding=1)(again)
    torch.testing.assert_close(module(a, b), expected)


def test_weights_of_a_use_that_is_left_out_belong_to_the_next(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 3]"}
layers:
  - repeat: 2
    name: dead
    layers:
      - Dense: 3
        name: dense
      - ReLU
  - reuse: dead.1.dense
    inputs: x
""",
        tmp_path,
    )
    module, x = fresh(graph), torch.rand(2, 3)
    assert state_shapes(module) == declared_shapes(graph)
    assert not hasattr(module, "dead")
    torch.testing.assert_close(module(x), module.dense(x))


def test_a_layer_used_again_pads_at_each_use(tmp_path: Path) -> None:
    """At 7 the pads are symmetric, and the module could add them; at 8 they are not."""
    graph = spec_graph(
        """
inputs: {a: "float32[N, 7, 7, 3]", b: "float32[N, 8, 8, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, strides: 2}
    inputs: a
    name: conv
  - reuse: conv
    inputs: b
    name: again
outputs: [conv, again]
""",
        tmp_path,
    )
    conv, again = fresh(graph)(torch.rand(2, 3, 7, 7), torch.rand(2, 3, 8, 8))
    assert conv.shape == again.shape == (2, 4, 4, 4)


def test_words_are_parameters_too(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 4, 4, 3]"}
blocks:
  change:
    params: {amount: float}
    layers:
      - RandomRotation:
          factor: "${amount}"
          fill_mode: "${'wrap' if amount > 0.15 else 'nearest'}"
layers:
  - for: {seed: [1, 2]}
    name: each
    layers:
      - change: {amount: "${0.1 * seed}"}
""",
        tmp_path,
    )
    assert "factor: tuple[float, float], fill_mode: str" in source(graph)
    assert fresh(graph)(torch.rand(2, 3, 4, 4)).shape == (2, 3, 4, 4)


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_a_network_of_another_dtype(dtype: str, tmp_path: Path) -> None:
    graph = spec_graph(
        f"""
inputs: {{x: "{dtype}[N, 6, 6, 3]"}}
layers:
  - Rescaling: {{scale: [1, 2, 3]}}
  - Conv2D: {{filters: 4, kernel_size: 3}}
  - BatchNormalization
  - Flatten
  - Dense: 2
""",
        tmp_path,
    )
    x = torch.rand(2, 3, 6, 6, dtype=getattr(torch, dtype))
    assert fresh(graph)(x).dtype == x.dtype


# Names


@pytest.mark.parametrize(
    "name", ["F", "l", "nn", "torch", "Tensor", "layer", "y", "int", "same_pads", "i", "math"]
)
def test_names_that_mean_something_in_the_source(name: str, tmp_path: Path) -> None:
    graph = spec_graph(
        f"""
name: {name}
inputs: {{{name}: "float32[N, 2*h, 2*h, 3]", x: "float32[N, 2*h, 2*h, 3]"}}
blocks:
  {name.lower()}:
    params: {{filters: int}}
    inputs: [{name}, other]
    layers:
      - Conv2D: {{filters: "${{filters}}", kernel_size: 3, padding: same, strides: 2}}
        inputs: {name}
      - Reshape: [-1, "${{filters}}"]
        name: out_channels
      - Add:
        inputs: [prev, out_channels]
layers:
  - {name.lower()}: {{filters: 4}}
    inputs: [{name}, x]
  - {name.lower()}: {{filters: 3}}
    inputs: [x, {name}]
    name: {name}_2
""",
        tmp_path,
    )
    module, x = fresh(graph), torch.rand(2, 3, 4, 4)
    assert state_shapes(module) == declared_shapes(graph)
    assert module(x, x).shape == (2, 4, 3)


def test_an_entry_may_have_the_name_of_a_parameter(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 2, 2, 3]"}
blocks:
  flat:
    params: {filters: int}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 1}
        name: out_channels
      - Reshape: [-1, "${filters}"]
layers:
  - for: {filters: [3, 5]}
    name: each
    layers:
      - flat: {filters: "${filters}"}
        inputs: x
outputs: [each.0, each.1]
""",
        tmp_path,
    )
    first, second = fresh(graph)(torch.rand(1, 3, 2, 2))
    assert (first.shape, second.shape) == ((1, 4, 3), (1, 4, 5))


def test_a_network_that_is_handed_functions_can_be_copied_and_pickled(tmp_path: Path) -> None:
    network, x = fresh(structure("functions_that_differ", tmp_path)), torch.rand(2, 4, 8, 8)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):  # noqa: S301 - ours
        torch.testing.assert_close(other(x), network(x), rtol=0, atol=0)


@pytest.mark.parametrize("name", FUNCTIONS.values())
def test_functions_that_are_handed_in_can_be_pickled(name: str) -> None:
    family, _, attribute = name.partition(".")
    if attribute:  # the others are of the file itself
        function = getattr({"F": nn.functional, "torch": torch}[family], attribute)
        assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301 - ours


# Random layers


def trained(name: str, params: dict[str, Any], x: Tensor) -> Tensor:
    """What a layer makes of images [N, C, H, W] in training; it must leave them alone otherwise."""
    size = "float32[N, H, W, 3]" if x.ndim == 4 else f"float32[N, {x.shape[1]}]"
    module = fresh(layer_graph(name, params, size))
    torch.testing.assert_close(module.eval()(x), x, rtol=0, atol=0)
    torch.manual_seed(0)
    return module.train()(x)


def test_dropout_drops_and_scales() -> None:
    x = torch.ones(400, 50)
    y = trained("Dropout", {"rate": 0.3}, x)
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("noise_shape", [(None, 1, 1, 3), (None, 1, None, 1), (1, None, 1, None)])
def test_dropout_drops_together_along_an_axis_of_one(
    noise_shape: tuple[int | None, ...], seed: int | None
) -> None:
    x = torch.ones(8, 3, 6, 5)
    y = trained("Dropout", {"rate": 0.5, "noise_shape": noise_shape, "seed": seed}, x)
    assert 0 < (y == 0).float().mean() < 1
    channels_last = y.permute(0, 2, 3, 1)
    for axis, size in enumerate(noise_shape):
        if size == 1:
            assert (channels_last == channels_last.narrow(axis, 0, 1)).all()


@pytest.mark.parametrize("rate", [0, 1])
def test_dropout_at_the_ends(rate: float) -> None:
    for seed in (None, 1):
        y = trained("Dropout", {"rate": rate, "seed": seed}, torch.ones(3, 4))
        assert (y == 1 - rate).all()


@pytest.mark.parametrize(
    ("mode", "dims"), [("horizontal", [3]), ("vertical", [2]), ("horizontal_and_vertical", [2, 3])]
)
def test_random_flip_mirrors_half_of_the_images(mode: str, dims: list[int]) -> None:
    x = torch.rand(200, 3, 4, 5)
    y = trained("RandomFlip", {"mode": mode}, x)
    same = (y == x).flatten(1).all(dim=1)
    flipped = (y == x.flip(dims)).flatten(1).all(dim=1)
    assert (same ^ flipped).all()
    assert 70 < int(flipped.sum()) < 130


@pytest.mark.parametrize("name", ["RandomFlip", "RandomRotation", "RandomZoom", "Dropout"])
def test_a_seed_repeats_what_is_drawn(name: str) -> None:
    primary = LAYERS[name].primary
    assert primary is not None
    params = {primary: "horizontal" if name == "RandomFlip" else 0.5, "seed": 3}
    graph = layer_graph(name, params, "float32[N, H, W, 3]")
    x = torch.rand(16, 3, 4, 5)
    first, again = fresh(graph), fresh(graph)
    one = first(x)
    torch.testing.assert_close(again(x), one)
    assert not torch.equal(first(x), one)


@pytest.mark.parametrize("turns", [0.25, 0.5, -0.25])
def test_random_rotation_turns_counter_clockwise(turns: float) -> None:
    x = torch.rand(2, 3, 6, 6)
    y = trained("RandomRotation", {"factor": (turns, turns)}, x)
    torch.testing.assert_close(y, x.rot90(int(4 * turns), dims=(2, 3)), rtol=1e-4, atol=1e-4)


def test_random_zoom_keeps_the_centre_and_shrinks_by_a_positive_factor() -> None:
    x = torch.zeros(1, 3, 9, 9)
    x[:, :, 2:7, 2:7] = 1
    for factor, covered in ((1.0, 3), (-0.5, 9)):
        y = trained("RandomZoom", {"height_factor": (factor, factor), "fill_mode": "constant"}, x)
        assert int((y[0, 0, 4] > 0.5).sum()) == covered
        torch.testing.assert_close(y, y.flip([2, 3]))


def test_random_zoom_draws_the_width_apart_only_if_it_has_a_factor() -> None:
    x = torch.rand(1, 3, 8, 8).expand(20, 3, 8, 8)
    alike = trained("RandomZoom", {"height_factor": 0.4}, x + x.transpose(2, 3))
    torch.testing.assert_close(alike, alike.transpose(2, 3))
    apart = trained("RandomZoom", {"height_factor": 0.0, "width_factor": 0.4}, x)
    assert not torch.allclose(apart, x)
    rows = torch.arange(8.0).reshape(1, 1, 8, 1).expand(4, 3, 8, 8)
    kept = trained("RandomZoom", {"height_factor": 0.0, "width_factor": 0.4}, rows)
    torch.testing.assert_close(kept, rows)


# Initial weights


INITIAL: list[Any] = [
    pytest.param(member(), id=member.name) for member in INITIALIZERS if member.name != "identity"
] + [
    pytest.param(member.model_validate(params), id=f"{member.name}-{index}")
    for index, (member, params) in enumerate(
        (member, params)
        for member in INITIALIZERS
        for params in {
            "constant": ({"value": 0.5},),
            "random_normal": ({"mean": 1.0, "stddev": 0.2},),
            "truncated_normal": ({"mean": 1.0, "stddev": 0.2}, {"mean": 1.0, "stddev": 0.0}),
            "random_uniform": ({"minval": 0.0, "maxval": 2.0},),
            "orthogonal": ({"gain": 2.0},),
            "variance_scaling": tuple(
                {"scale": 2.0, "mode": mode, "distribution": distribution}
                for mode in ("fan_in", "fan_out", "fan_avg")
                for distribution in ("uniform", "truncated_normal", "untruncated_normal")
            ),
        }.get(member.name, ())
    )
]


def assert_alike(received: Tensor, expected: Any) -> None:
    """Whether two samples are of one distribution: moments and limits."""
    ours, theirs = received.detach().numpy(), np.asarray(expected)
    spread = max(float(theirs.std()), 1e-7)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.1 * spread + 1e-7)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05, abs=1e-7)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.25, abs=1e-7)


@pytest.mark.parametrize("initializer", INITIAL)
@pytest.mark.parametrize(
    ("name", "params", "shape"),
    [
        ("Conv2D", {"filters": 48, "kernel_size": 3}, "float32[N, 8, 8, 24]"),
        ("Dense", {"units": 96}, "float32[N, 80]"),
    ],
)
def test_kernels_start_as_in_keras(
    initializer: Initializer, name: str, params: dict[str, Any], shape: str
) -> None:
    graph = layer_graph(name, {**params, "kernel_initializer": initializer}, shape)
    torch.manual_seed(0)
    (layer,) = fresh(graph).children()
    (key, _) = graph.weights
    assert_alike(layer.weight, initial_weights(graph.weights)[key])
    assert (layer.bias == 0).all()


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_depthwise_kernels_start_as_in_keras(mode: str, multiplier: int, tmp_path: Path) -> None:
    """Keras has their fans the other way round, and counts a multiplier's filters apart."""
    scaling = f"{{variance_scaling: {{scale: 2.0, mode: {mode}}}}}"
    graph = spec_graph(
        f"""
inputs: {{x: "float32[N, 9, 9, 400]"}}
layers:
  - DepthwiseConv2D:
      kernel_size: 3
      depth_multiplier: {multiplier}
      depthwise_initializer: {scaling}
  - Conv2D: {{filters: 8, kernel_size: 1, kernel_initializer: {scaling}}}
""",
        tmp_path,
    )
    torch.manual_seed(0)
    weights, expected = fresh(graph).state_dict(), initial_weights(graph.weights)
    for key in ("depthwise_conv2d.weight", "conv2d.weight"):
        assert_alike(weights[key], expected[key])


def test_an_orthogonal_kernel_is_orthogonal() -> None:
    params = {"filters": 10, "kernel_size": 3, "kernel_initializer": {"orthogonal": {"gain": 2}}}
    kernel = fresh(layer_graph("Conv2D", params, "float32[N, 8, 8, 4]")).conv2d.weight.flatten(1)
    torch.testing.assert_close(kernel @ kernel.T, 4 * torch.eye(10), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_an_identity_kernel_is_an_identity(gain: float) -> None:
    params = {"units": 5, "kernel_initializer": {"identity": {"gain": gain}}}
    dense = fresh(layer_graph("Dense", params, "float32[N, 4]")).dense
    torch.testing.assert_close(dense.weight.data, gain * torch.eye(5, 4))


@pytest.mark.parametrize("initializer", INITIAL)
def test_biases_and_scales_start_as_in_keras(initializer: Initializer) -> None:
    if initializer.name == "orthogonal":
        return
    for name, parameter, weight in (
        ("Dense", "bias_initializer", "bias"),
        ("BatchNormalization", "gamma_initializer", "weight"),
        ("BatchNormalization", "moving_variance_initializer", "running_var"),
        ("LayerNormalization", "beta_initializer", "bias"),
    ):
        params = {parameter: initializer, **({"units": 4000} if name == "Dense" else {})}
        channels = 2 if name == "Dense" else 4000
        graph = layer_graph(name, params, f"float32[N, {channels}]")
        torch.manual_seed(0)
        (layer,) = fresh(graph).children()
        (key,) = (key for key in graph.weights if key.endswith(f".{weight}"))
        assert_alike(getattr(layer, weight), initial_weights(graph.weights)[key])


def test_a_layer_that_starts_otherwise_does_so_inside_a_block(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 4]"}
blocks:
  residual:
    layers:
      - Dense: {units: 4}
      - Dense: {units: 4, kernel_initializer: zeros, bias_initializer: lecun_normal}
      - BatchNormalization: {gamma_initializer: zeros}
layers:
  - repeat: 2
    name: block
    layers: [residual]
  - Dense: {units: 3, bias_initializer: {constant: {value: -2}}}
    name: logits
  - Dense: {units: 3, use_bias: false}
""",
        tmp_path,
    )
    network = fresh(graph)
    for block in network.block:
        assert block.dense.weight.any()
        assert not block.dense_1.weight.any()
        assert block.dense_1.bias.any()
        assert not block.batch_normalization.weight.any()
    assert (network.logits.bias == -2).all()


def test_what_starts_otherwise_in_all_modules_of_a_class_is_a_branch(tmp_path: Path) -> None:
    graph = spec_graph(
        """
inputs: {x: "float32[N, 4]"}
blocks:
  scale:
    layers: [Dense: 4]
  mix:
    layers:
      - scale
      - Dense: {units: 4, kernel_initializer: zeros}
        name: last
layers:
  - repeat: 2
    name: block
    layers: [mix]
  - Dense: {units: 4, kernel_initializer: ones}
    name: logits
""",
        tmp_path,
    )
    text = source(graph)
    assert "elif isinstance(module, Mix):\n        nn.init.zeros_(module.last.weight)" in text
    assert "\n        nn.init.ones_(self.logits.weight)" in text
    network = fresh(graph)
    assert not any(block.last.weight.any() for block in network.block)
    assert all(block.scale.dense.weight.any() for block in network.block)
    assert (network.logits.weight == 1).all()


# Regularizers


REGULARIZED = """
inputs: {{x: "float32[N, 6, 6, 3]"}}
defaults:
  Conv2D: {{kernel_regularizer: {{l2: 0.1}}, filters: 3, kernel_size: 1}}
layers:
  - repeat: {count}
    name: conv
    layers: [Conv2D]
  - reuse: {reuse}
  - Flatten
  - Dense: {{units: 2, kernel_regularizer: {dense}, bias_regularizer: {bias}}}
"""


@pytest.mark.parametrize("count", [2, 6])
@pytest.mark.parametrize("dense", ["null", "l1", "{l2: 0.1}", "{l1_l2: {l1: 0.3, l2: 0.2}}"])
@pytest.mark.parametrize("bias", ["null", "{l1: 0.5}"])
def test_the_regularization_loss_is_that_of_keras(
    count: int, dense: str, bias: str, tmp_path: Path
) -> None:
    text = REGULARIZED.format(count=count, reuse="conv.0", dense=dense, bias=bias)
    graph = spec_graph(text, tmp_path)
    weights = initial_weights(graph.weights, seed=1)
    weights["dense.bias"] += 0.5
    module = PYTORCH.model(graph, weights)
    keras_model = load_model_backend("keras").model(graph, weights)
    expected = sum(float(loss) for loss in keras_model.losses)
    assert module.regularization_loss().item() == pytest.approx(expected, rel=1e-5)
    module.regularization_loss().backward()
    assert module.conv[0].weight.grad.any()


def test_there_is_no_such_method_without_regularizers() -> None:
    assert not hasattr(
        fresh(layer_graph("Dense", {"units": 2}, "float32[N, 3]")), "regularization_loss"
    )


def test_an_entry_may_have_the_name_of_the_method(tmp_path: Path) -> None:
    text = """
inputs: {x: "float32[N, 3]"}
layers: [{Dense: {units: 2, kernel_regularizer: l2}, name: regularization_loss}]
"""
    module = fresh(spec_graph(text, tmp_path))
    assert module(torch.rand(2, 3)).shape == (2, 2)
    assert module.regularization_loss2().item() > 0


# Batch normalization


def test_running_variance_is_unbiased_as_pytorch_has_it() -> None:
    """The known difference: Keras and ONNX keep the biased one, n - 1 over n of this."""
    module = fresh(layer_graph("BatchNormalization", {"momentum": 0.0}, "float32[N, 3]"))
    x = torch.rand(8, 3)
    module.train()(x)
    torch.testing.assert_close(module.batch_normalization.running_var, x.var(dim=0))


@pytest.mark.parametrize("axis", [1, 2, 3, 4, 5])
def test_batch_normalization_of_six_axes(axis: int) -> None:
    graph = layer_graph("BatchNormalization", {"axis": axis}, "float32[2, 2, 3, 4, 5, 6]")
    module, x = fresh(graph), torch.rand(2, 2, 3, 4, 5, 6)
    others = [other for other in range(6) if other != axis]
    mean, variance = x.mean(others, keepdim=True), x.var(others, correction=0, keepdim=True)
    torch.testing.assert_close(module.train()(x), (x - mean) / torch.sqrt(variance + 1e-3))
