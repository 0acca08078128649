"""Steps per second of training and crops per second of refining, beside the loop that published implementations write.

    python benchmarks/refine.py --perceptual-weights VGG.safetensors           # 128 and 256 px on the default device
    python benchmarks/refine.py --sizes 64 --presets C_CP_S --steps 4 --filters 8 --blocks 2 --threads 1     # a try

Both loops run in turns in one process, on random crops, batch 1 unless told: ours as `generate.py refine` trains
(crops on the device, losses fetched every 20 steps, no checkpoints), with bf16, channels-last and CUDA graphs on CUDA
and fp32 elsewhere unless told; the other as benchmarks/plain_training.py says, in fp32. The first steps are not counted;
the figures are medians over turns. On a machine that others use too, look at the processor time and pass --threads 1:
threads that wait for one another spend it as well.

How far a figure is from the machine's limit: floating-point operations of a step (torch.utils.flop_counter, which
counts convolutions and matrix products) times steps per second over the device's peak, the data sheet's for dense
matrix products where the device is known below, else the rate of a large matrix product measured first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.files import write_image
from benchmarks.plain_training import PlainTraining
from refine.config import RefineConfig
from refine.perceptual import load_perceptual
from refine.presets import find_preset
from refine.refiner import Batch, Progress, Refiner, to_crops, to_images
from refine.refiners.cyclegan import CycleGAN
from refine.training.acceleration import WARM_UP, step_runner
from refine.training.device import choose_device, device_title
from refine.training.log import LossLog
from refine.training.order import CropOrder
from refine.training.trainer import Training

CROPS = 64
"""Of each domain."""
TURNS = 3
GOALS = (
    "Goals: 4 times the plain loop at batch 1; 43,520 steps of D_S at 128 px within 10 minutes (72.5 a second); "
    "5,576 crops refined in 20 s (279 a second)"
)
PEAKS = {
    "H200": {"bf16": 989e12, "fp32": 494e12},
    "H100": {"bf16": 989e12, "fp32": 494e12},
    "A100": {"bf16": 312e12, "fp32": 156e12},
    "L40S": {"bf16": 362e12, "fp32": 183e12},
    "L4": {"bf16": 121e12, "fp32": 60e12},
    "RTX 4090": {"bf16": 165e12, "fp32": 82.6e12},
    "RTX 3090": {"bf16": 71e12, "fp32": 35.6e12},
}
"""Operations per second by part of the device's name: dense tensor cores; fp32 means TF32, which cuDNN uses for it."""


@dataclass(frozen=True)
class Row:
    """One preset at one size."""

    preset: str
    size_px: int
    steps_per_s: float
    plain_steps_per_s: float
    cpu_s_per_step: float
    plain_cpu_s_per_step: float
    step_flops: float
    refined_per_s: float
    refine_flops: float
    memory_mib: float
    """Peak of the device's memory while training (CUDA only), ours."""
    plain_memory_mib: float

    def text(self, peak: float) -> str:
        return (
            f"{self.preset:8} {self.size_px:5} {self.steps_per_s:9.3f} {self.plain_steps_per_s:9.3f} "
            f"{self.steps_per_s / self.plain_steps_per_s:6.2f} {self.cpu_s_per_step:8.3f} "
            f"{self.plain_cpu_s_per_step:8.3f} {self.step_flops / 1e9:8.1f} "
            f"{self.step_flops * self.steps_per_s / peak:7.1%} {self.refined_per_s:9.1f} "
            f"{self.refine_flops * self.refined_per_s / peak:7.1%} {self.memory_mib:7.0f} {self.plain_memory_mib:7.0f}"
        )


HEAD = (
    f"{'preset':8} {'px':>5} {'steps/s':>9} {'plain':>9} {'times':>6} {'CPU-s':>8} {'plain':>8} {'GFLOP':>8} "
    f"{'of peak':>7} {'refined/s':>9} {'of peak':>7} {'MiB':>7} {'plain':>7}"
)


