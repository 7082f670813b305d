"""Draws training batches from a prepared data set.

One class per network. Each indexes the rows it may use once, and then `draw(rng, n, ...)` returns tensors; all chance
comes from the generator passed in, so a batch depends on the step alone and a resumed run sees the same data.
Negatives are matched to the level of the positives: otherwise knowing the level alone predicts the label, and a
network that sees nothing looks useful.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import augment
from dataset import LEVELS, UNKNOWN, Dataset
from settings import Segment

AIR = -1000.0  # HU
REACH = 7  # sagittal slices read to each side when voxels are coarsened


class SegmentRange(NamedTuple):
    """Where the vertebrae of one study lie, in voxels; ends are exclusive."""

    study: int
    x: np.ndarray  # sagittal indices that hold a vertebra
    y: tuple[int, int]


class SegmentBatches:
    """Sagittal slices with labels on a canvas of fixed size."""

    def __init__(self, data: Dataset, studies: list[int], config: Segment) -> None:
        self.data = data
        self.config = config
        self.ranges: list[SegmentRange] = []
        for i in studies:
            if data.labelled(i):
                found = vertebra_range(data, i)
                if found is not None:
                    self.ranges.append(found)
        if not self.ranges:
            raise ValueError("batches: no training study holds a labelled vertebra")

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Tensor, Tensor]:
        """Returns x float32 [n,3,rows,columns] in 0..1 and y uint8 [n,rows,columns]."""
        x = torch.zeros(n, 3, self.config.rows, self.config.columns)
        y = torch.zeros(n, self.config.rows, self.config.columns, dtype=torch.uint8)
        for k in range(n):
            self._cut(rng, x[k], y[k])
        return augment.segment(x, y, rng, self.config.lone)

    def _cut(self, rng: np.random.Generator, x: Tensor, y: Tensor) -> None:
        config = self.config
        chosen = self.ranges[int(rng.integers(len(self.ranges)))]
        hu, labels = self.data.volume(chosen.study)
        at = int(rng.integers(hu.shape[0]))
        if rng.random() < config.vertebra_share:
            at = int(rng.choice(chosen.x))
        image = self._image(rng, hu, at)
        truth = torch.from_numpy(np.array(labels[at]))
        rows, columns = truth.shape
        top, bottom = partial(rng, rows, config.partial)
        if rng.random() < config.blank:
            left = max(0, chosen.y[0] - int(rng.integers(3, 30)))
            right = min(columns, chosen.y[1] + int(rng.integers(3, 30)))
            image[:, :, :left], image[:, :, right:] = 0, 0
            truth[:, :left], truth[:, right:] = 0, 0
        source_r, target_r = place(rng, top, bottom, config.rows, (top, bottom))
        source_c, target_c = place(rng, 0, columns, config.columns, chosen.y)
        x[:, target_r, target_c] = image[:, source_r, source_c]
        y[target_r, target_c] = truth[source_r, source_c]

    def _image(self, rng: np.random.Generator, hu: np.ndarray, at: int) -> Tensor:
        """Three neighbouring slices in 0..1, now and then as a scanner with coarse voxels would give them."""
        if rng.random() >= self.config.degrade:
            return window(sagittal(hu, np.arange(at - 1, at + 2)), self.data.segment_window)
        before, after = int(rng.integers(3, REACH + 1)), int(rng.integers(3, REACH + 1))
        draws = np.where(rng.random(3) < 0.6, rng.uniform(1.5, 4.0, 3), 1.0)
        slab = augment.coarsen(sagittal(hu, np.arange(at - before, at + after + 1)), (draws[0], draws[1], draws[2]))
        return window(slab[before - 1 : before + 2], self.data.segment_window)


def sagittal(hu: np.ndarray, index: np.ndarray) -> Tensor:
    """HU of the given sagittal slices as float32; a slice outside the field is air, as in service."""
    inside = (index >= 0) & (index < hu.shape[0])
    out = torch.from_numpy(hu[np.clip(index, 0, hu.shape[0] - 1)]).float()
    out[torch.from_numpy(~inside)] = AIR
    return out


def window(hu: Tensor, limits: tuple[float, float]) -> Tensor:
    """HU between the limits to 0..1, in place."""
    return hu.sub_(limits[0]).div_(limits[1] - limits[0]).clamp_(0, 1)


def partial(rng: np.random.Generator, rows: int, share: float) -> tuple[int, int]:
    """First and last row (exclusive) that a shortened stack keeps: at least 35 % of them."""
    if rng.random() >= share:
        return 0, rows
    keep = max(1, int(rows * rng.uniform(0.35, 1.0)))
    top = int(rng.integers(0, rows - keep + 1))
    return top, top + keep


def place(rng: np.random.Generator, low: int, high: int, canvas: int, keep: tuple[int, int]) -> tuple[slice, slice]:
    """Slices of the source and of the canvas that lay [low, high) on a canvas, `keep` inside where it fits."""
    size = high - low
    if size <= canvas:
        start = int(rng.integers(0, canvas - size + 1))
        return slice(low, high), slice(start, start + size)
    first, last = max(low, keep[1] - canvas), min(high - canvas, keep[0])
    if first > last:
        first, last = low, high - canvas
    start = int(rng.integers(first, last + 1))
    return slice(start, start + canvas), slice(0, canvas)


def vertebra_range(data: Dataset, i: int) -> SegmentRange | None:
    """Extent of labels 1..7 in a study, None when there is none."""
    _, labels = data.volume(i)
    # 0 wraps to 255, so one comparison tells 1..7 from both background and other bone.
    hit = (labels - np.uint8(1)) < np.uint8(len(LEVELS))
    x = np.flatnonzero(hit.any(axis=(1, 2)))
    if len(x) == 0:
        return None
    y = np.flatnonzero(hit.any(axis=(0, 1)))
    return SegmentRange(i, x, (int(y[0]), int(y[-1]) + 1))


class CropBatch(NamedTuple):
    """Input and truth of the crop network, in the order of model.classify_loss."""

    crops: Tensor
    label: Tensor
    maps: Tensor
    map_known: Tensor
    usable: Tensor


class CropBatches:
    """Vertebra crops, positives enriched, negatives matched by level."""

    def __init__(self, data: Dataset, studies: list[int]) -> None:
        self.data = data
        rows = data.crop_rows
        usable = np.isin(rows.study, studies) & ~rows.occult
        self.positive = np.flatnonzero(usable & (rows.label == 1))
        negative = usable & (rows.label == 0)
        self.negative = np.flatnonzero(negative)
        self.by_level = [np.flatnonzero(negative & (rows.level == k)) for k in range(len(LEVELS))]
        if len(self.positive) == 0 or len(self.negative) == 0:
            raise ValueError("batches: crops need at least one visible fracture and one intact vertebra")

    def draw(self, rng: np.random.Generator, n: int, slices: int, positive_share: float) -> CropBatch:
        """Returns n vertebrae with `slices` of their 16 slices each, augmented."""
        lead = rng.choice(self.positive, n)
        chosen = np.where(rng.random(n) < positive_share, lead, self._matched(rng, lead))
        parts = [self._read(rng, int(row), slices) for row in chosen]
        x = torch.from_numpy(np.stack([p[0] for p in parts])).float()
        raw = np.stack([p[1] for p in parts])
        rows = self.data.crop_rows
        known = rows.map_known[chosen] & (raw != UNKNOWN).all(axis=(1, 2, 3))
        maps = torch.from_numpy(np.where(known[:, None, None, None], raw, 0).astype(np.float32))
        x, maps = augment.crops(x, maps, rng)
        label = torch.from_numpy(rows.label[chosen].astype(np.float32))
        return CropBatch(x, label, maps, torch.from_numpy(known), torch.ones(n, dtype=torch.bool))

    def rows(self, index: np.ndarray) -> Tensor:
        """Whole sequences of the given rows, as the service would send them."""
        return torch.from_numpy(np.asarray(self.data.crops[index])).float()

    def _matched(self, rng: np.random.Generator, lead: np.ndarray) -> np.ndarray:
        out = rng.choice(self.negative, len(lead))
        for i, row in enumerate(lead):
            pool = self.by_level[self.data.crop_rows.level[row]]
            if len(pool):
                out[i] = pool[int(rng.integers(len(pool)))]
        return out

    def _read(self, rng: np.random.Generator, row: int, slices: int) -> tuple[np.ndarray, np.ndarray]:
        maps = np.asarray(self.data.crop_maps[row])
        total = maps.shape[0]
        keep = np.sort(rng.choice(total, slices, replace=False)) if slices < total else np.arange(total)
        if slices < total and not self.data.crop_rows.map_known[row]:
            # Nobody says which slices show the fracture: one of each stretch leaves no gap that could hold it all.
            edges = np.linspace(0, total, slices + 1).astype(int)
            keep = edges[:-1] + rng.integers(0, np.diff(edges))
        hot = np.flatnonzero((maps == 1).any(axis=(1, 2)))
        # A positive whose drawn slices all miss the fracture would teach a wrong label.
        if len(hot) and not np.isin(keep, hot).any():
            keep[int(rng.integers(slices))] = rng.choice(hot)
            keep.sort()
        return self.data.crops[row][keep], maps[keep]


class SliceBatches:
    """Axial slices of Model I. `level` 0..6 picks the slices of one vertebra's box, None takes all."""

    def __init__(self, data: Dataset, studies: list[int], level: int | None) -> None:
        self.data = data
        rows = data.slice_rows
        mine = np.isin(rows.study, studies)
        if level is None:
            hit = rows.fractured != 0
            blurred = (rows.levels & rows.hidden) != 0
        else:
            bit = np.uint8(1 << level)
            mine &= (rows.levels & bit) != 0
            hit = (rows.fractured & bit) != 0
            blurred = (rows.hidden & bit) != 0
        self.positive = np.flatnonzero(mine & hit)
        negative = mine & ~hit & ~blurred
        self.negative = np.flatnonzero(negative)
        self.by_level = [np.flatnonzero(negative & ((rows.levels >> k) & 1 == 1)) for k in range(len(LEVELS))]
        if len(self.positive) == 0 or len(self.negative) == 0:
            name = "patient" if level is None else LEVELS[level]
            raise ValueError(f"batches: slices of {name} need at least one fractured and one intact")

    def draw(self, rng: np.random.Generator, n: int, positive_share: float) -> tuple[Tensor, Tensor]:
        """Returns x float32 [n,3,128,128] augmented and label float32 [n]."""
        lead = rng.choice(self.positive, n)
        chosen = np.where(rng.random(n) < positive_share, lead, self._matched(rng, lead))
        label = torch.from_numpy(np.isin(chosen, self.positive).astype(np.float32))
        x = torch.from_numpy(np.asarray(self.data.slices[np.sort(chosen)])).float()
        label = label[torch.from_numpy(np.argsort(chosen, kind="stable"))]  # rows are read in file order
        return augment.slices(x, rng), label

    def _matched(self, rng: np.random.Generator, lead: np.ndarray) -> np.ndarray:
        out = rng.choice(self.negative, len(lead))
        broken = self.data.slice_rows.fractured[lead]
        for i, mask in enumerate(broken):
            levels = [k for k in range(len(LEVELS)) if mask >> k & 1]
            pool = self.by_level[levels[int(rng.integers(len(levels)))]] if levels else self.negative
            if len(pool) and rng.random() < 0.8:
                out[i] = pool[int(rng.integers(len(pool)))]
        return out
