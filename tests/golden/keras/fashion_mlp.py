"""Which of ten kinds of clothing? The perceptron of a TensorFlow tutorial on
Fashion-MNIST. It is trained on logits; the variant `softmax` appends the layer that
makes probabilities of them.

Compiled by specc from the spec `fashion_mlp`.
"""

import keras
from keras import layers


def fashion_mlp():
    """The model, from `image` float32[N, 28, 28] to `logits` float32[N, 10]."""
    image = keras.Input((28, 28), name="image")
    x = layers.Flatten(name="flatten")(image)  # [N, 784]
    x = layers.Dense(128, activation="relu", name="dense")(x)  # [N, 128]
    x = layers.Dense(10, name="logits")(x)  # [N, 10]
    return keras.Model(image, x, name="fashion_mlp")
