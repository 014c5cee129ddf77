"""A tag for each word of a sentence, such as the names in it: the bidirectional network
of Huang, Xu and Yu (2015, "Bidirectional LSTM-CRF Models for Sequence Tagging"), with
gated recurrent units (Cho et al., 2014) for its LSTM, and without the CRF.

Compiled by specc from the spec `tagger`.
"""

import keras
from keras import layers, ops


def masked(layer, shapes, name, dtype=None):
    """`layer` on a tensor, its mask and its states; no mask goes on with the outputs."""
    x, *states = (keras.Input(shape, dtype=dtype) for shape in shapes[:1] + shapes[2:])
    mask = keras.Input(shapes[1], dtype="bool")
    given = {"initial_state": states} if states else {}
    made = keras.tree.flatten(layer(x, mask=mask, **given))
    outputs = [ops.multiply(y, 1) for y in made]
    outputs = outputs if len(made) > 1 else outputs[0]
    return keras.Model([x, mask, *states], outputs, name=name)


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def tagger():
    """The model, from `ids` int32[N, T] to `logits` float32[N, T, 9]."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = not_equal(0, rank=2, name="mask", dtype="int32")(ids)  # [N, T]
    x = layers.Embedding(130000, 50, name="embedding")(ids)  # [N, T, 50]
    # [N, T, 600]
    x = masked(
        layers.Bidirectional(layers.GRU(300, return_sequences=True), name="layer"),
        ((None, 50), (None,)),
        name="bidirectional",
    )([x, mask])
    x = layers.Dense(9, name="logits")(x)  # [N, T, 9]
    return keras.Model(ids, x, name="tagger")
