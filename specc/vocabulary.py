"""The words of PyTorch and other tools, and the Keras words that specc uses instead."""

from __future__ import annotations

from collections.abc import Iterable

from specc.names import nearest

LAYER_WORDS = {
    "RNNCell": "SimpleRNNCell",
    "BiLSTM": "Bidirectional",
    "BLSTM": "Bidirectional",
    "BiGRU": "Bidirectional",
    "Linear": "Dense",
    "Conv": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "ConvTranspose": "Conv2DTranspose",
    "ConvTranspose1d": "Conv1DTranspose",
    "ConvTranspose2d": "Conv2DTranspose",
    "ConvTranspose3d": "Conv3DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "DepthwiseConv": "DepthwiseConv2D",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "MaxPool": "MaxPooling2D",
    "MaxPool1d": "MaxPooling1D",
    "MaxPool2d": "MaxPooling2D",
    "MaxPool3d": "MaxPooling3D",
    "AveragePool": "AveragePooling2D",
    "AvgPool1d": "AveragePooling1D",
    "AvgPool2d": "AveragePooling2D",
    "AvgPool3d": "AveragePooling3D",
    "AdaptiveAvgPool1d": "AdaptiveAveragePooling1D",
    "AdaptiveAvgPool2d": "AdaptiveAveragePooling2D",
    "AdaptiveAvgPool3d": "AdaptiveAveragePooling3D",
    "AdaptiveMaxPool1d": "AdaptiveMaxPooling1D",
    "AdaptiveMaxPool2d": "AdaptiveMaxPooling2D",
    "AdaptiveMaxPool3d": "AdaptiveMaxPooling3D",
    "GlobalAveragePool": "GlobalAveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool": "GlobalMaxPooling2D",
    "BatchNorm": "BatchNormalization",
    "BatchNorm1d": "BatchNormalization",
    "BatchNorm2d": "BatchNormalization",
    "GroupNorm": "GroupNormalization",
    "InstanceNorm": "InstanceNormalization",
    "InstanceNorm1d": "InstanceNormalization",
    "InstanceNorm2d": "InstanceNormalization",
    "InstanceNorm3d": "InstanceNormalization",
    "LayerNorm": "LayerNormalization",
    "RMSNorm": "RMSNormalization",
    "SimplifiedLayerNormalization": "RMSNormalization",
    "L2Normalization": "UnitNormalization",
    "LpNormalization": "UnitNormalization",
    "Normalize": "Normalization",
    "LocalResponseNorm": "LocalResponseNormalization",
    "LRN": "LocalResponseNormalization",
    "ZeroPad2d": "ZeroPadding2D",
    "Cat": "Concatenate",
    "Concat": "Concatenate",
    "Mul": "Multiply",
    "View": "Reshape",
    "DropPath": "StochasticDepth",
    "Dropout1d": "SpatialDropout1D",
    "Dropout2d": "SpatialDropout2D",
    "Dropout3d": "SpatialDropout3D",
    "FeatureAlphaDropout": "AlphaDropout",
    "Gelu": "GELU",
    "SiLU": "Activation",
    "Sigmoid": "Activation",
    "Tanh": "Activation",
    "RandomHorizontalFlip": "RandomFlip",
    "RandomVerticalFlip": "RandomFlip",
    "ColorJitter": "RandomColorJitter",
    "GaussianBlur": "RandomGaussianBlur",
    "RandomAdjustSharpness": "RandomSharpness",
    "RandomAffine": "RandomRotation",
    "RandomAutocontrast": "AutoContrast",
    "RandomEqualize": "Equalization",
    "RandomPosterize": "RandomPosterization",
    "RandomSolarize": "Solarization",
    "CLAHE": "ContrastLimitedAdaptiveHistogramEqualization",
    "STFT": "STFTSpectrogram",
    "Spectrogram": "STFTSpectrogram",
    "Gemm": "Dense",
    "MultiheadAttention": "MultiHeadAttention",
    "GroupedQueryAttention": "GroupQueryAttention",
    "EmbeddingBag": "Embedding",
    "Gather": "Embedding",
    "Einsum": "EinsumDense",
    "CosineSimilarity": "Dot",
    "Max": "Maximum",
    "Min": "Minimum",
    "Sub": "Subtract",
    "Mean": "ReduceMean",
    "SinePositionEmbedding": "SinusoidalEmbedding",
    "PositionalEncoding": "SinusoidalEmbedding",
    "RoPE": "RotaryEmbedding",
    "CLSToken": "ClassToken",
    "ZeroPad1d": "ZeroPadding1D",
    "ZeroPad3d": "ZeroPadding3D",
    "ConstantPad2d": "Pad",
    "ReflectionPad2d": "Pad",
    "ReplicationPad2d": "Pad",
    "Transpose": "Permute",
    "Unsqueeze": "ExpandDims",
    "Chunk": "Split",
    "StridedSlice": "Slice",
    "Narrow": "Slice",
    "Select": "Take",
    "IndexSelect": "Take",
    "Reverse": "Flip",
    "Upsample": "UpSampling2D",
    "Interpolate": "Resizing",
    "Resize": "Resizing",
    "DepthToSpace": "PixelShuffle",
    "SpaceToDepth": "PixelUnshuffle",
}
"""Layers, as other tools call them."""

