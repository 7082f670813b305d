"""Networks and losses of the NeckFrac ensemble.

Three networks, each in a compact form (trains on one CPU core) and a full form (trains on a GPU):

    segment   SegmentNet / SegmentNetB0   slices [N,3,H,W]         -> logits [N,9,H,W]
    classify  CropNet(narrow | resnet50)  crops  [N,T,4,80,80]     -> logit [N], slice_logits [N,T], maps [N,T,10,10]
    model1    SliceNet(compact | b0)      slices [N,3,128,128]     -> logit [N], map [N,8,8]

Guarantees: every forward is traceable by the legacy ONNX exporter at opset 17, the batch is dynamic (and H, W of
`segment`, multiples of 32), and an activation map is a graph output, never a hook. Losses take logits, return one
scalar and ignore rows that are marked as not usable. Weights start random: nothing is downloaded.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blocks import CompactTrunk, ConvNorm, EncoderB0, TrunkB0, narrow_resnet, resnet50

SEGMENT_CLASSES = 9  # 0 background, 1..7 C1..C7, 8 other bone
CROP_SLICES = 16
CROP_CHANNELS = 4


def soft_max_pool(cells: Tensor) -> Tensor:
    """Log-mean-exp over the last two axes: a smooth maximum, so one hot cell is enough to raise the score."""
    flat = cells.flatten(-2)
    return torch.logsumexp(flat, dim=-1) - math.log(flat.shape[-1])


# --- stage 1: sagittal segmentation ------------------------------------------------------------------------------


class Decoder(nn.Module):
    """U-Net decoder over feature maps ordered fine to coarse, each half the size of the one before."""

    def __init__(self, taps: list[int], widths: list[int], depth: int = 2) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        below = taps[-1]
        for tap, width in zip(reversed(taps[:-1]), widths, strict=True):
            convs = [ConvNorm(below + tap, width)] + [ConvNorm(width, width) for _ in range(depth - 1)]
            self.blocks.append(nn.Sequential(*convs))
            below = width
        self.head = nn.Conv2d(below, SEGMENT_CLASSES, 1)

    def forward(self, taps: list[Tensor]) -> Tensor:
        x = taps[-1]
        for block, skip in zip(self.blocks, reversed(taps[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        # The finest tap has half the input's size; the logits, not the features, are brought to full size.
        return F.interpolate(self.head(x), scale_factor=2.0, mode="bilinear", align_corners=False)


class SegmentNet(nn.Module):
    """Compact 2.5D U-Net: stem of stride 2, five levels; 1.2 M parameters at width 16."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        self.stem = ConvNorm(3, width, stride=2)
        self.levels = nn.ModuleList()
        before = width
        for w in widths:
            self.levels.append(nn.Sequential(ConvNorm(before, w), ConvNorm(w, w)))
            before = w
        self.decoder = Decoder(widths, widths[-2::-1])

    def forward(self, slices: Tensor) -> Tensor:
        taps: list[Tensor] = []
        x = self.stem(slices)
        for i, level in enumerate(self.levels):
            x = level(F.max_pool2d(x, 2) if i else x)
            taps.append(x)
        return self.decoder(taps)


