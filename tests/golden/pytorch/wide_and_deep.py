"""Wide and deep learning (Cheng et al., 2016, "Wide & Deep Learning for Recommender
Systems"): a linear model of crossed categories, which remembers, and a deep one of
embedded categories and numbers, which generalizes, add to one score. Categories and
crosses are hashed to ids.

Compiled by specc from the spec `wide_and_deep`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Embedding):
        nn.init.zeros_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class WideAndDeep(nn.Module):
    """From `categories` int32[N, 26], `crosses` int32[N, 8], `numbers` float32[N, 13]
    to `logit` float32[N, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Embedding(1000000, 1)
        self.embedded = nn.Embedding(100000, 32)
        self.hidden = nn.ModuleList(
            [nn.Linear(845, 1024), nn.Linear(1024, 512), nn.Linear(512, 256)]
        )
        self.deep = nn.Linear(256, 1)
        self.apply(initialize)
        nn.init.uniform_(self.embedded.weight, -0.05, 0.05)

    def forward(self, categories: Tensor, crosses: Tensor, numbers: Tensor) -> Tensor:
        x = self.weights(crosses)  # [N, 8, 1]
        wide = x.sum(dim=1)  # [N, 1]
        x = self.embedded(categories)  # [N, 26, 32]
        x = torch.flatten(x, 1)  # [N, 832]
        x = torch.cat([x, numbers], dim=1)  # [N, 845]
        x = F.relu(self.hidden[0](x))  # [N, 1024]
        x = F.relu(self.hidden[1](x))  # [N, 512]
        x = F.relu(self.hidden[2](x))  # [N, 256]
        x = self.deep(x)  # [N, 1]
        return wide + x  # [N, 1]
