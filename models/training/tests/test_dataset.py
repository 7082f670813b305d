"""Reader: shapes, splits and refusal of sets that contradict themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DIMS, STUDIES, write_dataset

from dataset import LEVELS, Dataset, fold_of


def test_reads_every_part(data_root: Path) -> None:
    data = Dataset.open(data_root)
    hu, labels = data.volume(3)
    assert hu.shape == labels.shape == DIMS
    assert set(np.unique(labels)) == set(range(8))
    assert data.crops.shape == (7 * STUDIES, 16, 4, 80, 80)
    assert data.crop_maps.shape == (7 * STUDIES, 16, 10, 10)
    assert data.slices.shape == (14 * STUDIES, 3, 128, 128)
    assert data.crop_rows.label.sum() == STUDIES / 2
    assert data.spec["segment"]["spacing_mm"] == 1.5


def test_volume_is_the_study_own_block(data_root: Path) -> None:
    data = Dataset.open(data_root)
    flat = np.fromfile(data_root / "segment.i16", dtype="<i2")
    size = int(np.prod(DIMS))
    x, z, y = 4, 30, 20
    assert data.volume(2)[0][x, z, y] == flat[2 * size + (x * DIMS[1] + z) * DIMS[2] + y]


def test_training_never_sees_calibration(data_root: Path) -> None:
    data = Dataset.open(data_root)
    seen: set[int] = set()
    for fold in range(4):
        train, held = data.training(fold, 4)
        assert not set(train) & set(held)
        assert all(data.studies[i].split == "train" for i in train + held)
        seen |= set(held)
    assert len(seen) == STUDIES - 1


def test_fold_does_not_depend_on_other_studies() -> None:
    assert [fold_of(f"s{i}", 5) for i in range(6)] == [4, 2, 4, 3, 1, 2]


def edit(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        meta = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
        change(meta)
        (root / "dataset.json").write_text(json.dumps(meta), encoding="utf-8")

    return apply


def shorten(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:-2])


CONTRADICTIONS: list[tuple[str, Callable[[Path], None], str]] = [
    ("schema", edit(lambda m: m.update(schema=2)), "schema 2"),
    ("no studies", edit(lambda m: m.update(studies=[])), "0 studies"),
    ("same id twice", edit(lambda m: m["studies"][1].update(id="s00")), "twice"),
    ("split", edit(lambda m: m["studies"][1].update(split="tset")), "split 'tset'"),
    ("offset past the end", edit(lambda m: m["studies"][1]["segment"].update(offset=10**12)), "outside the file"),
    ("negative offset", edit(lambda m: m["studies"][1]["segment"].update(offset=-1)), "outside the file"),
    ("huge axis", edit(lambda m: m["studies"][1]["segment"].update(dims=[1, 1, 5000])), "outside the file"),
    ("two dims", edit(lambda m: m["studies"][1]["segment"].update(dims=[1, 1])), "dims"),
    ("level", edit(lambda m: m["studies"][1].update(occult=["C9"])), "unknown level 'C9'"),
    ("labels", edit(lambda m: m["studies"][1].update(labels="organs")), "labels 'organs'"),
    ("crop range", edit(lambda m: m["studies"][1].update(crops=[80, 7])), "crops rows lie outside"),
    ("slice range", edit(lambda m: m["studies"][1].update(slices=[-1, 7])), "slices rows lie outside"),
    ("short labels", shorten("segment.u8"), "differ in length"),
    ("short crops", shorten("crops.f16"), "crops.f16 has"),
    ("short maps", shorten("crops_map.u8"), "crops_map.u8 has"),
    ("short slices", shorten("slices.f16"), "slices.f16 has"),
]


@pytest.mark.parametrize(("damage", "message"), [c[1:] for c in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS])
def test_contradiction_is_refused(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    write_dataset(tmp_path, 3)
    damage(tmp_path)

    def use() -> None:
        data = Dataset.open(tmp_path)
        for rows in (data.crops, data.crop_maps, data.slices):
            assert len(rows)

    with pytest.raises(ValueError, match=message):
        use()


def test_occult_true_means_the_broken_levels(tmp_path: Path) -> None:
    write_dataset(tmp_path, 3)
    edit(lambda m: m["studies"][2].update(occult=True))(tmp_path)
    data = Dataset.open(tmp_path)
    assert data.studies[2].occult == {LEVELS[2]}
    assert set(data.slice_rows.hidden[data.slice_rows.study == 2]) == {1 << 2}


def test_segment_only_set(tmp_path: Path) -> None:
    write_dataset(tmp_path, 2)
    for name in ("crops.f16", "crops_map.u8", "crops.jsonl", "slices.f16", "slices.jsonl"):
        (tmp_path / name).unlink()
    edit(lambda m: [s.pop(k) for s in m["studies"] for k in ("crops", "slices")])(tmp_path)
    data = Dataset.open(tmp_path)
    assert data.has("segment")
    assert not data.has("crops")
    assert data.volume(1)[0].shape == DIMS


def test_weak_slices_are_neither(tmp_path: Path) -> None:
    """A level that is broken at a place nobody marked hides its slices, and no others."""
    write_dataset(tmp_path, 3)
    lines = (tmp_path / "slices.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        if row["study"] == "s02" and row["levels"] == 1 << 2:
            row["weak"], row["fractured"] = 1 << 2, 0
    (tmp_path / "slices.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    data = Dataset.open(tmp_path)
    mine = data.slice_rows.study == 2
    assert data.slice_rows.hidden[mine].tolist() == [1 << 2 if r["levels"] == 1 << 2 else 0 for r in rows[-14:]]
    assert not data.slice_rows.hidden[~mine].any()


def test_labelled_needs_labels(tmp_path: Path) -> None:
    write_dataset(tmp_path, 4)
    edit(lambda m: m["studies"][0].update(labels="none"))(tmp_path)
    edit(lambda m: m["studies"][1].update(labels="spine"))(tmp_path)
    edit(lambda m: m["studies"][2].pop("segment"))(tmp_path)
    data = Dataset.open(tmp_path)
    assert [data.labelled(i) for i in range(4)] == [False, True, False, True]