NO_LAYERS = {
    **dict.fromkeys(
        ("Layer", "Wrapper", "InputSpec"), "a base for layers in Python: see `--plugin`"
    ),
    **dict.fromkeys(
        ("Lambda", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
        "it wraps code, and a spec holds none: write a layer of your own (`--plugin`)",
    ),
    "InputLayer": "write it under `inputs`",
    "Pipeline": "write its layers one after the other, or as a block",
    "RNN": "write LSTM, GRU or SimpleRNN; a loop of one's own needs Python (`--plugin`)",
    "StackedRNNCells": "write recurrent layers one after the other, as with `repeat`",
    **dict.fromkeys(
        ("StringLookup", "TextVectorization"),
        "it takes text, of which PyTorch has no tensors: turn it into integers in the data",
    ),
    **dict.fromkeys(
        ("Hashing", "HashedCrossing"),
        "its hash is one of TensorFlow's, which PyTorch and ONNX lack: hash in the data",
    ),
    "ActivityRegularization": ("a penalty on activations belongs to training: add it to the loss"),
    "SpectralNormalization": (
        "in training it overwrites the kernel of another layer before each use, of which PyTorch "
        "takes no gradient where that layer is used twice: do it after each step"
    ),
    "IntegerLookup": "it is TensorFlow's whatever Keras stands on: number the values in the data",
    "AugMix": "Keras draws its operations once, as it traces the model: write RandAugment",
    "RandomElasticTransform": (
        "Keras makes a batch of its first image while a model trains: write RandomPerspective"
    ),
    "MaxNumBoundingBoxes": "it takes a dictionary of boxes, which is no tensor",
    **dict.fromkeys(
        ("CutMix", "MixUp"), "it mixes the labels too, and a layer of a spec sees none of them"
    ),
}
"""Classes of `keras.layers` that have no layer here, and why, or what to write instead."""

PARAMETER_WORDS = {
    "out_channels": "filters",
    "out_features": "units",
    "kernel": "kernel_size",
    "stride": "strides",
    "dilation": "dilation_rate",
    "dilations": "dilation_rate",
    "bias": "use_bias",
    "eps": "epsilon",
    "p": "rate",
    "drop_prob": "rate",
    "num_groups": "groups",
    "std": "stddev",
    "init_value": "init_values",
    "layer_scale_init_value": "init_values",
    "alpha": "negative_slope",
    "pads": "padding",
    "pad": "padding",
    "group": "groups",
    "dim": "axis",
    "size": "pool_size",
    "normalized_shape": "axis",
    "elementwise_affine": "scale",
    "shape": "target_shape",
    "num_embeddings": "input_dim",
    "embedding_dim": "output_dim",
    "embed_dim": "output_dim",
    "keep_dims": "keepdims",
    "keepdim": "keepdims",
    "axes": "axis",
    "causal": "use_causal_mask",
    "is_causal": "use_causal_mask",
    "dropout_p": "dropout",
    "transA": "transpose_a",
    "transB": "transpose_b",
    "degrees": "factor",
    "hidden_size": "units",
    "nonlinearity": "activation",
    "recurrent_dropout_rate": "recurrent_dropout",
    "reverse": "go_backwards",
    "linear_before_reset": "reset_after",
    "scale_factor": "size",
    "upscale_factor": "block_size",
    "downscale_factor": "block_size",
    "blocksize": "block_size",
    "shifts": "shift",
    "dims": "axis",
    "perm": "dims",
    "starts": "start",
    "ends": "stop",
    "end": "stop",
    "steps": "step",
    "split": "sections",
    "num_outputs": "sections",
    "chunks": "sections",
    "indices_or_sections": "sections",
    "constant_value": "constant_values",
}
"""Parameters, as other tools call them; used where the layer has the Keras word."""

NEEDLESS_PARAMETERS = {
    "in_channels": "the input's channels are inferred: leave it out",
    "in_features": "the input's size is inferred: leave it out",
    "num_features": "the input's channels are inferred: leave it out",
    "num_channels": "the input's channels are inferred: leave it out",
    "num_parameters": "it follows from `shared_axes`: [1, 2] for images gives one to each channel",
    "input_shape": "shapes are inferred from `inputs`: leave it out",
    "input_dim": "shapes are inferred from `inputs`: leave it out",
    "dtype": "dtypes follow from the inputs: leave it out",
    "data_format": "a spec is always channels last: leave it out",
    "inplace": "memory is the backend's business: leave it out",
    "name": "write `name` beside the layer, not among its parameters",
    "inputs": "write `inputs` beside the layer, not among its parameters",
    "when": "write `when` beside the layer, not among its parameters",
    "affine": "write `center` and `scale`",
    "track_running_stats": "moving averages are always kept: leave it out",
    "activity_regularizer": "a penalty on activations belongs to training: add it to the loss",
    "synchronized": "how a batch is shared out belongs to training: leave it out",
    "quantization_config": "an exported model is quantized, not a spec: leave it out",
    **dict.fromkeys(
        ("renorm", "renorm_clipping", "renorm_momentum"),
        "no layer of PyTorch keeps the statistics of batch renormalization: leave it out",
    ),
    "mask_zero": "a spec has no hidden masks: `NotEqual` makes one of the ids",
    "stateful": "nothing is kept between calls: states are inputs, and outputs with `return_state`",
    "unroll": "whether a loop is unrolled is the backend's business: leave it out",
    "use_cudnn": "which kernel runs is the backend's business: leave it out",
    "input_size": "the input's size is inferred: leave it out",
    "num_layers": "write a layer for each, as with `repeat`",
    "direction": "write `go_backwards`, or `Bidirectional: {LSTM: …}`",
    "batch_first": "a sequence is always [N, T, C]: leave it out",
    "weights": "weights come from a file or from an initializer: leave it out",
    "tie_weights": "they always are: a projection of its own is a `Dense` without bias",
    "reverse_dtype": "it computes in the dtype of its input: leave it out",
    "flash_attention": "how attention is computed is the backend's business: leave it out",
    "sparse": "all tensors are dense: leave it out",
    "gptq_unpacked_column_size": "an exported model is quantized, not a spec: leave it out",
    **dict.fromkeys(
        ("lora_rank", "lora_alpha"),
        "low-rank adaptation changes a trained model, not a spec: leave it out",
    ),
}
"""Parameters that specc does not need, or leaves to others."""


def suggest_layer(name: str, known: Iterable[str]) -> str:
    """A help line for a layer that does not exist."""
    if name in NO_LAYERS:
        return NO_LAYERS[name]
    words = {word.lower(): layer for word, layer in LAYER_WORDS.items()}
    match = words.get(name.lower()) or nearest(name, [*known, *LAYER_WORDS])
    match = LAYER_WORDS.get(match, match)
    return f"did you mean `{match}`?" if match else "`specc layers` lists the layers there are"


def meant_parameter(name: str, known: Iterable[str]) -> str:
    """The parameter that `name` most likely stands for; empty if none is like it."""
    known = tuple(known)
    word = PARAMETER_WORDS.get(name, "")
    return word if word in known else nearest(name, known)


def suggest_parameter(name: str, known: Iterable[str]) -> str:
    """A help line for a parameter that the layer does not have."""
    known = tuple(known)
    if name in NEEDLESS_PARAMETERS:
        return NEEDLESS_PARAMETERS[name]
    match = meant_parameter(name, known)
    if match and match == PARAMETER_WORDS.get(name):
        return f"specc uses Keras's words: `{name}` is `{match}`"
    if match:
        return f"did you mean `{match}`?"
    return f"it has {', '.join(f'`{item}`' for item in known)}" if known else "it has no parameters"


OPTIMIZER_WORDS = {
    "NAdam": "did you mean `nadam`?",
    "LARS": "specc has Keras's optimizers: `lamb` is for large batches",
    "LBFGS": "an optimizer steps once for each batch: there is none of second order",
    "RAdam": "`adam` with a `warm_up` of the learning rate does much the same",
    "ASGD": "did you mean `sgd`?",
    "SparseAdam": "did you mean `adam`?",
}
"""Optimizers, as other tools call them, and what to write instead."""

OPTIMIZER_ARGUMENT_WORDS = {
    "lr": "Keras's word is `learning_rate`",
    "betas": "write `beta_1` and `beta_2`",
    "eps": "Keras's word is `epsilon`",
    "alpha": "Keras's word is `rho`",
    "max_norm": "Keras's word is `clipnorm` for each weight, `global_clipnorm` for all together",
    "clip_norm": "Keras's word is `clipnorm` for each weight, `global_clipnorm` for all together",
    "clip_value": "Keras's word is `clipvalue`",
    "gradient_clip_val": "Keras's word is `global_clipnorm`",
    "decay": "write `weight_decay`, or a schedule as `learning_rate`",
    "lr_decay": "write a schedule as `learning_rate`",
    "lr_scheduler": "write a schedule as `learning_rate`",
    "dampening": "momentum is never dampened in Keras: leave it out",
    "use_ema": "moving averages of the weights are not part of the language: leave it out",
    "gradient_accumulation_steps": "a step is one batch: choose a `batch_size`",
    "loss_scale_factor": "`precision: float16` scales the loss by itself: leave it out",
    "exclude_layers": "it goes by the names of variables, which backends choose: leave it out",
}
"""Arguments of optimizers, as other tools call them, and what to write instead."""

SCHEDULE_WORDS = {
    "StepLR": "write `exponential_decay` with `staircase: true`",
    "MultiStepLR": "did you mean `piecewise_constant_decay`?",
    "ExponentialLR": "did you mean `exponential_decay`?",
    "LinearLR": "write `warm_up`, or `polynomial_decay` for a rate that falls",
    "PolynomialLR": "did you mean `polynomial_decay`?",
    "CosineAnnealingLR": "did you mean `cosine_decay`?",
    "CosineAnnealingWarmRestarts": "did you mean `cosine_decay_restarts`?",
    "OneCycleLR": "write `cosine_decay` with `warmup_target` and `warmup_steps`",
    "ReduceLROnPlateau": "write `reduce_lr_on_plateau` in `train`, beside the optimizer",
    "reduce_lr_on_plateau": "write `reduce_lr_on_plateau` in `train`, beside the optimizer",
    "linear": "write `polynomial_decay`, whose power is 1",
    "step": "write `exponential_decay` with `staircase: true`",
    "cosine": "did you mean `cosine_decay`?",
}
"""Schedules of the learning rate, as other tools call them, and what to write instead."""

SCHEDULE_ARGUMENT_WORDS = {
    "lr": "Keras's word is `initial_learning_rate`",
    "learning_rate": "Keras's word is `initial_learning_rate`",
    "gamma": "Keras's word is `decay_rate`",
    "step_size": "Keras's word is `decay_steps`",
    "milestones": "Keras's word is `boundaries`",
    "T_max": "Keras's word is `decay_steps`",
    "T_0": "Keras's word is `first_decay_steps`",
    "T_mult": "Keras's word is `t_mul`",
    "eta_min": "write `alpha`, the part of the rate that is left",
}
"""Arguments of schedules, as other tools call them, and what to write instead."""

LOSS_WORDS = {
    "CrossEntropyLoss": "write `{sparse_categorical_crossentropy: {from_logits: true}}`",
    "cross_entropy": "write `{sparse_categorical_crossentropy: {from_logits: true}}`",
    "crossentropy": "write `sparse_categorical_crossentropy`, or `binary_crossentropy`",
    "NLLLoss": "write `sparse_categorical_crossentropy` after a softmax",
    "BCELoss": "did you mean `binary_crossentropy`?",
    "BCEWithLogitsLoss": "write `{binary_crossentropy: {from_logits: true}}`",
    "MSELoss": "did you mean `mean_squared_error`?",
    "L1Loss": "did you mean `mean_absolute_error`?",
    "SmoothL1Loss": "did you mean `huber`?",
    "HuberLoss": "did you mean `huber`?",
    "KLDivLoss": "did you mean `kl_divergence`?",
    "PoissonNLLLoss": "did you mean `poisson`?",
    "CosineEmbeddingLoss": "did you mean `cosine_similarity`?",
    "HingeEmbeddingLoss": "did you mean `hinge`?",
    "MultiMarginLoss": "did you mean `categorical_hinge`?",
    "l1": "did you mean `mean_absolute_error`?",
    "l2": "did you mean `mean_squared_error`?",
}
"""Losses, as other tools call them, and what to write instead."""

LOSS_ARGUMENT_WORDS = {
    "reduction": "a loss is always the mean over all elements: leave it out",
    "axis": "classes are always on the last axis: leave it out",
    "weight": "write `class_weight` in `train`",
    "pos_weight": "write `class_weight` in `train`",
    "ignore_index": "Keras's word is `ignore_class`",
    "beta": "Keras's word is `delta`",
    "name": "a loss is called after its output: leave it out",
}
"""Arguments of losses, as other tools call them, and what to write instead."""

METRIC_WORDS = {
    "categorical_accuracy": "did you mean `accuracy`?",
    "sparse_categorical_accuracy": "did you mean `accuracy`?",
    "binary_accuracy": "did you mean `accuracy`?",
    "top5": "write `{top_k_accuracy: 5}`",
    "top_5_accuracy": "write `{top_k_accuracy: 5}`",
    "auroc": "did you mean `auc`?",
    "AUROC": "did you mean `auc`?",
    "roc_auc": "did you mean `auc`?",
    "average_precision": "write `{auc: {curve: PR}}`",
    "loss": "the loss is always measured: leave it out",
}
"""Metrics, as other tools call them, and what to write instead."""
