"""PointNet (Qi et al., 2017, "PointNet: Deep Learning on Point Sets for 3D
Classification and Segmentation"): the class of a cloud of any number of points,
whatever their order. The default is the smaller network of Keras's example, the variant
`paper` the paper's.

Compiled by specc from the spec `pointnet`.
"""

import keras
from keras import layers, ops


def matmul(rank, name, transpose_a=False, transpose_b=False, dtype=None):
    """The matrix product along the last two axes, which either input may swap."""
    a = keras.Input((None,) * (rank - 1), dtype=dtype)
    b = keras.Input((None,) * (rank - 1), dtype=dtype)
    left = ops.swapaxes(a, -1, -2) if transpose_a else a
    right = ops.swapaxes(b, -1, -2) if transpose_b else b
    return keras.Model([a, b], ops.matmul(left, right), name=name)


def layer(x, filters, name):
    """One iteration of the loop `layer`."""
    x = layers.Conv1D(filters, 1, name=f"{name}-conv1d")(x)  # [N, P, filters]
    # [N, P, filters]
    x = layers.BatchNormalization(momentum=0.0, name=f"{name}-batch_normalization")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, P, filters]


def layer2(x, units, name):
    """One iteration of the loop `layer`."""
    x = layers.Dense(units, name=f"{name}-dense")(x)  # [N, units]
    # [N, units]
    x = layers.BatchNormalization(momentum=0.0, name=f"{name}-batch_normalization")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, units]


def layer3(x, units, name):
    """One iteration of the loop `layer`."""
    x = layers.Dense(units, name=f"{name}-dense")(x)  # [N, units]
    # [N, units]
    x = layers.BatchNormalization(momentum=0.0, name=f"{name}-batch_normalization")(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, units]
    return layers.Dropout(0.3, name=f"{name}-dropout")(x)  # [N, units]


def per_point(x, name):
    """The block `per_point`."""
    x = layer(x, 32, name=f"{name}-layer-0")  # [N, P, 32]
    x = layer(x, 64, name=f"{name}-layer-1")  # [N, P, 64]
    return layer(x, 512, name=f"{name}-layer-2")  # [N, P, 512]


def per_point2(x, name):
    """The block `per_point`."""
    for i in range(2):
        x = layer(x, 32, name=f"{name}-layer-{i}")  # [N, P, 32]
    return x


def per_cloud(x, name):
    """The block `per_cloud`."""
    x = layer2(x, 256, name=f"{name}-layer-0")  # [N, 256]
    return layer2(x, 128, name=f"{name}-layer-1")  # [N, 128]


def per_cloud2(x, name):
    """The block `per_cloud`."""
    x = layer3(x, 256, name=f"{name}-layer-0")  # [N, 256]
    return layer3(x, 128, name=f"{name}-layer-1")  # [N, 128]


def transform(x, hidden, target_shape, name):
    """The block `transform`."""
    y = per_point(x, name=f"{name}-per_point")  # [N, P, 512]
    y = layers.GlobalMaxPooling1D(name=f"{name}-global_max_pooling1d")(y)  # [N, 512]
    y = per_cloud(y, name=f"{name}-per_cloud")  # [N, 128]
    # [N, hidden]
    y = layers.Dense(hidden, kernel_initializer="zeros", name=f"{name}-dense")(y)
    y = layers.Reshape(target_shape, name=f"{name}-reshape")(y)  # [N, T, C]
    y = matmul(rank=3, name=f"{name}-mat_mul")([x, y])  # [N, P, C]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, P, C]


def pointnet():
    """The model, from `points` float32[N, P, 3] to `logits` float32[N, 10]."""
    points = keras.Input((None, 3), name="points")
    x = transform(points, 9, target_shape=(3, 3), name="transform")  # [N, P, 3]
    x = per_point2(x, name="per_point")  # [N, P, 32]
    x = transform(x, 1024, target_shape=(32, 32), name="transform_1")  # [N, P, 32]
    x = per_point(x, name="per_point_1")  # [N, P, 512]
    x = layers.GlobalMaxPooling1D(name="global_max_pooling1d")(x)  # [N, 512]
    x = per_cloud2(x, name="per_cloud")  # [N, 128]
    x = layers.Dense(10, name="logits")(x)  # [N, 10]
    return keras.Model(points, x, name="pointnet")
