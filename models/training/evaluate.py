"""Figures of networks on held-out training studies, and the baselines they must beat.

These figures steer training and are printed; a pack is judged by `neckfrac evaluate` on exported graphs, end to end.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

import metrics
import model
from batches import sagittal, vertebra_range, window
from dataset import LEVELS, Dataset
from records import write_json
from settings import Config

CHUNK = 16


class SegmentScorer:
    """Mean Dice of C1..C7 over whole sagittal slices, every fourth one that holds a vertebra."""

    def __init__(self, data: Dataset, studies: list[int], device: str) -> None:
        self.data, self.device = data, device
        self.index: list[tuple[int, np.ndarray]] = []
        for i in studies:
            found = vertebra_range(data, i) if data.labelled(i) else None
            if found is not None:
                self.index.append((i, found.x[::4]))

    def mean_dice(self, net: nn.Module) -> float:
        """nan when no validation study has labels."""
        overlap, size = np.zeros(model.SEGMENT_CLASSES), np.zeros(model.SEGMENT_CLASSES)
        for i, xs in self.index:
            hu, labels = self.data.volume(i)
            for at in range(0, len(xs), CHUNK):
                x, truth = self._padded(hu, labels, xs[at : at + CHUNK])
                rows, columns = truth.shape[1:]
                found = net(channels_last(x, self.device)).argmax(1)[:, :rows, :columns].cpu().numpy()
                for c in range(1, len(LEVELS) + 1):
                    a, b = found == c, truth == c
                    overlap[c] += 2 * np.count_nonzero(a & b)
                    size[c] += np.count_nonzero(a) + np.count_nonzero(b)
        seen = size > 0
        return float((overlap[seen] / size[seen]).mean()) if seen.any() else float("nan")

    def _padded(self, hu: np.ndarray, labels: np.ndarray, xs: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Input as the service builds it: padded with 0 below and behind to multiples of 32."""
        rows, columns = hu.shape[1:]
        x = torch.zeros(len(xs), 3, -(-rows // 32) * 32, -(-columns // 32) * 32)
        for i, at in enumerate(xs):
            x[i, :, :rows, :columns] = window(sagittal(hu, np.arange(at - 1, at + 2)), self.data.segment_window)
        return x, np.asarray(labels[xs])


class CropScorer:
    """Vertebra and patient AUC of the crop network; occult fractures are left out."""

    def __init__(self, data: Dataset, studies: list[int], limit: int, device: str) -> None:
        self.data, self.device = data, device
        rows = data.crop_rows
        index = np.flatnonzero(np.isin(rows.study, studies) & ~rows.occult)
        if len(index) > limit:  # a fixed, spread-out choice
            index = index[np.linspace(0, len(index) - 1, limit).astype(int)]
        self.index = index
        self.label = rows.label[index].astype(np.float64)

    def logits(self, net: nn.Module, blind: bool = False) -> np.ndarray:
        """Vertebra logits; `blind` zeroes the image and leaves the mask."""
        out = np.zeros(len(self.index))
        for at in range(0, len(self.index), CHUNK):
            x = torch.from_numpy(np.asarray(self.data.crops[self.index[at : at + CHUNK]])).float()
            if blind:
                x[:, :, :3] = 0
            out[at : at + CHUNK] = net(x.to(self.device))[0].float().cpu().numpy()
        return out

    def vertebra_auc(self, net: nn.Module) -> float:
        """nan when validation has only one class."""
        return metrics.auc(self.logits(net), self.label)


class SliceScorer:
    """AUC of the score of a vertebra (mean of the highest slices of its box) by one Model I member.

    The patient network is scored on all vertebrae: an enriched set has hardly a patient without a fracture.
    """

    def __init__(self, data: Dataset, studies: list[int], level: int | None, top: int, device: str) -> None:
        self.data, self.top, self.device = data, top, device
        rows = data.slice_rows
        self.groups: list[np.ndarray] = []
        labels: list[bool] = []
        for i in studies:
            for k in range(len(LEVELS)) if level is None else [level]:
                found = np.flatnonzero((rows.study == i) & (rows.levels >> k & 1 == 1))
                fractured = bool((rows.fractured[found] >> k & 1).any())
                hidden = bool((rows.hidden[found] >> k & 1).any())
                if len(found) > 0 and (fractured or not hidden):
                    self.groups.append(found)
                    labels.append(fractured)
        self.label = np.array(labels, dtype=np.float64)

    def vertebra_auc(self, net: nn.Module) -> float:
        """nan when validation has only one class."""
        logit: dict[int, float] = {}
        rows = np.unique(np.concatenate(self.groups)) if self.groups else np.zeros(0, dtype=np.int64)
        for at in range(0, len(rows), 4 * CHUNK):
            part = rows[at : at + 4 * CHUNK]
            x = torch.from_numpy(np.asarray(self.data.slices[part])).float()
            found = net(channels_last(x, self.device))[0].float().cpu().numpy()
            logit.update(zip(part.tolist(), found.tolist(), strict=True))
        scores = [np.sort([logit[r] for r in group.tolist()])[-self.top :].mean() for group in self.groups]
        return metrics.auc(np.array(scores), self.label)


def channels_last(x: Tensor, device: str) -> Tensor:
    """To the device in the memory order the networks are kept in."""
    return x.to(device).contiguous(memory_format=torch.channels_last)


def report(config: Config, data: Dataset, out: Path) -> dict[str, float]:
    """Prints and writes what the crop network gets with and without seeing the image, and what knowing nothing gets.

    Uses the studies of the validation fold. A blind figure far from 0.5 means that masks or crops give the label away.
    """
    _, held = data.training(config.fold, config.folds)
    scorer = CropScorer(data, held, len(data.crop_rows.study), config.device)
    net = model.build(config.classify.network, config.classify.width)
    net.load_state_dict(safetensors.torch.load_file(out / "classify.safetensors"))
    net.to(config.device, memory_format=torch.channels_last).eval()
    rows = data.crop_rows
    level, study = rows.level[scorer.index], rows.study[scorer.index]
    with torch.inference_mode():
        seen, blind = scorer.logits(net), scorer.logits(net, blind=True)
    trained = ~np.isin(rows.study, held) & ~rows.occult
    share = [
        float(rows.label[trained & (rows.level == k)].mean()) if (trained & (rows.level == k)).any() else 0.0
        for k in range(len(LEVELS))
    ]
    ids = np.unique(study)
    patient = np.array([scorer.label[study == i].max() for i in ids])
    value = {
        "vertebrae": float(len(scorer.index)),
        "fractured": float(scorer.label.sum()),
        "vertebra_auc": metrics.auc(seen, scorer.label),
        "vertebra_auc_blind": metrics.auc(blind, scorer.label),
        "vertebra_auc_level_only": metrics.auc(np.array(share)[level], scorer.label),
        "patient_auc_highest": metrics.auc(np.array([seen[study == i].max() for i in ids]), patient),
        "vertebra_f2_flag_all": metrics.flag_all_f2(float(scorer.label.mean())) if len(scorer.index) else float("nan"),
        "patient_f2_flag_all": metrics.flag_all_f2(float(patient.mean())) if len(ids) else float("nan"),
    }
    for name, figure in value.items():
        print(f"{name} {figure:.4f}")
    write_json(out / "report.json", value)
    return value
