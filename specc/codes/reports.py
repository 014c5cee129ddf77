"""Codes of evaluation, comparison and pictures."""

from __future__ import annotations

REPORTS = {
    "output-not-finite": """The network gives something that is not a finite number.

Its weights may hold such values, or an example may. With float16, sums overflow above 65,504: try
bfloat16 or float32.""",
    "undefined-score": """A score is not defined by the data it was to be measured on.

The recall of a class takes examples of it, and its ROC curve also examples of other classes. What
is not defined is null in JSON; the warning says what it means for the averages.""",
    "nothing-to-compare": """The runs have nothing that could be put side by side.

A run takes part once its first epoch is finished, and all of them need a loss or a metric in
common.""",
    "drawing-too-large": """A picture of the network would have too many boxes.

What stands in a block, or is repeated by a `repeat` or a `for`, is drawn as one box; `--depth` says
how many levels of them are opened.""",
}
