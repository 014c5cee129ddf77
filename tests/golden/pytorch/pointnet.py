"""PointNet (Qi et al., 2017, "PointNet: Deep Learning on Point Sets for 3D
Classification and Segmentation"): the class of a cloud of any number of points,
whatever their order. The default is the smaller network of Keras's example, the variant
`paper` the paper's.

Compiled by specc from the spec `pointnet`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, (Transform, Transform2)):
        nn.init.zeros_(module.dense.weight)


class Layer(nn.Module):
    """One iteration of the loop `layer`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(3, 32, 1)
        self.batch_normalization = nn.BatchNorm1d(32, eps=0.001, momentum=1.0)

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 1)  # [N, 3, P]
        x = self.conv1d(x)  # [N, 32, P]
        x = self.batch_normalization(x)  # [N, 32, P]
        return F.relu(x)  # [N, 32, P]


class Layer2(nn.Module):
    """One iteration of the loop `layer`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(in_channels, out_channels, 1)
        self.batch_normalization = nn.BatchNorm1d(out_channels, eps=0.001, momentum=1.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1d(x)  # [N, out_channels, P]
        x = self.batch_normalization(x)  # [N, out_channels, P]
        return F.relu(x)  # [N, out_channels, P]


class Layer3(nn.Module):
    """One iteration of the loop `layer`."""

    def __init__(self, in_features: int, out_features: int, p: float) -> None:
        super().__init__()
        self.dense = nn.Linear(in_features, out_features)
        self.batch_normalization = nn.BatchNorm1d(out_features, eps=0.001, momentum=1.0)
        self.dropout = nn.Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense(x)  # [N, out_features]
        x = self.batch_normalization(x)  # [N, out_features]
        x = F.relu(x)  # [N, out_features]
        return self.dropout(x)  # [N, out_features]


class PerPoint(nn.Module):
    """The block `per_point`."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # [N, C, P]


class PerCloud(nn.Module):
    """The block `per_cloud`."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.layer = nn.Sequential(Layer3(512, 256, p=p), Layer3(256, 128, p=p))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # [N, 128]


class Transform(nn.Module):
    """The block `transform`."""

    def __init__(self) -> None:
        super().__init__()
        self.per_point = PerPoint(
            nn.Sequential(Layer(), Layer2(32, 64), Layer2(64, 512))
        )
        self.per_cloud = PerCloud(0.0)
        self.dense = nn.Linear(128, 9)

    def forward(self, x: Tensor) -> Tensor:
        y = self.per_point(x)  # [N, 512, P]
        y = torch.amax(y, dim=2)  # [N, 512]
        y = self.per_cloud(y)  # [N, 128]
        y = self.dense(y)  # [N, 9]
        y = y.reshape(-1, 3, 3)  # [N, 3, 3]
        y = x @ y  # [N, P, 3]
        return x + y  # [N, P, 3]


class Transform2(nn.Module):
    """The block `transform`."""

    def __init__(self) -> None:
        super().__init__()
        self.per_point = PerPoint(
            nn.Sequential(Layer2(32, 32), Layer2(32, 64), Layer2(64, 512))
        )
        self.per_cloud = PerCloud(0.0)
        self.dense = nn.Linear(128, 1024)

    def forward(self, x: Tensor) -> Tensor:
        y = self.per_point(x)  # [N, 512, P]
        y = torch.amax(y, dim=2)  # [N, 512]
        y = self.per_cloud(y)  # [N, 128]
        y = self.dense(y)  # [N, 1024]
        reshape = y.reshape(-1, 32, 32)  # [N, 32, 32]
        y = x.permute(0, 2, 1)  # [N, P, 32]
        y = y @ reshape  # [N, P, 32]
        y = y.permute(0, 2, 1)  # [N, 32, P]
        return x + y  # [N, 32, P]


class Pointnet(nn.Module):
    """From `points` float32[N, P, 3] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = Transform()
        self.per_point = PerPoint(nn.Sequential(Layer(), Layer2(32, 32)))
        self.transform_1 = Transform2()
        self.per_point_1 = PerPoint(
            nn.Sequential(Layer2(32, 32), Layer2(32, 64), Layer2(64, 512))
        )
        self.per_cloud = PerCloud(0.3)
        self.logits = nn.Linear(128, 10)
        self.apply(initialize)

    def forward(self, points: Tensor) -> Tensor:
        x = self.transform(points)  # [N, P, 3]
        x = self.per_point(x)  # [N, 32, P]
        x = self.transform_1(x)  # [N, 32, P]
        x = self.per_point_1(x)  # [N, 512, P]
        x = torch.amax(x, dim=2)  # [N, 512]
        x = self.per_cloud(x)  # [N, 128]
        return self.logits(x)  # [N, 10]
