"""Building blocks and bodies: EfficientNet (compact V2 style and B0) and ResNet (narrow and 50).

Written for CPU training and ONNX export: plain convolutions and batch norm, no runtime branches. Weights start random.
The bodies end at a stride of 8 or 16 (dilated where the original strides on), so that a map taken from them still
points at something.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch norm and an activation (None: linear)."""

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        dilation: int = 1,
        act: type[nn.Module] | None = nn.ReLU,
    ) -> None:
        pad = dilation * (kernel - 1) // 2
        layers: list[nn.Module] = [
            nn.Conv2d(cin, cout, kernel, stride, pad, dilation=dilation, groups=groups, bias=False),
            nn.BatchNorm2d(cout),
        ]
        if act is not None:
            layers.append(act(inplace=True))
        super().__init__(*layers)


# --- EfficientNet ------------------------------------------------------------------------------------------------


class SqueezeExcite(nn.Module):
    """Channel gate from the global mean."""

    def __init__(self, channels: int, squeezed: int, act: type[nn.Module]) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1), act(inplace=True), nn.Conv2d(squeezed, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x.mean((2, 3), keepdim=True))


class MBConv(nn.Module):
    """Inverted bottleneck. `fused` replaces expansion + depthwise by one dense 3x3: faster on CPU at equal MACs."""

    def __init__(
        self,
        cin: int,
        cout: int,
        expand: int,
        kernel: int = 3,
        stride: int = 1,
        fused: bool = False,
        dilation: int = 1,
        act: type[nn.Module] = nn.SiLU,
    ) -> None:
        super().__init__()
        mid = cin * expand
        body: list[nn.Module] = []
        if fused:
            body.append(ConvNorm(cin, mid, kernel, stride, act=act))
        else:
            if expand != 1:
                body.append(ConvNorm(cin, mid, 1, act=act))
            body.append(ConvNorm(mid, mid, kernel, stride, groups=mid, dilation=dilation, act=act))
            body.append(SqueezeExcite(mid, max(1, cin // 4), act))
        body.append(ConvNorm(mid, cout, 1, act=None))
        self.body = nn.Sequential(*body)
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


# (expand, channels, repeats, kernel, stride) of EfficientNet-B0, Tan & Le 2019, table 1.
B0_STAGES = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)


class EncoderB0(nn.Module):
    """EfficientNet-B0 body. Returns the last map of each stride 2, 4, 8, 16, 32.

    `keep_stride16` dilates the last stages instead of striding, so that the final map keeps cells of 16 pixels and
    still points at something.
    """

    taps: list[int] = [16, 24, 40, 112, 320]  # noqa: RUF012 - a constant of the architecture

    def __init__(self, cin: int = 3, keep_stride16: bool = False) -> None:
        super().__init__()
        self.stem = ConvNorm(cin, 32, stride=2, act=nn.SiLU)
        self.stages = nn.ModuleList()
        before, dilation = 32, 1
        for i, (expand, channels, repeats, kernel, stride) in enumerate(B0_STAGES):
            if keep_stride16 and i >= 5:
                stride, dilation = 1, 2
            blocks = []
            for r in range(repeats):
                blocks.append(MBConv(before, channels, expand, kernel, stride if r == 0 else 1, dilation=dilation))
                before = channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        x = self.stem(x)
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in (0, 1, 2, 4, 6):  # the last stage of each stride
                out.append(x)
        return out


class CompactTrunk(nn.Module):
    """EfficientNetV2-style trunk: space-to-depth stem, fused MBConv 24-24-40, MBConv+SE 80; cells of 16 pixels."""

    channels = 80

    def __init__(self, cin: int = 3) -> None:
        super().__init__()
        act = nn.ReLU
        self.stem = ConvNorm(4 * cin, 24, act=act)
        self.body = nn.Sequential(
            MBConv(24, 24, 2, stride=2, fused=True, act=act),
            MBConv(24, 24, 2, fused=True, act=act),
            MBConv(24, 40, 4, stride=2, fused=True, act=act),
            MBConv(40, 40, 2, fused=True, act=act),
            MBConv(40, 80, 4, stride=2, act=act),
            MBConv(80, 80, 3, act=act),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.stem(F.pixel_unshuffle(x, 2)))


class TrunkB0(nn.Module):
    """EfficientNet-B0 whose last stages keep cells of 16 pixels."""

    channels = 320

    def __init__(self, cin: int = 3) -> None:
        super().__init__()
        self.body = EncoderB0(cin, keep_stride16=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)[-1]


# --- ResNet ------------------------------------------------------------------------------------------------------


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    def __init__(self, cin: int, cout: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvNorm(cin, cout, stride=stride), ConvNorm(cout, cout, act=None))
        plain = stride == 1 and cin == cout
        self.shortcut = nn.Identity() if plain else ConvNorm(cin, cout, 1, stride, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut, as in ResNet-50; `dilation` instead of stride keeps the map fine."""

    def __init__(self, cin: int, mid: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        cout = 4 * mid
        self.body = nn.Sequential(
            ConvNorm(cin, mid, 1), ConvNorm(mid, mid, 3, stride, dilation=dilation), ConvNorm(mid, cout, 1, act=None)
        )
        plain = stride == 1 and cin == cout
        self.shortcut = nn.Identity() if plain else ConvNorm(cin, cout, 1, stride, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


def narrow_resnet(cin: int) -> tuple[nn.Module, int]:
    """ResNet 16-32-64-96 with 2, 2, 2, 1 blocks and stride 8; returns the module and its channels."""
    plan = ((16, 2, 1), (32, 2, 2), (64, 2, 2), (96, 1, 1))
    layers: list[nn.Module] = [ConvNorm(cin, 16, stride=2)]
    before = 16
    for channels, repeats, stride in plan:
        for r in range(repeats):
            layers.append(BasicBlock(before, channels, stride if r == 0 else 1))
            before = channels
    return nn.Sequential(*layers), before


def resnet50(cin: int) -> tuple[nn.Module, int]:
    """ResNet-50 body, last two stages dilated so that the stride stays 8; returns the module and its channels."""
    plan = ((64, 3, 1, 1), (128, 4, 2, 1), (256, 6, 1, 2), (512, 3, 1, 4))
    layers: list[nn.Module] = [ConvNorm(cin, 64, 7, stride=2), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for mid, repeats, stride, dilation in plan:
        for r in range(repeats):
            layers.append(Bottleneck(before, mid, stride if r == 0 else 1, dilation))
            before = 4 * mid
    return nn.Sequential(*layers), before
