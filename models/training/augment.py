"""Augmentation of tensors that are already windowed to 0..1.

A value of exactly 0 is air or padding and stays 0: the service pads with 0, so a network must never learn that
"outside" carries an intensity shift. Parameters are drawn from the numpy generator of the step and noise from torch's
generator, which the loop seeds per step: the same step always gives the same batch. Left and right may be swapped,
head and feet never (a level has a name).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LESION = 0.4  # strength of intensity changes for networks that look for fractures

# A fractured vertebra's mask is cleft or low, and a network that reads its shape knows the answer without looking at
# the image. The mask is there to say which bone is meant: most of what is learnt from has its shape taken away.
MASK_SMEARED = 0.6
MASK_GONE = 0.3


def column(rng: np.random.Generator, n: int, low: float, high: float, share: float, neutral: float) -> Tensor:
    """n uniform draws, each with probability `share`, else `neutral`; shaped to scale a [n,...] batch."""
    values = np.where(rng.random(n) < share, rng.uniform(low, high, n), neutral)
    return torch.from_numpy(values.astype(np.float32))


def intensity(x: Tensor, rng: np.random.Generator, strength: float = 1.0) -> Tensor:
    """Gain, offset, gamma, blur or sharpening, and noise, per item. x: [N,C,H,W] in 0..1; returns a new tensor.

    A fracture line differs from bone by a tenth of the window and is as thin as a pixel: `strength` below 1 keeps noise
    and blur from hiding what the label says is there.
    """
    n, s = x.shape[0], strength
    inside = x > 0
    gain = column(rng, n, 1 - 0.3 * s, 1 + 0.3 * s, 0.7, 1.0)[:, None, None, None]
    offset = column(rng, n, -0.08 * s, 0.08 * s, 0.7, 0.0)[:, None, None, None]
    soften = column(rng, n, -0.6 * s, 0.9 * s, 0.5, 0.0)[:, None, None, None]  # below 0 sharpens, like a bone kernel
    noise = column(rng, n, 0.005, 0.06 * s, 0.5 * s, 0.0)[:, None, None, None]
    x = torch.lerp(x, F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), soften)
    x = torch.addcmul(offset, x, gain).add_(torch.randn_like(x).mul_(noise)).clamp_(0, 1)
    if rng.random() < 0.25 * s:
        x = x.pow(float(rng.uniform(0.7, 1.4)))
    return x * inside


def affine_grid_parameters(rng: np.random.Generator, n: int, degrees: float, scale: float, shift: float) -> Tensor:
    """n affine matrices [n,2,3]: rotation in ±degrees, scale in 1±scale, shift as a fraction of the half field."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees, n))
    zoom = rng.uniform(1 - scale, 1 + scale, n)
    theta = np.zeros((n, 2, 3), dtype=np.float32)
    theta[:, 0, 0] = theta[:, 1, 1] = np.cos(angle) / zoom
    theta[:, 0, 1] = -np.sin(angle) / zoom
    theta[:, 1, 0] = np.sin(angle) / zoom
    theta[:, :, 2] = rng.uniform(-shift, shift, (n, 2))
    return torch.from_numpy(theta)


def warp(x: Tensor, theta: Tensor, mode: str = "bilinear") -> Tensor:
    """Applies one matrix per item to [N,C,H,W]; outside is 0. Rotation is exact for square grids only."""
    grid = F.affine_grid(theta, [x.shape[0], 1, x.shape[2], x.shape[3]], align_corners=False)
    return F.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False)


def coarsen(slab: Tensor, factors: tuple[float, float, float]) -> Tensor:
    """Averages a [D,H,W] block of HU into voxels `factors` times as large and interpolates it back.

    This is what a thick-slice or wide-field series looks like after resampling; without it a network trained on fine
    data fails on ordinary old CT.
    """
    shape = slab.shape
    small = [max(1, round(n / f)) for n, f in zip(shape, factors, strict=True)]
    block = F.adaptive_avg_pool3d(slab[None, None], small)
    return F.interpolate(block, size=shape, mode="trilinear", align_corners=False)[0, 0]


def segment(x: Tensor, y: Tensor, rng: np.random.Generator, lone: float) -> tuple[Tensor, Tensor]:
    """Augments sagittal slices [N,3,H,W] and labels [N,H,W] uint8. Channels are left-right neighbours."""
    n = x.shape[0]
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x = torch.where(mirrored[:, None, None, None], x.flip(1), x)
    for channel in (0, 2):  # at the edge of the field a neighbour is air; coarse voxels repeat one
        gone = torch.from_numpy(rng.random(n) < lone)
        fill = torch.from_numpy((rng.random(n) < 0.5).astype(np.float32))[:, None, None] * x[:, 1]
        x[:, channel] = torch.where(gone[:, None, None], fill, x[:, channel])
    if rng.random() < 0.6:
        theta = affine_grid_parameters(rng, n, 12, 0.15, 0.08)
        aspect = x.shape[2] / x.shape[3]  # keeps the rotation rigid on a canvas that is not square
        theta[:, 0, 1] *= aspect
        theta[:, 1, 0] /= aspect
        x = warp(x, theta)
        y = warp(y.unsqueeze(1).float(), theta, "nearest").squeeze(1).to(torch.uint8)
    return intensity(x, rng), y


def crops(x: Tensor, maps: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Augments vertebra crops [N,T,4,H,W] with their maps [N,T,h,w]; channel 3 is the mask."""
    n, t, c, h, w = x.shape
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x = torch.where(mirrored[:, None, None, None, None], x.flip(-1), x)
    maps = torch.where(mirrored[:, None, None, None], maps.flip(-1), maps)
    if rng.random() < 0.6:
        theta = affine_grid_parameters(rng, n, 10, 0.12, 0.1)
        x = warp(x.reshape(n, t * c, h, w), theta).reshape(n, t, c, h, w)
        maps = (warp(maps, theta) > 0.35).to(maps.dtype)
    image = intensity(x[:, :, :3].reshape(n, t * 3, h, w), rng, LESION).reshape(n, t, 3, h, w)
    mask = x[:, :, 3]
    smear = torch.from_numpy(rng.random(n) < MASK_SMEARED)[:, None, None, None]
    mask = torch.where(smear, smeared(mask, rng), mask)
    gone = column(rng, n, 0, 0, MASK_GONE, 1)[:, None, None, None]
    return torch.cat([image, (mask * gone)[:, :, None]], dim=2), maps


def smeared(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """Grows masks [N,T,H,W] and blurs them so widely that they say where, and no longer of what shape."""
    grow, blur = int(rng.choice([1, 3, 5, 9])), int(rng.choice([5, 9, 13, 17]))
    wide = F.max_pool2d(mask, grow, 1, grow // 2)
    return F.avg_pool2d(wide, blur, 1, blur // 2)


def slices(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Augments axial slices [N,3,H,W]."""
    n = x.shape[0]
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
    if rng.random() < 0.6:
        x = warp(x, affine_grid_parameters(rng, n, 10, 0.12, 0.1))
    return intensity(x, rng, LESION)
