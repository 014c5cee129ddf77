"""Whether a film review is a good one: the example "Bidirectional LSTM on IMDB" of
keras.io (Chollet, 2020), over words numbered by how often they are used.

Compiled by specc from the spec `text_lstm`.
"""

import keras
from keras import layers


def text_lstm():
    """The model, from `ids` int32[N, T] to `positive` float32[N, 1]."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(20000, 128, name="embedding")(ids)  # [N, T, 128]
    # [N, T, 128]
    x = layers.Bidirectional(
        layers.LSTM(64, return_sequences=True), name="bidirectional"
    )(x)
    x = layers.Bidirectional(layers.LSTM(64), name="bidirectional_1")(x)  # [N, 128]
    x = layers.Dense(1, activation="sigmoid", name="positive")(x)  # [N, 1]
    return keras.Model(ids, x, name="text_lstm")
