"""Writes trained networks as ONNX graphs and the manifest fragment that describes them.

Opset 17 and IR version <= 10 by the legacy exporter: newer defaults are refused by runtimes in use. The batch is
dynamic, and height and width of the segmenter. Each graph is checked, and compared with torch where ONNX Runtime is
installed. OUT/models.json lists file, digest, tensors, input geometry and training of every graph; the pack is built
and signed elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors.torch
import torch
from torch import Tensor, nn

import model
from checkpoint import read_facts
from dataset import CROP, LEVELS, SLICE
from records import write_json
from settings import Config

MAX_IR = 10
RANDOM_PREFIX = "random-weights."


@dataclass(frozen=True)
class Graph:
    """One graph of the pack: tensor names are the contract with the service."""

    weights: str  # stem of the weight file
    file: str
    network: str
    width: int
    shape: tuple[int, ...]  # of one example batch
    input: str
    outputs: tuple[str, ...]
    axes: dict[int, str]  # dynamic axes of the input


def graphs(config: Config) -> list[Graph]:
    """All graphs of a recipe, in pack order."""
    batch = {0: "N"}
    image = {0: "N", 2: "H", 3: "W"}
    seg, cla, one = config.segment, config.classify, config.model1
    out = [
        Graph("segment", "model2_segment.onnx", seg.network, seg.width, (2, 3, 64, 96), "slices", ("logits",), image),
        Graph(
            "classify",
            "model2_classify.onnx",
            cla.network,
            cla.width,
            (2, *CROP),
            "crops",
            ("logit", "slice_logits", "maps"),
            batch,
        ),
    ]
    for target in ("patient", *(name.lower() for name in LEVELS)):
        name = f"model1_{target}"
        out.append(Graph(name, f"{name}.onnx", one.network, 0, (2, *SLICE), "slices", ("logit", "map"), batch))
    return out


def export_trained(config: Config, out: Path) -> list[dict[str, Any]]:
    """Exports every network whose weights are in `out`. Raises ValueError when there is none."""
    entries = []
    for graph in graphs(config):
        path = out / f"{graph.weights}.safetensors"
        if not path.exists():
            continue
        net = model.build(graph.network, graph.width)
        net.load_state_dict(safetensors.torch.load_file(path))
        entries.append(export_graph(graph, net, out / graph.file, config.opset, read_facts(path)))
    if not entries:
        raise ValueError("export: no trained network in the output folder")
    _write(config, out, entries, random_weights=False)
    return entries


def export_random(config: Config, out: Path) -> list[dict[str, Any]]:
    """Exports untrained networks under names no pack may hold: their answers mean nothing, only their speed does."""
    entries = []
    for graph in graphs(config):
        torch.manual_seed(config.seed)
        net = model.build(graph.network, graph.width)
        entries.append(export_graph(graph, net, out / (RANDOM_PREFIX + graph.file), config.opset, {}))
    _write(config, out, entries, random_weights=True)
    return entries


def export_graph(graph: Graph, net: nn.Module, path: Path, opset: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Writes one graph and returns its entry of the manifest fragment."""
    net = net.cpu().eval().to(memory_format=torch.contiguous_format)
    example = torch.rand(graph.shape, generator=torch.Generator().manual_seed(0))
    axes: dict[str, dict[int, str]] = {graph.input: graph.axes}
    axes.update({name: graph.axes if name == "logits" else {0: "N"} for name in graph.outputs})
    temporary = path.with_suffix(".tmp")
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecation and of a GRU's traced batch
        torch.onnx.export(
            net,
            (example,),
            str(temporary),
            opset_version=opset,
            dynamo=False,
            input_names=[graph.input],
            output_names=list(graph.outputs),
            dynamic_axes=axes,
        )
    loaded = onnx.load(temporary)
    onnx.checker.check_model(loaded)
    if loaded.ir_version > MAX_IR:
        raise ValueError(f"export: {path.name}: IR version {loaded.ir_version} is above {MAX_IR}")
    os.replace(temporary, path)
    data = path.read_bytes()
    return {
        "name": graph.weights,
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "opset": opset,
        "ir_version": loaded.ir_version,
        "network": graph.network,
        "parameters": model.parameters(net),
        "inputs": [_tensor(v) for v in loaded.graph.input],
        "outputs": [_tensor(v) for v in loaded.graph.output],
        "input_spec": facts.get("spec", {}),
        "training": {k: v for k, v in facts.items() if k not in ("spec", "fingerprint", "network", "parameters")},
        "parity": parity(graph, net, path),
    }


def parity(graph: Graph, net: nn.Module, path: Path) -> float | None:
    """Largest difference between torch and ONNX Runtime on a batch of another size; None without ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError:
        return None
    shape = (3, *graph.shape[1:2], *(n * 2 if axis + 2 in graph.axes else n for axis, n in enumerate(graph.shape[2:])))
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    got = session.run(list(graph.outputs), {graph.input: x.numpy()})
    with torch.no_grad():
        want = net(x)
    want = (want,) if isinstance(want, Tensor) else want
    return max(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, want, strict=True))


def _tensor(value: Any) -> dict[str, Any]:
    dims = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
    return {"name": value.name, "dtype": "float32", "shape": dims}


def _write(config: Config, out: Path, entries: list[dict[str, Any]], random_weights: bool) -> None:
    value = {"schema": 1, "recipe": config.recipe, "random_weights": random_weights, "models": entries}
    write_json(out / (RANDOM_PREFIX * random_weights + "models.json"), value)
    total = sum(entry["bytes"] for entry in entries)
    print(f"exported {len(entries)} graphs, {total / 1e6:.1f} MB", flush=True)
