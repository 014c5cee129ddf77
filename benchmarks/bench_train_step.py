"""A training step of DenseNet-121: the emitted module against one written by hand.

The latter is as the paper's authors and torchvision write it. Both have weights of the same shapes
and take the same batch, forward and backward.
"""

from __future__ import annotations

import torch
from timing import interleaved, report
from torch import Tensor, nn
from torch.nn import functional

import specc

BATCH, SIZE = 4, 224


class DenseLayer(nn.Module):
    """Bottleneck and convolution, whose output joins the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu(self.norm1(x)))
        y = self.conv2(functional.relu(self.norm2(y)))
        return torch.cat([x, y], 1)


class Transition(nn.Module):
    """Half the channels, half the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(x))), 2)


class DenseNet(nn.Module):
    """DenseNet-121, by hand."""

    def __init__(
        self, growth: int = 32, stages: tuple[int, ...] = (6, 12, 24, 16), classes: int = 1000
    ) -> None:
        super().__init__()
        channels = 2 * growth
        self.stem = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        parts: list[nn.Module] = []
        for index, count in enumerate(stages):
            for _ in range(count):
                parts.append(DenseLayer(channels, growth))
                channels += growth
            if index < len(stages) - 1:
                parts.append(Transition(channels))
                channels //= 2
        self.features = nn.Sequential(*parts)
        self.last = nn.BatchNorm2d(channels)
        self.logits = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.norm(self.stem(x))), 3, 2, 1)
        x = functional.relu(self.last(self.features(x)))
        return self.logits(x.mean((2, 3)))


def main() -> None:
    """Print the ratio."""
    torch.manual_seed(0)
    emitted = specc.load("densenet").to_pytorch().train()
    by_hand = DenseNet().train()
    weights = [tensor for tensor in emitted.state_dict().values() if tensor.is_floating_point()]
    own = [tensor for tensor in by_hand.state_dict().values() if tensor.is_floating_point()]
    assert sorted(map(tuple, (w.shape for w in weights))) == sorted(
        map(tuple, (w.shape for w in own))
    )
    pictures, labels = torch.rand(BATCH, 3, SIZE, SIZE), torch.randint(1000, (BATCH,))

    def step(model: nn.Module) -> None:
        model.zero_grad(set_to_none=True)
        functional.cross_entropy(model(pictures), labels).backward()

    ours, theirs = interleaved(lambda: step(emitted), lambda: step(by_hand), runs=40, warm_up=3)
    report("training step, emitted / by hand, densenet", ours, theirs, "<= 1.02")


if __name__ == "__main__":
    main()
