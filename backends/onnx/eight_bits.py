"""What can be asked of a model in eight bits: that its last tensors are the same to a few steps.

As written, it computes in float32 between roundings to eight bits. At higher levels onnxruntime
computes in integers, and rounds a number that lies between two steps the other way now and then.
The layers after it carry that on. What is computed in float32 of the last tensors in eight bits may
make anything of a step, as a choice of the best class does; so those tensors are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array, to_array

STEPS = 16
"""How many steps of a tensor's 255 two runs may lie apart.

A wrong scale, zero point or kernel moves it by dozens. Between levels of onnxruntime 1.31, on
random inputs, 33 networks of the zoo with their first weights differ by at most 6 steps, 20 of them
by at most one; the samples of all layers by at most 2.

Inputs are random although there are examples that calibrated. On eight of those more faults show:
22 of 41 that were put into a trained `mnist_cnn`, of which random inputs show 16. But where a large
weight reads a channel that has few steps of its tensor, one step there is 67 of the output's. That
is no fault, and random inputs, which leave the ranges, seldom come upon it. What a model does with
examples their labels say: see `specc.quantizing`.
"""


def last_steps(graph: GraphProto) -> dict[str, float]:
    """The last tensors in eight bits before each output: their names, and how long a step is."""
    makers = {name: node for node in graph.node for name in node.output}
    stored = {tensor.name: tensor for tensor in graph.initializer}
    left, seen = [value.name for value in graph.output], set[str]()
    steps: dict[str, float] = {}
    while left:
        name = left.pop()
        node = makers.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op_type != "DequantizeLinear":
            left.extend(node.input)
        elif node.input[0] not in stored:
            steps[name] = float(to_array(stored[node.input[1]]))
    return steps


def with_outputs(model: ModelProto, names: Iterable[str]) -> ModelProto:
    """The model, which from now on gives the tensors of these names as well."""
    outputs = {value.name for value in model.graph.output}
    types = {value.name: value for value in model.graph.value_info}
    model.graph.output.extend(types[name] for name in names if name not in outputs)
    return model


@cache
def saturates() -> bool:
    """Whether this processor bounds sums of two products of bytes to sixteen bits.

    So do those with AVX2 that lack VNNI, in the kernels of onnxruntime.
    """
    from onnxruntime import InferenceSession

    kernel = np.full((64, 64), 127, np.int8)
    graph = make_graph(
        [make_node("MatMulInteger", ["x", "kernel"], ["y"])],
        "products",
        [make_tensor_value_info("x", TensorProto.UINT8, [1, 64])],
        [make_tensor_value_info("y", TensorProto.INT32, [1, 64])],
        [from_array(kernel, "kernel")],
    )
    model = make_model(graph, opset_imports=[make_opsetid("", 17)], ir_version=8)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": np.full((1, 64), 255, np.uint8)})
    return bool((y != 64 * 127 * 255).any())
