"""Codes of training: devices, checkpoints and runs."""

from __future__ import annotations

TRAINING = {
    "no-training": """The spec does not say how the network is trained.

A `train` section names the optimizer, the loss and the number of epochs.""",
    "loss-not-finite": """The loss became infinite or is not a number any more.

The steps grew without bound, most often: lower the learning rate or clip the gradients. With
float16, try bfloat16. The last checkpoint was made before it happened, so nothing is lost.""",
    "device-unavailable": """The device that was asked for is not there, or cannot do what is asked.

`--accelerator auto` takes a GPU where there is one. float16 is for CUDA devices: bfloat16 has the
range of float32 and runs on CPUs too. With `--strategy fsdp` each device holds a part of every
weight, so that an optimizer that looks at whole weights needs `ddp`.""",
    "out-of-memory": """The device has not enough memory for a step.

It needs room for the weights, three times as much for most optimizers, and for what every layer
gives, for each example of a batch: make `batch_size` smaller, or set `precision: bfloat16`.""",
    "process-lost": """One of the processes that train together has ended in the middle of a step.

Its own message says why, if it had time to write one; a process that the system kills for the
memory it takes has not. The others cannot go on without it: the last checkpoint stands.""",
    "batch-too-small": """Batch normalization was to learn from a single value for each channel.

It happens after a `Flatten` or a global pooling where the last batch of an epoch, or one process's
share of it, is one example: choose a `batch_size` that leaves another remainder.""",
    "checkpoint-unreadable": """The checkpoint of a run cannot be read.

specc replaces checkpoints whole, so that an interrupted run never leaves a half one: the file was
changed or damaged later, or is of another version. The run's weights are in files of their own.""",
    "run-exists": """There is something in the folder that a new run was to have.

A run never overwrites another one. `--resume` goes on with the run that is there; `-o` names
another folder; without `-o` the run gets a folder of its own below `runs/`.""",
    "run-mismatch": """The run was started with another spec, other classes or another backend.

A run that is resumed goes on with what it began with, so that its weights mean what its spec says.
Only how long it goes on may change (`epochs`, `early_stopping`), what is kept (`checkpoint`),
`compile`, and where the same data lies.""",
    "not-a-run": """The folder holds no run that can be read.

`specc train` makes the folder of a run, with `run.json` and `spec.yaml` in it. specc replaces these
files whole, so a faulty one was changed or damaged later.""",
}
