"""A tiny data set in the format of `neckfrac dataset prepare`, with fractures that a network can find."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

LEVELS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
STUDIES = 12
DIMS = (9, 70, 40)  # X, Z, Y


def write_dataset(root: Path, studies: int = STUDIES) -> None:
    """Writes all parts. Study i breaks level i % 7 when i is even; the last is for calibration."""
    rng = np.random.default_rng(3)
    meta, crop_rows, slice_rows = [], [], []
    hu, labels, crops, maps, slices = [], [], [], [], []
    offset = 0
    for i in range(studies):
        broken = i % 7 if i % 2 == 0 else None
        volume, truth = segment_part(rng)
        hu.append(volume.ravel())
        labels.append(truth.ravel())
        levels = {name: int(k == broken) for k, name in enumerate(LEVELS)}
        first_crop, first_slice = len(crop_rows), len(slice_rows)
        for k, name in enumerate(LEVELS):
            crop, mark = crop_part(rng, k == broken)
            crops.append(crop)
            maps.append(mark)
            crop_rows.append(
                {
                    "study": f"s{i:02d}",
                    "level": name,
                    "label": int(k == broken),
                    "occult": False,
                    "map_known": True,
                    "step_mm": 1.2,
                    "type": "line" if k == broken else "",
                }
            )
            for _ in range(2):
                slices.append(slice_part(rng, k == broken))
                slice_rows.append(
                    {
                        "study": f"s{i:02d}",
                        "z_mm": 2.5 * len(slice_rows),
                        "levels": 1 << k,
                        "fractured": (1 << k) * int(k == broken),
                        "patient": int(broken is not None),
                    }
                )
        meta.append(
            {
                "id": f"s{i:02d}",
                "split": "calib" if i == studies - 1 else "train",
                "seed": i,
                "label": int(broken is not None),
                "levels": levels,
                "occult": [],
                "in_field": list(LEVELS),
                "segment": {"offset": offset, "dims": list(DIMS), "origin_mm": [0, 0, 0]},
                "crops": [first_crop, 7],
                "slices": [first_slice, 14],
            }
        )
        offset += volume.size
    root.mkdir(parents=True, exist_ok=True)
    np.concatenate(hu).astype("<i2").tofile(root / "segment.i16")
    np.concatenate(labels).astype(np.uint8).tofile(root / "segment.u8")
    np.stack(crops).astype("<f2").tofile(root / "crops.f16")
    np.stack(maps).astype(np.uint8).tofile(root / "crops_map.u8")
    np.stack(slices).astype("<f2").tofile(root / "slices.f16")
    for name, rows in (("crops.jsonl", crop_rows), ("slices.jsonl", slice_rows)):
        (root / name).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    spec = {"segment": {"spacing_mm": 1.5}, "classify": {"slices": 16}, "model1": {"size": 128}}
    whole = {"schema": 1, "spec": spec, "digest": "d" * 64, "source": {}, "studies": meta}
    (root / "dataset.json").write_text(json.dumps(whole), encoding="utf-8")


def segment_part(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A column of seven bright blocks in soft tissue."""
    volume = rng.normal(40, 20, DIMS)
    truth = np.zeros(DIMS, dtype=np.uint8)
    for k in range(7):
        rows = slice(3 + 9 * k, 10 + 9 * k)
        truth[2:7, rows, 15:27] = k + 1
        volume[2:7, rows, 15:27] = 500 + 60 * k
    return volume, truth


def crop_part(rng: np.random.Generator, broken: bool) -> tuple[np.ndarray, np.ndarray]:
    """A bright disc with, when broken, a dark bar through slices 5..8."""
    crop = rng.uniform(0.1, 0.2, (16, 4, 80, 80)).astype(np.float32)
    mark = np.zeros((16, 10, 10), dtype=np.uint8)
    crop[:, :3, 20:60, 20:60] += 0.5
    crop[:, 3] = 0
    crop[:, 3, 20:60, 20:60] = 1
    if broken:
        crop[5:9, :3, 32:40, 24:56] = 0.0
        mark[5:9, 4, 3:7] = 1
    return crop, mark


def slice_part(rng: np.random.Generator, broken: bool) -> np.ndarray:
    """A bright square with, when broken, a dark bar."""
    out = rng.uniform(0.1, 0.2, (3, 128, 128)).astype(np.float32)
    out[:, 30:90, 40:90] += 0.5
    if broken:
        out[:, 50:62, 44:86] = 0.0
    return out


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data set, written once."""
    root = tmp_path_factory.mktemp("data")
    write_dataset(root)
    return root