def main() -> None:
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    cuda = device.type == "cuda"
    options.precision = options.precision or ("bf16" if cuda else "fp32")
    options.channels_last = cuda if options.channels_last is None else options.channels_last
    choose_device(str(device), options.precision)
    torch.backends.cudnn.benchmark = True
    peak, source = peak_of(device, options.precision)
    print(
        f"{device_title(device)}, PyTorch {torch.__version__}; ours: {options.precision}, channels-last "
        f"{options.channels_last}, acceleration {options.acceleration}; batch {options.batch}; {options.filters} filters, "
        f"{options.blocks} blocks, {options.discriminator_filters} discriminator filters; {TURNS} turns of "
        f"{options.steps} and {options.plain_steps} steps\nPeak: {peak / 1e12:.4g} TFLOP/s, {source}\n{GOALS}\n{HEAD}"
    )
    rows = []
    for preset in options.presets:
        for size_px in options.sizes:
            row = measure(preset, size_px, device, options)
            rows.append(asdict(row))
            print(row.text(peak), flush=True)
    if options.json:
        conditions = {name: str(value) for name, value in vars(options).items()} | {"device": device_title(device)}
        Path(options.json).write_text(
            json.dumps({"conditions": conditions, "peak": peak, "rows": rows}, indent=1) + "\n"
        )


