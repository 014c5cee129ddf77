"""The networks of `keras.applications`, and their weights moved into ours.

What pairs the layers of the two is the order in which they are made: a spec has its layers in the
order of Keras's function. The weights go from layer to layer inside Keras, and from there to their
canonical names as those of any Keras model of ours do.

A new network is a line in `APPLICATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from parity import Arrays, Keras
from zoo import network

from specc.ir import Graph
from specc.layer import WeightDecl
from specc.verification import random_inputs


@dataclass(frozen=True)
class Application:
    """A spec of the zoo, and the function of `keras.applications` that makes the same network.

    params: of the spec, such as a size of images at which the test is quick.
    arguments: of the function. The shape of the image and the number of classes are the spec's, the
        weights are random, and the outputs logits.
    """

    spec: str
    variant: str | None
    function: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @cached_property
    def graph(self) -> Graph:
        return network(self.spec, self.variant, **self.params)

    def is_the_spec_itself(self) -> bool:
        """Whether the spec without a variant is this network, of images of some size."""
        plain = network(self.spec, **self.params).weights
        return weight_shapes(plain) == weight_shapes(self.graph.weights)

    def build(self) -> Any:
        """Keras's own model, with random weights of which none is zero or one."""
        import keras

        (image,), (logits,) = self.graph.inputs.values(), self.graph.outputs.values()
        model = getattr(keras.applications, self.function)(
            weights=None,
            input_shape=image.type.shape[1:],
            classes=logits.type.shape[-1],
            classifier_activation=None,
            **self.arguments,
        )
        randomize(model)
        normalize_alike(model, self.graph)
        settle(model, random_inputs(self.graph, {"N": 2}))
        return model


APPLICATIONS = (
    Application("convnext", "tiny", "ConvNeXtTiny"),
    Application("convnext", "small", "ConvNeXtSmall"),
    Application("convnext", "base", "ConvNeXtBase"),
    Application("convnext", "large", "ConvNeXtLarge"),
    Application("convnext", "xlarge", "ConvNeXtXLarge"),
    Application("densenet", "densenet121", "DenseNet121"),
    Application("densenet", "densenet169", "DenseNet169"),
    Application("densenet", "densenet201", "DenseNet201"),
    Application("efficientnet", "b0", "EfficientNetB0", {"size": 64}),
    Application("efficientnet", "b1", "EfficientNetB1", {"size": 64}),
    Application("efficientnet", "b2", "EfficientNetB2", {"size": 64}),
    Application("efficientnet", "b3", "EfficientNetB3", {"size": 64}),
    Application("efficientnet", "b4", "EfficientNetB4", {"size": 64}),
    Application("efficientnet", "b5", "EfficientNetB5", {"size": 64}),
    Application("efficientnet", "b6", "EfficientNetB6", {"size": 64}),
    Application("efficientnet", "b7", "EfficientNetB7", {"size": 64}),
    Application("efficientnet_v2", "b0", "EfficientNetV2B0", {"size": 64}),
    Application("efficientnet_v2", "b1", "EfficientNetV2B1", {"size": 64}),
    Application("efficientnet_v2", "b2", "EfficientNetV2B2", {"size": 64}),
    Application("efficientnet_v2", "b3", "EfficientNetV2B3", {"size": 64}),
    Application("efficientnet_v2", "s", "EfficientNetV2S", {"size": 64}),
    Application("efficientnet_v2", "m", "EfficientNetV2M", {"size": 64}),
    Application("efficientnet_v2", "l", "EfficientNetV2L", {"size": 64}),
    Application("inception_resnet_v2", None, "InceptionResNetV2"),
    Application("inception_v3", None, "InceptionV3"),
    Application("mobilenet", "alpha_0_25", "MobileNet", arguments={"alpha": 0.25}),
    Application("mobilenet", "alpha_0_5", "MobileNet", arguments={"alpha": 0.5}),
    Application("mobilenet", "alpha_0_75", "MobileNet", arguments={"alpha": 0.75}),
    Application("mobilenet", "alpha_1_0", "MobileNet", arguments={"alpha": 1.0}),
    Application("mobilenet_v2", "alpha_0_35", "MobileNetV2", arguments={"alpha": 0.35}),
    Application("mobilenet_v2", "alpha_0_5", "MobileNetV2", arguments={"alpha": 0.5}),
    Application("mobilenet_v2", "alpha_0_75", "MobileNetV2", arguments={"alpha": 0.75}),
    Application("mobilenet_v2", "alpha_1_0", "MobileNetV2", arguments={"alpha": 1.0}),
    Application("mobilenet_v2", "alpha_1_3", "MobileNetV2", arguments={"alpha": 1.3}),
    Application("mobilenet_v2", "alpha_1_4", "MobileNetV2", arguments={"alpha": 1.4}),
    Application("mobilenet_v3", "small", "MobileNetV3Small"),
    Application("mobilenet_v3", "large", "MobileNetV3Large"),
    Application("nasnet", "mobile", "NASNetMobile"),
    Application("nasnet", "large", "NASNetLarge", {"size": 64}),
    Application("resnet", "resnet50", "ResNet50"),
    Application("resnet", "resnet101", "ResNet101"),
    Application("resnet", "resnet152", "ResNet152"),
    Application("resnet_v2", "resnet50_v2", "ResNet50V2"),
    Application("resnet_v2", "resnet101_v2", "ResNet101V2"),
    Application("resnet_v2", "resnet152_v2", "ResNet152V2"),
    Application("vgg", "vgg16", "VGG16", {"size": 32}),
    Application("vgg", "vgg19", "VGG19", {"size": 32}),
    Application("xception", None, "Xception"),
)
"""The first of each spec is tested always, the others with `--all-applications`.

Those take 1 to 20 s of a core each, EfficientNetB7 25 s and 3 GB.
"""


