"""Wide and deep learning (Cheng et al., 2016, "Wide & Deep Learning for Recommender
Systems"): a linear model of crossed categories, which remembers, and a deep one of
embedded categories and numbers, which generalizes, add to one score. Categories and
crosses are hashed to ids.

Compiled by specc from the spec `wide_and_deep`.
"""

import keras
from keras import layers, ops


def reduction(kind, axis, rank, name, keepdims=False, dtype=None):
    """The "mean", "sum", "max" or "min" along one axis or several."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    functions = {"mean": ops.mean, "sum": ops.sum, "max": ops.max, "min": ops.min}
    return keras.Model(x, functions[kind](x, axis=axis, keepdims=keepdims), name=name)


def wide_and_deep():
    """The model, from `categories` int32[N, 26], `crosses` int32[N, 8], `numbers`
    float32[N, 13] to `logit` float32[N, 1].
    """
    categories = keras.Input((26,), dtype="int32", name="categories")
    crosses = keras.Input((8,), dtype="int32", name="crosses")
    numbers = keras.Input((13,), name="numbers")
    # [N, 8, 1]
    x = layers.Embedding(1000000, 1, embeddings_initializer="zeros", name="weights")(
        crosses
    )
    wide = reduction("sum", axis=1, rank=3, name="wide")(x)  # [N, 1]
    x = layers.Embedding(100000, 32, name="embedded")(categories)  # [N, 26, 32]
    x = layers.Flatten(name="flatten")(x)  # [N, 832]
    x = layers.Concatenate(name="concatenate")([x, numbers])  # [N, 845]
    x = layers.Dense(1024, activation="relu", name="hidden-0")(x)  # [N, 1024]
    x = layers.Dense(512, activation="relu", name="hidden-1")(x)  # [N, 512]
    x = layers.Dense(256, activation="relu", name="hidden-2")(x)  # [N, 256]
    x = layers.Dense(1, name="deep")(x)  # [N, 1]
    x = layers.Add(name="logit")([wide, x])  # [N, 1]
    return keras.Model([categories, crosses, numbers], x, name="wide_and_deep")
