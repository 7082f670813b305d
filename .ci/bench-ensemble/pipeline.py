"""The same analysis as a plain Python pipeline: pydicom, numpy, scipy and ONNX Runtime, same graphs, same study.

Written as one would without a service: read and scale the slices, resample to the segmenter's field, label it in the
same two sweeps, keep each level's largest piece, cut the classifier's crops and the Model I slices with map_coordinates,
run the networks, put the scores together as the manifest says. It stops at the probabilities: no checks of the series,
no naming by anatomical order, no key images. Linear interpolation stands in for the service's averaging of what a
coarser sample covers, so that the answers are alike and not equal.
"""

import gzip
import json
import resource
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pydicom
from scipy import ndimage

LEVELS = range(1, 8)


class Networks:
    """The sessions of a pack and the numbers of its manifest."""

    def __init__(self, pack: Path, threads: int) -> None:
        manifest = json.loads((pack / "manifest.json").read_text())
        o = ort.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
        o.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.spec = {m["role"]: m["input"] for m in manifest["models"]}
        self.nets = {
            m["role"]: [ort.InferenceSession(str(pack / f), o, providers=["CPUExecutionProvider"]) for f in m["files"]]
            for m in manifest["models"]
        }

    def run(self, role: str, x: np.ndarray) -> list[np.ndarray]:
        folds = [n.run(None, {n.get_inputs()[0].name: x}) for n in self.nets[role]]
        return [np.mean(outs, axis=0) for outs in zip(*folds, strict=True)] if len(folds) > 1 else folds[0]


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU as z, y, x with z to the feet, spacing and the place of the first voxel in the same order."""
    slices = [pydicom.dcmread(p) for p in sorted(folder.glob("*.dcm"))]
    slices.sort(key=lambda s: -float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * np.float32(s.RescaleSlope) + np.float32(s.RescaleIntercept) for s in slices])
    z = [float(s.ImagePositionPatient[2]) for s in slices]
    first = slices[0]
    spacing = np.array([(z[0] - z[-1]) / (len(z) - 1), *map(float, first.PixelSpacing)])
    place = np.array([-z[0], float(first.ImagePositionPatient[1]), float(first.ImagePositionPatient[0])])
    return hu.astype(np.int16), spacing, place


def window(hu: np.ndarray, w: list[float]) -> np.ndarray:
    return np.clip((hu - np.float32(w[0])) / np.float32(w[1] - w[0]), 0, 1)


class Study:
    """A volume that is sampled in millimetres: z to the feet, y to the back, x to the left."""

    def __init__(self, folder: Path) -> None:
        self.hu, self.spacing, self.place = read(folder)

    def plane(self, z: float, y0: float, x0: float, n: int, step: float) -> np.ndarray:
        at = (np.array([z, y0, x0]) - self.place) / self.spacing
        ys, xs = at[1] + np.arange(n) * step / self.spacing[1], at[2] + np.arange(n) * step / self.spacing[2]
        yy, xx = np.meshgrid(ys, xs, indexing="ij")
        return ndimage.map_coordinates(self.hu, [np.full_like(yy, at[0]), yy, xx], order=1, output=np.float32, cval=-1000)

    def field(self, spec: dict) -> tuple[np.ndarray, np.ndarray]:
        step = spec["spacing_mm"]
        size = self.spacing * self.hu.shape
        coarse = self.hu[::4, ::4, ::4] > -200
        center = self.place + np.array(ndimage.center_of_mass(coarse)) * 4 * self.spacing
        most = np.array(spec["max_mm"])[::-1]
        n = np.round(np.minimum(size, most) / step).astype(int)
        first = self.place - self.spacing / 2 + size / 2 - (n - 1) / 2 * step
        first[0] = self.place[0] - self.spacing[0] / 2 + step / 2
        low, high = self.place, self.place - self.spacing + size - (n - 1) * step
        for a in (1, 2):
            if size[a] > most[a]:
                first[a] = np.clip(center[a] - (n[a] - 1) / 2 * step, low[a], max(high[a], low[a]))
        out = ndimage.affine_transform(self.hu, step / self.spacing, (first - self.place) / self.spacing, tuple(n), order=1, cval=-1000)
        return out, first


def segment(nets: Networks, field: np.ndarray) -> np.ndarray:
    """Labels of the field: every third column first, then the band that holds vertebrae."""
    spec = nets.spec["segment"]
    nz, ny, nx = field.shape
    labels, done = np.zeros(field.shape, np.uint8), np.zeros(nx, bool)
    bony = (field > 150).sum(axis=(0, 1)) >= 40
    padded = np.zeros((nx + 2, *(-(-v // spec["multiple"]) * spec["multiple"] for v in (nz, ny))), np.float32)
    padded[1:-1, :nz, :ny] = window(field, spec["window"]).transpose(2, 0, 1)

    def columns(xs: list[int]) -> None:
        done[xs] = True
        xs = [x for x in xs if bony[x]]
        for i in range(0, len(xs), 8):
            some = xs[i : i + 8]
            x = np.stack([padded[c : c + 3] for c in some])
            (logits,) = nets.run("segment", x)
            for c, best in zip(some, logits.argmax(axis=1).astype(np.uint8), strict=True):
                labels[:, :, c] = best[:nz, :ny]

    columns(list(range(1, nx, 3)))
    hits = ((labels >= 1) & (labels <= 7)).sum(axis=(0, 1)) >= 20
    if hits.any():
        found = np.flatnonzero(hits)
        columns([x for x in range(max(found[0] - 6, 0), min(found[-1] + 7, nx)) if not done[x]])
    for level in LEVELS:
        parts, count = ndimage.label(labels == level)
        if count > 1:
            largest = np.bincount(parts.ravel())[1:].argmax() + 1
            labels[(parts > 0) & (parts != largest)] = 8
    return labels


def classify(nets: Networks, study: Study, labels: np.ndarray, first: np.ndarray, boxes: dict) -> dict:
    spec, step = nets.spec["classify"], nets.spec["segment"]["spacing_mm"]
    n, count, mm = spec["size_px"], spec["slices"], spec["spacing_mm"]
    crops = np.empty((len(boxes), count, 4, n, n), np.float32)
    for row, (level, (lo, hi, mean)) in zip(crops, boxes.items(), strict=True):
        top = first[0] + (lo - 0.5) * step - spec["grow_mm"]
        gap = ((hi - lo + 1) * step + 2 * spec["grow_mm"]) / count
        y0, x0 = first[1] + mean[1] * step - (n - 1) / 2 * mm, first[2] + mean[2] * step - (n - 1) / 2 * mm
        mask = (labels == level).astype(np.float32)
        for t in range(count):
            z = top + (t + 0.5) * gap
            for c in range(3):
                row[t, c] = window(study.plane(z + (c - 1) * spec["offset_steps"] * gap, y0, x0, n, mm), spec["window"])
            at = (np.array([z, y0, x0]) - first) / step
            yy, xx = np.meshgrid(at[1] + np.arange(n) * mm / step, at[2] + np.arange(n) * mm / step, indexing="ij")
            row[t, 3] = ndimage.map_coordinates(mask, [np.full_like(yy, at[0]), yy, xx], order=1)
    logits = nets.run("classify", crops)[0]
    return dict(zip(boxes, logits.tolist(), strict=True))


def model1(nets: Networks, study: Study, labels: np.ndarray, first: np.ndarray, boxes: dict) -> dict:
    spec, step = nets.spec["model1_patient"], nets.spec["segment"]["spacing_mm"]
    n, mm = spec["size_px"], spec["spacing_mm"]
    zz, yy, xx = np.nonzero((labels >= 1) & (labels <= 7))
    top, bottom = first[0] + (zz.min() - 0.5) * step, first[0] + (zz.max() + 0.5) * step
    zs = np.arange(top + spec["step_mm"] / 2, bottom, spec["step_mm"])
    data = np.empty((len(zs), 3, n, n), np.float32)
    for i, z in enumerate(zs):
        near = np.abs(first[0] + zz * step - z) <= spec["smooth_mm"]
        y = first[1] + yy[near].mean() * step + spec["posterior_mm"] - (n - 1) / 2 * mm
        x = first[2] + xx[near].mean() * step - (n - 1) / 2 * mm
        for c in range(3):
            data[i, c] = window(study.plane(z + (c - 1) * spec["offset_mm"], y, x, n, mm), spec["window"])

    def score(role: str, rows: np.ndarray) -> float:
        logits = np.concatenate([nets.run(role, rows[i : i + 8])[0] for i in range(0, len(rows), 8)])
        return float(np.sort(logits)[-spec["top_k"] :].mean())

    out = {"patient": score("model1_patient", data)}
    for level, (lo, hi, _) in boxes.items():
        inside = (zs >= first[0] + (lo - 0.5) * step) & (zs <= first[0] + (hi + 0.5) * step)
        if inside.any():
            out[level] = score(f"model1_c{level}", data[inside])
    return out


def png(grey: np.ndarray) -> bytes:
    rows = np.zeros((grey.shape[0], grey.shape[1] + 1), np.uint8)
    rows[:, 1:] = grey
    chunk = lambda kind, b: struct.pack(">I", len(b)) + kind + b + struct.pack(">I", zlib.crc32(kind + b))
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b"")


def artefacts(out: Path, study: Study, labels: np.ndarray, first: np.ndarray, step: float, boxes: dict) -> None:
    side, axes = 320, ((1, 2, 80), (0, 1, 120), (0, 2, 120))  # rows, columns, millimetres
    for level, (_, _, mean) in boxes.items():
        center = (first + np.array(mean) * step - study.place) / study.spacing
        for rows, columns, mm in axes:
            r = (np.arange(side) - (side - 1) / 2) * mm / side
            at = [np.full((side, side), c) for c in center]
            at[rows] = at[rows] + (r / study.spacing[rows])[:, None]
            at[columns] = at[columns] + (r / study.spacing[columns])[None, :]
            hu = ndimage.map_coordinates(study.hu, at, order=1, output=np.float32, cval=-1024)
            (out / f"c{level}-{rows}{columns}.png").write_bytes(png(np.round(window(hu, [-500, 1300]) * 255).astype(np.uint8)))
    where = np.nonzero((labels >= 1) & (labels <= 7))
    low = (first + (np.array([w.min() for w in where]) * step) - 25 - study.place) / study.spacing
    high = (first + (np.array([w.max() for w in where]) * step) + 25 - study.place) / study.spacing
    block = np.maximum(np.round(1 / study.spacing), 1).astype(int)
    low = np.maximum(low, 0).astype(int)
    n = (np.minimum(np.ceil(high), study.hu.shape).astype(int) - low) // block
    part = study.hu[tuple(slice(a, a + m * b) for a, m, b in zip(low, n, block, strict=True))]
    mean = part.reshape(n[0], block[0], n[1], block[1], n[2], block[2]).mean(axis=(1, 3, 5), dtype=np.float32)
    (out / "preview.i16.gz").write_bytes(gzip.compress(np.round(mean).astype("<i2").tobytes(), 1))
    centers = (study.place + (low + (block - 1) / 2) * study.spacing - first) / step
    near = [np.round(c + np.arange(m) * b * s / step).astype(int) for c, m, b, s in zip(centers, n, block, study.spacing, strict=True)]
    inside = [(i >= 0) & (i < m) for i, m in zip(near, labels.shape, strict=True)]
    mask = labels[np.ix_(*(np.clip(i, 0, m - 1) for i, m in zip(near, labels.shape, strict=True)))]
    mask = mask * (inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :])
    (out / "mask.u8.gz").write_bytes(gzip.compress(mask.astype(np.uint8).tobytes(), 1))


def analyse(nets: Networks, folder: Path, given: np.ndarray | None) -> dict:
    laps, start = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal start
        now = time.perf_counter()
        laps[name], start = now - start, now

    study = Study(folder)
    lap("volume")
    field, first = study.field(nets.spec["segment"])
    labels = segment(nets, field)
    if given is not None:  # networks of random weights find nothing
        labels = given.reshape(field.shape[2], field.shape[0], field.shape[1]).transpose(1, 2, 0).copy()
    lap("segment")
    boxes = {}
    for level in LEVELS:
        where = np.nonzero(labels == level)
        if len(where[0]):
            boxes[level] = (where[0].min(), where[0].max(), [w.mean() for w in where])
    logits = classify(nets, study, labels, first, boxes)
    lap("classify")
    slices = model1(nets, study, labels, first, boxes)
    lap("model1")
    decided = sum(laps.values())
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        artefacts(Path(out), study, labels, first, nets.spec["segment"]["spacing_mm"], boxes)
        lap("artefacts")
    return {"laps": laps, "decided": decided, "wall": sum(laps.values()), "classify": logits, "model1": slices}


def main() -> None:
    pack, folder, threads, repeats = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    given = np.fromfile(sys.argv[5], np.uint8) if len(sys.argv) > 5 else None
    nets = Networks(pack, threads)
    runs = []
    for _ in range(repeats):
        spent = time.process_time()
        runs.append(analyse(nets, folder, given))
        runs[-1]["cpu"] = time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"runs": runs, "peak_mb": peak}))


main()
