"""The render command: every picture of a dataset, made by worker processes that may die and runs that may be killed.

One process makes one picture at a time. A picture that has its label file is finished and never made again; which
worker makes it, in which order, and how often a run was interrupted, does not show in it.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from annotate.classes import CLASSES
from annotate.dataset_model import DatasetInfo
from annotate.dataset_writer import MAY_DIFFER, DatasetWriter
from annotate.errors import InputError, PlafondError
from annotate.site import Site
from assets.humans.mblab.body import check_mblab
from assets.poses.spec import validate_folder
from render.config import RenderConfig
from render.libraries import check_libraries
from render.office_camera import office_lens
from render.photo_place import place_from_site, site_camera
from render.placement import free_area_m2
from render.sensor import SensorConfig
from render.sensor.measure import MIN_PICTURE_PX, measure_pictures
from render.worker_process import BLENDER_WORKER, Worker, WorkerDied

_DEATHS_PER_PICTURE = 2
_FAILED_PICTURES = 3
"""After so many pictures that failed the run stops: more of them would say nothing new."""
_LEAST_FLOOR_M2 = 0.15
_MEASURED_PICTURES = 8
"""So many of a site's photographs tell what its camera does."""
_TOLD = ("contrast", "black", "blur_px", "rim_blur_px", "sharpen")
_UNCHANGED_BY = MAY_DIFFER | {"images", "recycle_after"}
"""Fields that may differ when a run is continued: none of them changes a picture."""


def run(config: RenderConfig, worker_command: Sequence[str] = BLENDER_WORKER) -> Path:
    """Render all pictures of the dataset that are not there yet; returns its folder.

    Raises InputError, with nothing written, for bad input; PlafondError when pictures could not be made.
    """
    site = check_input(config)
    if site is not None:
        config = with_own_camera(config, site)
    if worker_command is BLENDER_WORKER:
        check_libraries()
    writer = DatasetWriter(config.out, dataset_info(config, site), config.overwrite, _UNCHANGED_BY)
    finished = writer.finished_ids()
    if finished and max(finished) >= config.images:
        raise InputError(
            f"--images {config.images}: {config.out} holds picture {max(finished)} already; "
            "ask for more pictures, name another --out, or pass --overwrite"
        )
    missing = [index for index in range(config.images) if index not in finished]
    if missing:
        Farm(config, worker_command).make(missing)
    writer.finish()
    return config.out


def check_input(config: RenderConfig) -> Site | None:
    """Read and check all that the run will need, before anything is written; returns the site, if there is one."""
    if config.poses is not None:
        validate_folder(config.poses)
    if config.humans == "mblab" and config.mblab is not None:
        check_mblab(config.mblab)
    if config.site is None:
        office_lens(config, np.random.default_rng(0))
        return None
    site = Site.read(config.site)
    for note in site.notes:
        print(f"note: {note}")
    place = place_from_site(site, site.backgrounds[0], site_camera(site, config.size_px))
    if not place.seats and free_area_m2(place) < _LEAST_FLOOR_M2:
        raise InputError(
            f"{config.site}: floor_px leaves {free_area_m2(place):.2f} m2 free of furniture: nobody can stand there. "
            "Enlarge it, correct camera.height_m, or add seats"
        )
    return site


def with_own_camera(config: RenderConfig, site: Site) -> RenderConfig:
    """The configuration with what is measured of the site's pictures, where no camera is asked for.

    Pictures too small to be measured are taken for a good camera's.
    """
    if config.sensor != SensorConfig():
        return config
    if min(site.width_px, site.height_px) < MIN_PICTURE_PX:
        return config.model_copy(update={"sensor": SensorConfig(preset="mild")})
    values = measure_pictures(site.backgrounds, most=_MEASURED_PICTURES).photograph_values()
    told = ", ".join(f"{name} {low:g} to {high:g}" for name in _TOLD if name in values for low, high in [values[name]])
    print(
        f"note: people get the camera of the site's pictures, as measured from them: {told} (--sensor.* says otherwise)"
    )
    return config.model_copy(update={"sensor": SensorConfig(**values)})


def dataset_info(config: RenderConfig, site: Site | None) -> DatasetInfo:
    """What dataset.json says; a site is part of the configuration, wherever its file lies."""
    described: dict[str, Any] = config.model_dump(mode="json")
    if site is None and config.lens_file is not None:  # the file's content counts, not its name
        described["office_lens"] = office_lens(config, np.random.default_rng(0)).model_dump(mode="json")
    if site is not None:
        described["site"] = site.model_dump(mode="json", by_alias=True, exclude={"backgrounds"})
        described["site"]["backgrounds"] = [background.name for background in site.backgrounds]
    classes = CLASSES if "classes" in config.dense else ()
    name = config.name or config.out.name
    return DatasetInfo(name=name, kind=config.kind, seed=config.seed, config=described, classes=classes)


