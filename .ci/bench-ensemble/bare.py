"""The networks of one analysis and nothing else: ONNX Runtime alone, on the batches that an analysis ran.

Two ways: `inside` is a session with all threads, one batch after the other, as its users run it; `beside` is a session
of one thread and as many batches at a time as there are processors. The better of the two is the bare time.
"""

import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort


def session(path: Path, threads: int) -> ort.InferenceSession:
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
    o.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])


def main() -> None:
    pack, report, repeats = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])
    threads, rng = report["threads"], np.random.default_rng(1)
    shapes = {tuple(b["shape"]) for b in report["batches"]}
    data = {s: rng.random(s, dtype=np.float32) for s in shapes}
    files = {b["file"] for b in report["batches"]}
    out = {"batches": len(report["batches"])}
    for way, inner, outer in (("inside", threads, 1), ("beside", 1, threads)):
        nets = {f: session(pack / f, inner) for f in files}
        names = {f: n.get_inputs()[0].name for f, n in nets.items()}

        def run(b: dict, nets: dict = nets, names: dict = names) -> None:
            nets[b["file"]].run(None, {names[b["file"]]: data[tuple(b["shape"])]})

        wall, cpu = [], []
        with ThreadPoolExecutor(outer) as pool:
            for n in range(repeats + 1):
                start, spent = time.perf_counter(), time.process_time()
                if outer == 1:
                    for b in report["batches"]:
                        run(b)
                else:
                    list(pool.map(run, report["batches"]))
                if n:  # the first one makes the arena
                    wall.append(time.perf_counter() - start)
                    cpu.append(time.process_time() - spent)
        out[way] = {"wall": statistics.median(wall), "best": min(wall), "cpu": statistics.median(cpu)}
    print(json.dumps(out))


main()