class SegmentNetB0(nn.Module):
    """Full 2.5D U-Net with an EfficientNet-B0 encoder (strides 2..32)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EncoderB0()
        self.decoder = Decoder(self.encoder.taps, [256, 128, 64, 32])

    def forward(self, slices: Tensor) -> Tensor:
        return self.decoder(self.encoder(slices))


# --- Model I: axial slices ---------------------------------------------------------------------------------------


class SliceNet(nn.Module):
    """One Model I member: a slice logit and the 8x8 map it is pooled from."""

    def __init__(self, trunk: nn.Module, head: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)  # slices differ in contrast and kernel; the window alone does not centre them
        self.trunk = trunk
        self.head = ConvNorm(int(trunk.channels), head, 1)
        self.drop = nn.Dropout2d(dropout)
        self.cells = nn.Conv2d(head, 1, 1)

    def forward(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        cells = self.cells(self.drop(self.head(self.trunk(self.norm(slices))))).squeeze(1)
        return soft_max_pool(cells), cells


# --- Model II.2: crop sequence of one vertebra -------------------------------------------------------------------


class CropNet(nn.Module):
    """Slice CNN -> 10x10 map -> slice logits; map-weighted features -> biGRU -> vertebra logit.

    The vertebra logit is the sequence head plus a learnt multiple of the highest slice logit, so the recurrent part
    only has to learn what the slices alone do not say. Spatial dropout drops a feature on all slices at once.
    """

    def __init__(self, body: nn.Module, channels: int, hidden: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.body = body
        self.cells = nn.Conv2d(channels, 1, 1)
        self.slice_scale = nn.Parameter(torch.ones(1))
        self.slice_bias = nn.Parameter(torch.zeros(1))
        self.drop = nn.Dropout1d(dropout)
        self.gru = nn.GRU(channels + 1, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(4 * hidden, 1)
        self.skip = nn.Parameter(torch.full((1,), 0.5))
        self.skip_bias = nn.Parameter(torch.zeros(1))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slices = crops.shape[1]
        features = self.body(crops.flatten(0, 1))
        cells = self.cells(features)
        focus = torch.softmax(cells.flatten(1), dim=1)
        pooled = (features.flatten(2) * focus.unsqueeze(1)).sum(2)
        slice_logits = soft_max_pool(cells).squeeze(1) * self.slice_scale + self.slice_bias
        sequence = torch.cat([pooled, slice_logits.unsqueeze(1)], dim=1).reshape(-1, slices, pooled.shape[1] + 1)
        sequence = self.drop(sequence.transpose(1, 2)).transpose(1, 2)
        hidden, _ = self.gru(sequence)
        slice_logits = slice_logits.reshape(-1, slices)
        logit = self.head(torch.cat([hidden.amax(1), hidden.mean(1)], dim=1)).squeeze(1)
        logit = logit + self.skip * slice_logits.amax(1) + self.skip_bias
        maps = cells.reshape(-1, slices, cells.shape[2], cells.shape[3])
        return logit, slice_logits, maps


# --- construction ------------------------------------------------------------------------------------------------


def build(network: str, width: int = 0) -> nn.Module:
    """Returns a fresh network by its configuration name. `width` is the U-Net width or the GRU size (0: default)."""
    if network == "unet":
        return SegmentNet(width or 16)
    if network == "unet-b0":
        return SegmentNetB0()
    if network == "narrow-resnet":
        return CropNet(*narrow_resnet(CROP_CHANNELS), hidden=width or 48)
    if network == "resnet50":
        return CropNet(*resnet50(CROP_CHANNELS), hidden=width or 256)
    if network == "compact":
        return SliceNet(CompactTrunk())
    if network == "b0":
        return SliceNet(TrunkB0(), head=1280)
    raise ValueError(f"model: unknown network {network!r}")


# --- losses ------------------------------------------------------------------------------------------------------


def segment_loss(logits: Tensor, labels: Tensor, background_weight: float = 0.05, bone_weight: float = 0.3) -> Tensor:
    """Cross entropy plus soft Dice over the foreground classes that the batch holds. labels: uint8 [N,H,W]."""
    target = labels.long()
    weight = torch.ones(SEGMENT_CLASSES, device=logits.device)
    # A vertebra is two thousandths of a slice: unweighted, the network settles on "background" and Dice, whose
    # gradient vanishes with the probability, cannot pull it out again.
    weight[0], weight[-1] = background_weight, bone_weight
    log_p = torch.log_softmax(logits, dim=1)
    cross = F.nll_loss(log_p, target, weight)
    p = log_p.exp()
    flat = target.flatten()
    counts = torch.bincount(flat, minlength=SEGMENT_CLASSES).to(p.dtype)
    chosen = p.gather(1, target.unsqueeze(1)).flatten()
    overlap = torch.zeros(SEGMENT_CLASSES, device=p.device, dtype=p.dtype).index_add(0, flat, chosen)
    dice = (2 * overlap + 1) / (p.sum((0, 2, 3)) + counts + 1)
    held = (counts[1:] > 0).to(p.dtype)
    return cross + (held * (1 - dice[1:])).sum() / held.sum().clamp(min=1)


def masked_bce(logits: Tensor, target: Tensor, usable: Tensor, positive_weight: float) -> Tensor:
    """Mean binary cross entropy over the usable elements; zero (with a gradient of zero) when there is none."""
    weight = torch.tensor(positive_weight, device=logits.device)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none", pos_weight=weight)
    usable = usable.to(loss.dtype).expand_as(loss)
    return (loss * usable).sum() / usable.sum().clamp(min=1)


def classify_loss(
    outputs: tuple[Tensor, Tensor, Tensor],
    label: Tensor,
    maps: Tensor,
    map_known: Tensor,
    usable: Tensor,
    weights: tuple[float, float, float] = (1.0, 1.0, 2.0),
    positive_weights: tuple[float, float, float] = (1.0, 2.0, 6.0),
) -> Tensor:
    """BCE of vertebra, slices and map cells, weighted in that order.

    label [N] 0/1; maps [N,T,10,10] 0/1; map_known [N] bool: weak labels train the vertebra alone; usable [N] bool:
    False drops the row altogether (a fracture nobody can see in these voxels must not be taught either way).
    """
    logit, slice_logits, cells = outputs
    known = (map_known & usable).to(logit.dtype)
    slice_label = maps.flatten(2).amax(2)
    vertebra = masked_bce(logit, label, usable, positive_weights[0])
    slices = masked_bce(slice_logits, slice_label, known[:, None], positive_weights[1])
    cell = masked_bce(cells, maps, known[:, None, None, None], positive_weights[2])
    return weights[0] * vertebra + weights[1] * slices + weights[2] * cell


def slice_loss(outputs: tuple[Tensor, Tensor], label: Tensor, positive_weight: float = 1.0) -> Tensor:
    """BCE of the slice logit; the map is trained through the pooling. label [N] 0/1."""
    return masked_bce(outputs[0], label, torch.ones_like(label), positive_weight)


def parameters(net: nn.Module) -> int:
    """Number of trained scalars."""
    return sum(p.numel() for p in net.parameters())
