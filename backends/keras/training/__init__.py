"""Training a Keras model: the engine on `compile` and `fit`, and what it is made of."""
