"""Reader of a prepared data set: tensors cut by `neckfrac dataset prepare`, one folder per set.

    dataset.json      studies, splits, offsets, digest, input spec
    segment.i16 .u8   HU and labels, 1.5 mm, studies one after the other, sagittal order [X][Z][Y]; offset in voxels;
                      labels of a study that has none are 255 all over
    crops.f16         [N,16,4,80,80], crops_map.u8 [N,16,10,10], crops.jsonl: one vertebra per row
    slices.f16        [M,3,128,128], slices.jsonl: one axial slice per row

Guarantees: sizes are checked against dataset.json and the row files before anything is mapped; files are mapped, not
read, so a set may be larger than memory; nothing is written. Splits `calib` and `test` are never handed out for
training, and validation studies are held out of `train` by a hash of the study id, so they are the same on every
machine. It does not resample, window or read DICOM: that is done once, in Go, for training and service alike.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

LEVELS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
CROP = (16, 4, 80, 80)
CROP_MAP = (16, 10, 10)
SLICE = (3, 128, 128)
UNKNOWN = 255  # value of maps and labels that nobody knows
LABELS = ("bone", "spine", "none")  # what a study's labels name: vertebrae and all other bone, vertebrae alone, nothing
MAX_AXIS = 1024  # voxels; 288 x 288 x 400 mm at 1.5 mm stays far below
MAX_STUDIES = 200_000
SPLITS = ("train", "calib", "test")


@dataclass(frozen=True)
class Study:
    """One study of dataset.json. `occult` names levels whose fracture cannot be seen in the voxels."""

    id: str
    split: str
    occult: frozenset[str]
    segment: tuple[int, tuple[int, int, int]] | None  # offset in voxels, (X, Z, Y)
    labels: str = "bone"  # one of LABELS
    crops: tuple[int, int] = (0, 0)  # first row, count
    slices: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class CropRows:
    """Columns of crops.jsonl as arrays; `level` is 0..6."""

    study: np.ndarray
    level: np.ndarray
    label: np.ndarray
    occult: np.ndarray
    map_known: np.ndarray


@dataclass(frozen=True)
class SliceRows:
    """Columns of slices.jsonl as arrays; bit 0 of a mask is C1."""

    study: np.ndarray
    levels: np.ndarray
    fractured: np.ndarray
    hidden: np.ndarray  # levels broken out of sight or at a place nobody marked: neither a positive nor a negative


@dataclass
class Dataset:
    """A data set on disk. Use `Dataset.open`."""

    root: Path
    digest: str
    spec: dict[str, Any]
    studies: list[Study]
    index: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path) -> Dataset:
        """Reads and checks dataset.json. Raises ValueError when it contradicts itself or the files beside it."""
        meta = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
        if meta.get("schema") != 1:
            raise ValueError(f"dataset: schema {meta.get('schema')!r}, want 1")
        rows = meta["studies"]
        if not 0 < len(rows) <= MAX_STUDIES:
            raise ValueError(f"dataset: {len(rows)} studies")
        studies = [_study(row) for row in rows]
        index = {study.id: i for i, study in enumerate(studies)}
        if len(index) != len(studies):
            raise ValueError("dataset: a study id occurs twice")
        out = cls(root, str(meta.get("digest", "")), dict(meta.get("spec", {})), studies, index)
        out._check_segment()
        return out

    def labelled(self, i: int) -> bool:
        """Whether a study has a segment part with labels to train on."""
        study = self.studies[i]
        return study.segment is not None and study.labels != "none"

    def training(self, fold: int, folds: int) -> tuple[list[int], list[int]]:
        """Indices of the studies to train on and to validate on; both from split `train`."""
        train: list[int] = []
        held: list[int] = []
        for i, study in enumerate(self.studies):
            if study.split != "train":
                continue
            (held if fold_of(study.id, folds) == fold else train).append(i)
        return train, held

    @cached_property
    def hu(self) -> np.ndarray:
        """All HU of the segment part, flat."""
        return np.memmap(self.root / "segment.i16", dtype="<i2", mode="r")

    @cached_property
    def labels(self) -> np.ndarray:
        """All labels of the segment part, flat."""
        return np.memmap(self.root / "segment.u8", dtype=np.uint8, mode="r")

    def volume(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """HU and labels of a study as [X,Z,Y] views of the mapped files."""
        segment = self.studies[i].segment
        if segment is None:
            raise ValueError(f"dataset: study {i} has no segment part")
        offset, dims = segment
        end = offset + dims[0] * dims[1] * dims[2]
        return self.hu[offset:end].reshape(dims), self.labels[offset:end].reshape(dims)

    @cached_property
    def crop_rows(self) -> CropRows:
        """The rows of crops.jsonl."""
        rows = _jsonl(self.root / "crops.jsonl")
        self._check_ranges("crops", len(rows))
        return CropRows(
            study=np.array([self.index[r["study"]] for r in rows], dtype=np.int32),
            level=np.array([LEVELS.index(r["level"]) for r in rows], dtype=np.int8),
            label=np.array([int(r["label"]) for r in rows], dtype=np.int8),
            occult=np.array([bool(r["occult"]) for r in rows]),
            map_known=np.array([bool(r["map_known"]) for r in rows]),
        )

    @cached_property
    def crops(self) -> np.ndarray:
        """Mapped crops [N,16,4,80,80] float16."""
        return _map(self.root / "crops.f16", "<f2", (len(self.crop_rows.study), *CROP))

    @cached_property
    def crop_maps(self) -> np.ndarray:
        """Mapped fracture maps [N,16,10,10] uint8; 255 is unknown."""
        return _map(self.root / "crops_map.u8", "u1", (len(self.crop_rows.study), *CROP_MAP))

    @cached_property
    def slice_rows(self) -> SliceRows:
        """The rows of slices.jsonl."""
        rows = _jsonl(self.root / "slices.jsonl")
        self._check_ranges("slices", len(rows))
        study = np.array([self.index[r["study"]] for r in rows], dtype=np.int32)
        bits = [sum(1 << LEVELS.index(name) for name in s.occult) for s in self.studies]
        hidden = np.array(bits, dtype=np.uint8)[study] if len(rows) else np.zeros(0, np.uint8)
        return SliceRows(
            study=study,
            levels=np.array([int(r["levels"]) for r in rows], dtype=np.uint8),
            fractured=np.array([int(r["fractured"]) for r in rows], dtype=np.uint8),
            hidden=hidden | np.array([int(r.get("weak", 0)) for r in rows], dtype=np.uint8),
        )

    @cached_property
    def slices(self) -> np.ndarray:
        """Mapped axial slices [M,3,128,128] float16."""
        return _map(self.root / "slices.f16", "<f2", (len(self.slice_rows.study), *SLICE))

    @property
    def segment_window(self) -> tuple[float, float]:
        """HU that the segmenter's 0 and 1 stand for."""
        low, high = self.spec.get("segment", {}).get("window", (-200.0, 1300.0))
        if not low < high:
            raise ValueError(f"dataset: segment window {low}..{high}")
        return float(low), float(high)

    def has(self, part: str) -> bool:
        """Whether the set holds `segment`, `crops` or `slices`."""
        name = {"segment": "segment.i16", "crops": "crops.f16", "slices": "slices.f16"}[part]
        return (self.root / name).exists()

    def _check_segment(self) -> None:
        if not self.has("segment"):
            return
        voxels = (self.root / "segment.i16").stat().st_size // 2
        if (self.root / "segment.u8").stat().st_size != voxels:
            raise ValueError("dataset: segment.i16 and segment.u8 differ in length")
        for study in self.studies:
            if study.segment is None:
                continue
            offset, (x, z, y) = study.segment
            if offset < 0 or not all(1 <= n <= MAX_AXIS for n in (x, z, y)) or offset + x * z * y > voxels:
                raise ValueError(f"dataset: study {study.id}: segment block lies outside the file")

    def _check_ranges(self, part: str, rows: int) -> None:
        for study in self.studies:
            first, count = study.crops if part == "crops" else study.slices
            if first < 0 or count < 0 or first + count > rows:
                raise ValueError(f"dataset: study {study.id}: {part} rows lie outside the file")


