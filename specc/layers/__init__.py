"""The layers, one file a family. `specc.layer.LAYERS` finds them by name."""