def measure(preset: str, size_px: int, device: torch.device, options: argparse.Namespace) -> Row:
    """Both loops in turns, then refining."""
    drawn = np.random.default_rng(0).integers(0, 256, (2, CROPS, size_px, size_px, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for domain, crops in zip("SR", drawn, strict=True):
            for number, crop in enumerate(crops):
                write_image(folder / f"{domain}-{number:04d}.png", crop)
        ours, flops = _our_steps(_config(preset, size_px, folder, options), device, drawn, options)
        theirs = _plain_steps(_config(preset, size_px, folder, options, plain=True), device, drawn, folder, options)
        found = [(_timed(device, ours.steps, options.steps), _timed(device, theirs.step, options.plain_steps))
                 for _ in range(TURNS)]  # fmt: skip
        ours.close()
    steps, plain = ([turn[which] for turn in found] for which in (0, 1))
    refined_per_s, refine_flops = _refining(ours.refiner, drawn[0], options)
    return Row(
        preset, size_px,
        statistics.median(one.steps_per_s for one in steps), statistics.median(one.steps_per_s for one in plain),
        statistics.median(one.cpu_s for one in steps), statistics.median(one.cpu_s for one in plain),
        flops, refined_per_s, refine_flops,
        max(one.memory_mib for one in steps), max(one.memory_mib for one in plain),
    )  # fmt: skip


@dataclass(frozen=True)
class Timing:
    steps_per_s: float
    cpu_s: float
    """Of one step, all threads."""
    memory_mib: float


def _timed(device: torch.device, run: Callable[[int], None], steps: int) -> Timing:
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    wall, cpu = _now(device), time.process_time()
    run(steps)
    wall, cpu = _now(device) - wall, time.process_time() - cpu
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if cuda else 0.0
    return Timing(steps / wall, cpu / steps, memory)


class OurSteps:
    """The training engine's own steps, without its checkpoints."""

    def __init__(self, training: Training) -> None:
        self.training, self.refiner = training, training.refiner
        self._runner = step_runner(training.config, self.refiner, training.compute)
        self._order = CropOrder(training.config, CROPS, CROPS)
        self._log = LossLog(training.folder / "losses.jsonl", 0)
        self._stream = self._runner.stream()
        self._stream.__enter__()

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.training.one_step(self._runner, self._order, self._log)
            if self.training.step % self.training.config.log_every == 0:
                self._log.flush()
        self._log.flush()

    def close(self) -> None:
        self._stream.__exit__(None, None, None)


@dataclass(frozen=True)
class PlainSteps:
    training: PlainTraining

    def step(self, count: int) -> None:
        for _ in range(count):
            self.training.step()


def _our_steps(
    config: RefineConfig, device: torch.device, drawn: np.ndarray, options: argparse.Namespace
) -> tuple[OurSteps, float]:
    """Ours, warm, and the floating-point operations of a step."""
    refiner = _built(config, device, options)
    synthetic, real = (torch.from_numpy(crops).permute(0, 3, 1, 2) for crops in drawn)
    training = Training(refiner, config, config.out, {"total_steps": 10**6}, synthetic, real)
    batch = Batch(to_images(synthetic.to(device))), Batch(to_images(real.to(device)))
    refiner.prepare(*batch)
    progress = Progress(0, 10**6, 2e-4)
    draws = {name: value.to(device) for name, value in refiner.draw(progress, training.rng).items()}
    one = slice(config.batch)
    with FlopCounterMode(display=False) as counted:
        refiner.step(Batch(batch[0].images[one]), Batch(batch[1].images[one]), draws, refiner.stage(progress))
    ours = OurSteps(training)
    ours.steps(WARM_UP + 2)
    return ours, float(counted.get_total_flops())


def _plain_steps(
    config: RefineConfig, device: torch.device, drawn: np.ndarray, folder: Path, options: argparse.Namespace
) -> PlainSteps:
    refiner = _built(config, device, options)
    if not isinstance(refiner, CycleGAN):
        raise SystemExit(f"--presets {config.preset}: the plain loop is CycleGAN's; name presets that are one")
    synthetic, real = (to_images(torch.from_numpy(crops).permute(0, 3, 1, 2).to(device)) for crops in drawn)
    refiner.prepare(Batch(synthetic), Batch(real))
    plain = PlainSteps(PlainTraining(refiner, folder))
    plain.step(WARM_UP)
    return plain


def _refining(refiner: Refiner, crops: np.ndarray, options: argparse.Namespace) -> tuple[float, float]:
    """Crops refined per second, from host to host in large batches, and operations for each."""
    size = crops.shape[1]
    with FlopCounterMode(display=False) as counted:
        refiner.refine(Batch(to_images(torch.zeros((1, 3, size, size), dtype=torch.uint8, device=refiner.device))))
    given = np.resize(crops, (options.refine, size, size, 3))
    _refine(refiner, given[: options.apply_batch], options.apply_batch)
    start = _now(refiner.device)
    _refine(refiner, given, options.apply_batch)
    return len(given) / (_now(refiner.device) - start), float(counted.get_total_flops())


def _refine(refiner: Refiner, crops: np.ndarray, batch: int) -> None:
    for start in range(0, len(crops), batch):
        images = torch.from_numpy(crops[start : start + batch]).to(refiner.device).permute(0, 3, 1, 2)
        to_crops(refiner.refine(Batch(to_images(images)))).permute(0, 2, 3, 1).cpu().numpy()


def peak_of(device: torch.device, precision: str) -> tuple[float, str]:
    """Floating-point operations per second that the device can do at most, and where the figure comes from."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        known = next((rates for part, rates in PEAKS.items() if part in name), None)
        if known is not None:
            return known[
                precision
            ], f"data sheet of {name}, {'bf16' if precision == 'bf16' else 'TF32'} without sparsity"
    side, dtype = (8192, torch.bfloat16 if precision == "bf16" else torch.float32) if device.type == "cuda" else (
        1536, torch.float32,
    )  # fmt: skip
    a, b = (torch.randn((side, side), device=device, dtype=dtype) for _ in range(2))
    torch.mm(a, b)
    times = []
    for _ in range(5):
        start = _now(device)
        torch.mm(a, b)
        times.append(_now(device) - start)
    return 2 * side**3 / min(times), f"measured, the best of 5 products of {side} x {side} matrices"


def _built(config: RefineConfig, device: torch.device, options: argparse.Namespace) -> Refiner:
    preset = find_preset(config.preset)
    perceptual = load_perceptual(preset.pools, options.perceptual_weights) if preset.pools else None
    return preset.build(config, device, None if perceptual is None else perceptual.to(device))


def _config(preset: str, size_px: int, folder: Path, options: argparse.Namespace, plain: bool = False) -> RefineConfig:
    ours = {} if plain else {
        "precision": options.precision, "channels_last": options.channels_last, "acceleration": options.acceleration,
    }  # fmt: skip
    return RefineConfig(
        synthetic=folder, out=folder / "out", preset=preset, size_px=size_px, batch=options.batch,
        filters=options.filters, blocks=options.blocks, discriminator_filters=options.discriminator_filters, **ours,
    )  # fmt: skip


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--presets", nargs="+", help="default: C_CP_S, and D_S if --perceptual-weights are given")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100, help="of ours in each turn")
    parser.add_argument("--plain-steps", type=int, help="of the plain loop in each turn; default as many")
    parser.add_argument("--refine", type=int, default=512, help="crops to refine")
    parser.add_argument("--apply-batch", type=int, default=64)
    parser.add_argument("--precision", choices=["fp32", "bf16"])
    parser.add_argument("--channels-last", action=argparse.BooleanOptionalAction)
    parser.add_argument("--acceleration", choices=["auto", "none", "compile", "graphs"], default="auto")
    parser.add_argument("--filters", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--discriminator-filters", type=int, default=64)
    parser.add_argument("--perceptual-weights", type=Path, nargs="*", default=[])
    parser.add_argument("--threads", type=int, help="of the processor; default PyTorch's choice")
    parser.add_argument("--json", help="also write the rows to this file")
    options = parser.parse_args()
    options.presets = options.presets or ["C_CP_S", *(["D_S"] if options.perceptual_weights else [])]
    options.plain_steps = options.plain_steps or options.steps
    return options


if __name__ == "__main__":
    main()
