"""Emitting Python source: what the PyTorch and the Keras backend have in common.

A region of the graph is lowered to a body: statements in which every constant is a `Literal`.
Bodies that differ in their literals only are one template, a class or a function, whose parameters
are what differs. `specc.emit.code` has the expressions, `interface` what a region takes and gives,
`variables` the names of tensors, `template` the templates and the runs of iterations, `format`
the line breaks.
"""
