"""Stands in for generate.py in the tests of the benchmark: the same commands and files, made in milliseconds.

Every call is added to calls.txt in the folder BENCHMARK_COMMANDS. Its control.json may name stages that fail, one during
which the caller is killed, and one that lasts until it is stopped.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import yaml

HERE = Path(os.environ["BENCHMARK_COMMANDS"])
PRESETS = ("C_CP", "C_CP_S", "D", "D_S", "M", "S_style")


def write_dataset(root: Path, names: list[str], kind: str, steps: int, seal: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    info = {"schema_version": 1, "generator": "x", "kind": kind, "config": {"refinement": {"steps": steps}}}
    (root / "dataset.json").write_text(json.dumps(info))
    lines = [
        json.dumps({"file": name, "image_sha256": hashlib.sha256((name + seal).encode()).hexdigest()}) for name in names
    ]
    (root / "manifest.jsonl").write_text("\n".join(lines))
    (root / "annotations.json").write_text(json.dumps({"images": [{"file_name": name} for name in names]}))


def names_in(root: str) -> list[str]:
    return [image["file_name"] for image in json.loads((Path(root) / "annotations.json").read_text())["images"]]


def content(root: str) -> str:
    return hashlib.sha256((Path(root) / "manifest.jsonl").read_bytes()).hexdigest()


def split(options: dict) -> None:
    names, start = names_in(options["dataset"]), 0
    for part, share in zip(("train", "val", "test"), options["fractions"], strict=True):
        count = round(share * len(names))
        if share:
            write_dataset(
                Path(options["out"]) / part, names[start : start + count], "refined", 0, content(options["dataset"])
            )
        start += count


def render(options: dict) -> None:
    write_dataset(Path(options["out"]), [f"{n}.png" for n in range(options["images"])], "synthetic", 0, str(options))


def refine(options: dict) -> None:
    seal = "".join(
        [options["preset"], str(options.get("seed")), content(options["synthetic"]), str(options.get("filters"))]
    )
    seal += content(options["real"]) if "real" in options else ""
    write_dataset(Path(options["out"]), names_in(options["synthetic"]), "refined", options.get("steps") or 77, seal)


def f1_of(name: str) -> float:
    return round(0.5 + int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) / 200_000, 3)


def evaluate(options: dict) -> None:
    sets, measures = [], {}
    for entry in options["train"]:
        name = entry.partition("=")[0]
        f1 = f1_of(name)
        curve = [
            {"epoch": float(epoch), "loss": 1 / epoch, "precision": f1, "recall": f1, "f1": f1} for epoch in (1, 2, 3)
        ]
        records = [{"seed": seed, "chosen": curve[1], "curve": curve} for seed in options["seeds"]]
        figure = {"value": f1, "low": f1 - 0.02, "high": f1 + 0.02, "deviation": 0.01}
        measures[name] = {"figures": dict.fromkeys(("precision", "recall", "f1"), figure)}
        sets.append({"name": name, "records": records, "pictures": 9})
    comparisons = [
        {"first": a, "second": b, "differences": {"f1": {"value": d, "low": d - 0.01, "high": d + 0.01}}}
        for place, b in enumerate(measures) for a in list(measures)[place + 1 :]
        for d in [f1_of(a) - f1_of(b)]
    ]  # fmt: skip
    test = {"name": "test", "measures": measures, "comparisons": comparisons}
    write_report(options, {"sets": sets, "tests": [test], "conditions": {"IoU": "0.5"}})


def compare(options: dict) -> None:
    names = [entry.partition("=")[0] for entry in options["sets"]]
    pairs = [
        {"name": a, "reference": b, "frechet": {"value": 10 * f1_of(a + b), "low": 1.0, "high": 20.0},
         "kernel": {"value": 1.0, "low": 0.5, "high": 2.0}, "biased": True}
        for place, a in enumerate(names) for b in names[place + 1 :]
    ]  # fmt: skip
    network = {"frechet_name": "FD-bank", "kernel_name": "KD-bank", "pairs": pairs}
    points = [{"name": name, "x": [0.0, 1.0], "y": [1.0, 0.0], "role": "main"} for name in names]
    plots = (
        [{"kind": "points", "title": "Pool 2", "x_label": "1", "y_label": "2", "series": points}]
        if options["pca"]
        else []
    )
    write_report(options, {"distances": [network], "plots": plots})


def write_report(options: dict, report: dict) -> None:
    out = Path(options["out"])
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report))


def main() -> int:
    command, *rest = sys.argv[1:]
    if "?" in rest:
        listed = "; ".join(f"{name} (what it is; and more)" for name in PRESETS)
        print(f'generate.py refine: --preset "?": no such preset; known presets: {listed}')
        return 2
    path = Path(rest[rest.index("--config") + 1])
    stage = path.parent.name.rsplit("-", 1)[0]
    with (HERE / "calls.txt").open("a") as calls:
        calls.write(f"{stage}\n")
    control = json.loads((HERE / "control.json").read_text())
    print("half way", end="\r")
    if stage in control.get("fail", []):
        print("the machine is out of memory")
        return 1
    if stage == control.get("kill"):
        os.kill(os.getppid(), signal.SIGKILL)
        return 1
    if stage == control.get("last"):
        (HERE / "pid.txt").write_text(str(os.getpid()))
        time.sleep(600)
    options = yaml.safe_load(path.read_text())
    {"split": split, "render": render, "refine": refine, "evaluate": evaluate, "compare": compare}[command](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