def weight_shapes(weights: Mapping[str, WeightDecl]) -> dict[str, tuple[int, ...]]:
    return {key: weight.shape for key, weight in weights.items()}


def first_of_each_spec() -> list[Application]:
    """Those that are tested always."""
    by_spec = {each.spec: each for each in reversed(APPLICATIONS)}
    return [each for each in APPLICATIONS if by_spec[each.spec] is each]


def randomize(model: Any, seed: int = 1) -> None:
    """Give all variables numbers of which none is zero or one.

    Kernels keep the size of what goes through ReLU (He et al., 2015): else a deep network gives
    what its biases make, whatever goes in.
    """
    generator = np.random.default_rng(seed)
    for variable in model.variables:
        shape = tuple(variable.shape)
        if len(shape) > 1:
            fan_in = np.prod(shape[:-1] if shape[-1] > 1 else shape[:-2])  # else it is depthwise
            variable.assign(generator.standard_normal(shape) * np.sqrt(2 / fan_in))
        elif variable.name in ("gamma", "moving_variance"):
            variable.assign(generator.uniform(0.8, 1.25, shape))
        else:
            variable.assign(generator.normal(0, 0.1, shape))


def normalize_alike(model: Any, graph: Graph) -> None:
    """Give Keras's `Normalization`s, whose statistics may be weights, those of the spec."""
    ours = [node.layer for node in graph.nodes if node.type == "Normalization"]
    theirs = [layer for layer in leaves(model) if is_normalization(layer)]
    for own, layer in zip(ours, theirs, strict=True):
        if layer.weights:
            layer.adapt_mean.assign(own.mean)
            layer.adapt_variance.assign(own.variance)
            layer.finalize_state()


def settle(model: Any, inputs: Arrays) -> None:
    """Let batch normalizations divide by about twice the size of what `inputs` bring them.

    As after training, a deep network then neither fades nor swells from block to block until
    rounding decides what it computes. The size is that of all channels: one that is nearly 0 stays.
    """
    from keras import layers, ops

    def settling(layer: Any) -> Callable[..., Any]:
        def call(x: Any, **options: Any) -> Any:
            layer.moving_variance.assign(layer.moving_variance * ops.mean(ops.square(2 * x)))
            return type(layer).call(layer, x, **options)

        return call

    norms = [each for each in leaves(model) if isinstance(each, layers.BatchNormalization)]
    for layer in norms:
        layer.call = settling(layer)
    model(*inputs.values(), training=False)
    for layer in norms:
        del layer.call


def moved_weights(model: Any, ours: Keras) -> Arrays:
    """Give `ours`, the same network, the weights of Keras's `model`; by their canonical names.

    Raises `AssertionError` where the layers, in the order they were made in, have other shapes.
    """
    receivers, givers = layers_with_weights(ours.model), layers_with_weights(model)
    assert shapes(receivers) == shapes(givers)
    for receiver, giver in zip(receivers, givers, strict=True):
        pairs = zip(receiver.weights, giver.get_weights(), strict=True)
        receiver.set_weights([given.reshape(own.shape) for own, given in pairs])
    return ours.weights()


def layers_with_weights(model: Any) -> list[Any]:
    """In the order they were made in, by which Keras numbers its symbolic tensors."""
    layers = [x for x in leaves(model) if x.weights and not is_normalization(x)]
    return sorted(layers, key=lambda layer: int(layer.output.name.rpartition("_")[2]))


def leaves(model: Any) -> Iterator[Any]:
    """The layers of a model, and those of the models among them."""
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else (layer,)


def is_normalization(layer: Any) -> bool:
    return type(layer).__name__ == "Normalization"


def shapes(layers: list[Any]) -> list[list[list[int]]]:
    """Axes of 1 aside: what is a 1×1 convolution in Keras may be a dense layer in a spec."""
    return [[[size for size in each.shape if size > 1] for each in x.weights] for x in layers]
