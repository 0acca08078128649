"""Steps per second of training and crops per second of refining, by crop size and network, on this machine.

    python benchmarks/refine.py                      # the sizes below on the default device
    python benchmarks/refine.py --device cuda --precision bf16 --channels-last --sizes 128 256

Random crops, CycleGAN with the skip connection, batch 1, everything a step does (both generators and discriminators,
pools, fetching the losses every 20 steps) except checkpoints. The first steps are not counted. On CPU the processor
time is given beside the wall time; on a machine that others use too, measure it with --threads 1, since threads that
wait for one another spend it as well.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refine.config import RefineConfig
from refine.presets import find_preset
from refine.refiner import Progress, Refiner
from refine.trainer import choose_device, to_images

NETWORKS = {"full": (64, 9, 64), "small": (16, 3, 16)}
"""Filters and blocks of the generator, filters of the discriminator."""


@dataclass(frozen=True)
class Row:
    """One measurement."""

    network: str
    size_px: int
    steps_per_s: float
    cpu_s_per_step: float
    refined_per_s: float
    memory_mib: float
    """Peak of the device's memory (CUDA only)."""


def main() -> None:
    options = _options()
    device = choose_device(options.device, options.precision)
    torch.backends.cudnn.benchmark = True
    if options.threads:
        torch.set_num_threads(options.threads)
    print(f"{_describe(device)}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {options.precision}")
    print(f"{'network':8} {'crop':>6} {'steps/s':>9} {'CPU-s/step':>11} {'refined/s':>10} {'MiB':>7}")
    rows = []
    for name in options.networks:
        for size_px in options.sizes:
            row = measure(name, size_px, device, options)
            rows.append(asdict(row))
            print(
                f"{row.network:8} {row.size_px:6} {row.steps_per_s:9.2f} {row.cpu_s_per_step:11.3f} "
                f"{row.refined_per_s:10.1f} {row.memory_mib:7.0f}",
                flush=True,
            )
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


def measure(name: str, size_px: int, device: torch.device, options: argparse.Namespace) -> Row:
    filters, blocks, discriminator_filters = NETWORKS[name]
    config = RefineConfig(
        synthetic=Path("S"), out=Path("O"), preset="C_CP_S", size_px=size_px, filters=filters, blocks=blocks,
        discriminator_filters=discriminator_filters, precision=options.precision, channels_last=options.channels_last,
    )  # fmt: skip
    refiner = find_preset(config.preset).build(config, device)
    drawn = np.random.default_rng(0).integers(0, 256, (32, 3, size_px, size_px), dtype=np.uint8)
    crops = torch.from_numpy(drawn).to(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    train(refiner, crops, 3)
    wall, cpu = train(refiner, crops, options.steps)
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0
    return Row(name, size_px, options.steps / wall, cpu / options.steps, len(crops) / refine(refiner, crops), memory)


def train(refiner: Refiner, crops: torch.Tensor, steps: int) -> tuple[float, float]:
    """Wall and processor seconds of these steps."""
    rng = np.random.default_rng(0)
    wall, cpu = _now(refiner.device), time.process_time()
    losses: dict[str, torch.Tensor] = {}
    for step in range(steps):
        x, y = to_images(crops[step % len(crops)][None]), to_images(crops[(step + 7) % len(crops)][None])
        losses = refiner.step(x, y, Progress(step, steps, 2e-4), rng)
        if step % 20 == 19:
            torch.stack(list(losses.values())).cpu()
    return _now(refiner.device) - wall, time.process_time() - cpu


def refine(refiner: Refiner, crops: torch.Tensor) -> float:
    """Seconds to refine the crops in one batch."""
    refiner.refine(to_images(crops[:1]))
    start = _now(refiner.device)
    refiner.refine(to_images(crops))
    return _now(refiner.device) - start


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _describe(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, help="of the processor; default PyTorch's choice")
    parser.add_argument("--json", help="also write the rows to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
