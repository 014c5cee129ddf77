"""One spec of a neural network: checked statically, compiled to PyTorch, Keras and ONNX."""