@dataclass
class Jobs:
    """Pictures to make, dealt out so that a worker stays in one office as long as there is something to do there."""

    group_size: int
    groups: dict[int, deque[int]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, indices: Iterable[int], group_size: int) -> Jobs:
        jobs = cls(group_size)
        for index in indices:
            jobs.groups.setdefault(index // group_size, deque()).append(index)
        return jobs

    def next(self, last: int | None) -> int | None:
        """A picture for a worker that made picture last before; None when none are left."""
        with self.lock:
            own = None if last is None else last // self.group_size
            left = [group for group, indices in self.groups.items() if indices]
            if not left:
                return None
            untouched = [group for group in left if group not in self.taken]
            longest = max(left, key=lambda group: len(self.groups[group]))
            group = own if own in left else (untouched or [longest])[0]
            self.taken.add(group)
            return self.groups[group].popleft()

    def drop(self) -> None:
        """Forget all that nobody has begun."""
        with self.lock:
            self.groups.clear()


class Farm:
    """Several workers, each with a thread that feeds it."""

    def __init__(self, config: RenderConfig, command: Sequence[str]) -> None:
        self.config = config
        self.command = command
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._workers: list[Worker] = []
        self._stopping = False

    def make(self, indices: Sequence[int]) -> None:
        """Make the pictures. Raises PlafondError (InputError) that names those that failed and why."""
        jobs = Jobs.of(indices, self.config.scenes_per_background)
        count = min(self.config.workers or available_cores(), len(indices))
        threads = [threading.Thread(target=self._feed, args=(jobs,), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            failures = self._collect(len(indices))
        finally:
            self._stopping = True
            jobs.drop()
            for worker in list(self._workers):
                worker.close()
            for thread in threads:
                thread.join()
        if failures:
            raise _failure(failures)

    def _collect(self, count: int) -> list[dict[str, Any]]:
        """Wait for answers until all are in or too many failed; the progress bar counts pictures on disk."""
        failures: list[dict[str, Any]] = []
        done = self.config.images - count
        with tqdm(total=self.config.images, initial=done, desc=f"render {self.config.out.name}", unit="picture") as bar:
            for _ in range(count):
                answer = self._answers.get()
                if "error" in answer:
                    failures.append(answer)
                    if answer["status"] == InputError.exit_status or len(failures) >= _FAILED_PICTURES:
                        return failures
                else:
                    bar.update()
        return failures

    def _feed(self, jobs: Jobs) -> None:
        """Keep one worker busy until no picture is left; replace it when it is worn out or dead."""
        worker: Worker | None = None
        index = jobs.next(None)
        while index is not None and not self._stopping:
            worker, answer = self._made(index, worker)
            if not self._stopping:
                self._answers.put(answer)
            if worker is not None and worker.made >= self.config.recycle_after:
                self._release(worker)
                worker = None
            index = jobs.next(index)
        if worker is not None:
            self._release(worker)

    def _made(self, index: int, worker: Worker | None) -> tuple[Worker | None, dict[str, Any]]:
        """One picture, with a second try in a new worker if the first one dies over it."""
        death = ""
        for _ in range(_DEATHS_PER_PICTURE):
            try:
                worker = worker or self._started()
                return worker, worker.make(index)
            except Exception as error:  # whatever happened, somebody waits for an answer for this picture
                death = str(error)
                if worker is not None:
                    self._release(worker)
                    worker = None
                if self._stopping:
                    break
                tqdm.write(f"picture {index}: {death}")
        return worker, {"index": index, "error": death, "status": 1}

    def _started(self) -> Worker:
        worker = Worker(self.config, self.command, tqdm.write)
        self._workers.append(worker)
        if self._stopping:  # make() may have closed all workers just before this one was known to it
            self._release(worker)
            raise WorkerDied("the run is being stopped")
        return worker

    def _release(self, worker: Worker) -> None:
        worker.close()
        self._workers.remove(worker)


def available_cores() -> int:
    """Cores that this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)


def _failure(failures: list[dict[str, Any]]) -> PlafondError:
    """One error for all pictures that failed."""
    bad_input = [answer for answer in failures if answer["status"] == InputError.exit_status]
    first = (bad_input or failures)[0]
    others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    kind = InputError if bad_input else PlafondError
    return kind(
        f"picture {first['index']}{others}: {first['error'].rstrip()}\nThe same command continues with what is missing."
    )