def fold_of(study: str, folds: int) -> int:
    """Fold of a study: a hash of its id, so it does not move when studies are added."""
    return int.from_bytes(hashlib.sha256(study.encode()).digest()[:4], "big") % folds


def _study(row: dict[str, Any]) -> Study:
    if row["split"] not in SPLITS:
        raise ValueError(f"dataset: study {row['id']}: split {row['split']!r}")
    block = row.get("segment")
    segment = None
    if block is not None:
        dims = block["dims"]
        if len(dims) != 3:
            raise ValueError(f"dataset: study {row['id']}: dims {dims!r}")
        segment = (int(block["offset"]), (int(dims[0]), int(dims[1]), int(dims[2])))
    labels = row.get("labels", "bone")
    if labels not in LABELS:
        raise ValueError(f"dataset: study {row['id']}: labels {labels!r}")
    levels = {name: int(row["levels"].get(name, 0)) for name in LEVELS}
    return Study(
        id=str(row["id"]),
        split=row["split"],
        occult=_names(row.get("occult"), levels),
        segment=segment,
        labels=labels,
        crops=_range(row.get("crops")),
        slices=_range(row.get("slices")),
    )


def _names(value: Any, when_true: dict[str, int]) -> frozenset[str]:
    """Level names; a bare true stands for every level that is set in `when_true`."""
    if value is None or value is False:
        return frozenset()
    names = [k for k, v in when_true.items() if v] if value is True else list(value)
    unknown = set(names) - set(LEVELS)
    if unknown:
        raise ValueError(f"dataset: unknown level {sorted(unknown)[0]!r}")
    return frozenset(names)


def _range(value: Any) -> tuple[int, int]:
    return (0, 0) if value is None else (int(value[0]), int(value[1]))


def _jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _map(path: Path, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    want = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    have = path.stat().st_size
    if have != want:
        raise ValueError(f"dataset: {path.name} has {have} bytes, its rows need {want}")
    if want == 0:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype=dtype, mode="r", shape=shape)
