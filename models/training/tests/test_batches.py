"""Batches and augmentation: shapes, truth that stays true, and chance that comes from the step alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_dataset

import augment
import batches
from dataset import UNKNOWN, Dataset
from settings import Segment


@pytest.fixture(scope="module")
def data(data_root: Path) -> Dataset:
    return Dataset.open(data_root)


def test_segment_batch(data: Dataset) -> None:
    config = replace(Segment(), rows=64, columns=64)
    source = batches.SegmentBatches(data, [0, 1, 2], config)
    for seed in range(6):
        torch.manual_seed(seed)
        x, y = source.draw(np.random.default_rng(seed), 5)
        assert x.shape == (5, 3, 64, 64)
        assert y.shape == (5, 64, 64)
        assert float(x.min()) >= 0
        assert float(x.max()) <= 1
        assert int(y.max()) <= 8


def test_segment_labels_follow_the_image(data: Dataset) -> None:
    """Vertebrae are brighter than all else in the toy set: the label must still lie on them after augmentation."""
    config = replace(Segment(), rows=96, columns=64, vertebra_share=1.0, lone=0.0)
    source = batches.SegmentBatches(data, [0, 1], config)
    torch.manual_seed(0)
    inside, outside = [], []
    for seed in range(8):
        x, y = source.draw(np.random.default_rng(seed), 4)
        bone = (y > 0) & (x[:, 1] > 0)
        inside.append(x[:, 1][bone].mean())
        outside.append(x[:, 1][(y == 0) & (x[:, 1] > 0)].mean())
    assert torch.stack(inside).mean() > torch.stack(outside).mean() + 0.15


def test_partial_keeps_a_third() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        top, bottom = batches.partial(rng, 100, 1.0)
        assert 0 <= top < bottom <= 100
        assert bottom - top >= 35


@pytest.mark.parametrize(
    ("low", "high", "canvas", "keep"),
    [(0, 50, 80, (10, 20)), (5, 200, 64, (90, 120)), (0, 200, 64, (20, 190)), (0, 64, 64, (0, 64))],
)
def test_place_fits(low: int, high: int, canvas: int, keep: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        source, target = batches.place(rng, low, high, canvas, keep)
        assert source.stop - source.start == target.stop - target.start == min(canvas, high - low)
        assert low <= source.start < source.stop <= high
        assert 0 <= target.start < target.stop <= canvas
        if keep[1] - keep[0] <= canvas:
            assert source.start <= keep[0]
            assert source.stop >= keep[1]


def test_coarsen_keeps_the_mean_and_loses_detail() -> None:
    slab = torch.zeros(8, 32, 32)
    slab[:, ::2] = 100
    coarse = augment.coarsen(slab, (1.0, 4.0, 1.0))
    assert coarse.shape == slab.shape
    assert float(coarse.mean()) == pytest.approx(50, abs=2)
    assert float(coarse.std()) < 5


def test_padding_stays_zero() -> None:
    x = torch.rand(8, 3, 32, 32)
    x[:, :, 16:] = 0
    out = augment.intensity(x, np.random.default_rng(1))
    assert float(out[:, :, 16:].abs().max()) == 0


def test_crop_batch(data: Dataset) -> None:
    source = batches.CropBatches(data, list(range(8)))
    torch.manual_seed(0)
    batch = source.draw(np.random.default_rng(0), 32, 3, 0.5)
    assert batch.crops.shape == (32, 3, 4, 80, 80)
    assert batch.maps.shape == (32, 3, 10, 10)
    assert 5 < float(batch.label.sum()) < 27
    assert bool(batch.map_known.all())
    # Drawing 3 of 16 slices must not hide the fracture of a positive, nor invent one.
    assert torch.equal(batch.maps.flatten(1).amax(1), batch.label)


def test_unknown_map_is_recognised(tmp_path: Path) -> None:
    from conftest import write_dataset

    write_dataset(tmp_path, 4)
    np.full(7 * 4 * 1600, batches.UNKNOWN, np.uint8).tofile(tmp_path / "crops_map.u8")
    batch = batches.CropBatches(Dataset.open(tmp_path), [0, 1, 2]).draw(np.random.default_rng(0), 4, 16, 0.5)
    assert not bool(batch.map_known.any())
    assert float(batch.maps.max()) == 0


def test_negatives_match_the_level_of_positives(data: Dataset) -> None:
    source = batches.CropBatches(data, list(range(8)))
    lead = np.repeat(source.positive, 8)
    matched = source._matched(np.random.default_rng(0), lead)
    assert (data.crop_rows.level[matched] == data.crop_rows.level[lead]).all()
    assert (data.crop_rows.label[matched] == 0).all()


@pytest.mark.parametrize("level", [None, 0, 4])
def test_slice_batch(data: Dataset, level: int | None) -> None:
    source = batches.SliceBatches(data, list(range(11)), level)
    torch.manual_seed(0)
    x, label = source.draw(np.random.default_rng(0), 24, 0.5)
    assert x.shape == (24, 3, 128, 128)
    # The toy fracture is a dark bar in a bright square: labels must have stayed with their rows.
    dark = (x[:, 0, 45:65, 48:80] > 0.25).float().mean((1, 2))
    assert dark[label == 1].mean() < dark[label == 0].mean()


def test_level_without_fracture_is_refused(data: Dataset) -> None:
    with pytest.raises(ValueError, match="C2"):
        batches.SliceBatches(data, [0, 2], 1)


def test_same_step_same_batch(data: Dataset) -> None:
    source = batches.SliceBatches(data, list(range(11)), None)
    drawn = []
    for _ in range(2):
        torch.manual_seed(5)
        drawn.append(source.draw(np.random.default_rng(5), 4, 0.5))
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert torch.equal(drawn[0][1], drawn[1][1])


def test_slice_outside_the_field_is_air(data: Dataset) -> None:
    hu, _ = data.volume(0)
    found = batches.sagittal(hu, np.array([-1, 0, hu.shape[0]]))
    assert bool((found[0] == batches.AIR).all())
    assert bool((found[2] == batches.AIR).all())
    assert torch.equal(found[1], torch.from_numpy(np.array(hu[0])).float())
    assert float(batches.window(found, (-200, 1300))[0].max()) == 0


def test_smeared_mask_hides_a_cleft_and_still_says_where() -> None:
    whole = torch.zeros(1, 1, 80, 80)
    whole[..., 30:50, 25:55] = 1
    cleft = whole.clone()
    cleft[..., 38:42] = 0
    for seed in range(20):
        a, b = (augment.smeared(m, np.random.default_rng(seed)) for m in (whole, cleft))
        assert float(a[0, 0, 40, 40]) > 0.9
        assert float(a[0, 0, 5, 5]) == 0
        assert float((a - b).abs().max()) < 0.85  # a step of 1 before


def test_most_crops_lose_their_mask_s_shape(data: Dataset) -> None:
    x = torch.from_numpy(np.array(data.crops[:16])).float()
    maps = torch.zeros(16, 16, 10, 10)
    torch.manual_seed(0)
    out, _ = augment.crops(x, maps, np.random.default_rng(0))
    gone = int((out[:, :, 3].flatten(1).amax(1) == 0).sum()) - int((x[:, :, 3].flatten(1).amax(1) == 0).sum())
    assert 1 <= gone <= 11


def test_unlabelled_studies_give_no_slices(tmp_path: Path) -> None:
    write_dataset(tmp_path, 3)
    meta = json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))
    meta["studies"][0]["labels"] = "none"
    (tmp_path / "dataset.json").write_text(json.dumps(meta), encoding="utf-8")
    source = batches.SegmentBatches(Dataset.open(tmp_path), [0, 1, 2], replace(Segment(), rows=64, columns=64))
    assert [r.study for r in source.ranges] == [1, 2]


def test_fracture_without_a_place(tmp_path: Path) -> None:
    """A broken vertebra nobody boxed trains its label alone, on slices that leave no gap."""
    write_dataset(tmp_path, 3)
    lines = (tmp_path / "crops.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    maps = np.fromfile(tmp_path / "crops_map.u8", np.uint8).reshape(len(rows), 16, 10, 10)
    for i, row in enumerate(rows):
        if row["label"] == 1:
            row["map_known"], maps[i] = False, UNKNOWN
    maps.tofile(tmp_path / "crops_map.u8")
    (tmp_path / "crops.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    source = batches.CropBatches(Dataset.open(tmp_path), [0, 1, 2])
    torch.manual_seed(0)
    batch = source.draw(np.random.default_rng(1), 16, 8, 0.5)
    assert set(batch.label.tolist()) == {0.0, 1.0}
    assert torch.equal(batch.map_known, batch.label == 0)
    assert float(batch.maps.max()) == 0
    broken = int(source.positive[0])
    whole = np.asarray(source.data.crops[broken])
    rng = np.random.default_rng(2)
    for _ in range(20):
        part, _ = source._read(rng, broken, 8)
        at = [int(np.flatnonzero((whole == one).all(axis=(1, 2, 3)))[0]) for one in part]
        assert [a // 2 for a in at] == list(range(8))
