"""What a render worker does: read jobs as JSON lines, make pictures, answer in JSON lines. Knows no renderer itself.

Parent to worker: {"config": ...} once, then {"index": 12} again and again. Worker to parent: {"ready": true}, then for
each job {"index": 12, "done": true, "people": 5, "wall_s": 3.1, "cpu_s": 3.0} or {"index": 12, "error": "text",
"status": 1}; {"message": "text"} at any time. The end of the worker's input ends the worker at once, whatever it does:
so a parent that is killed leaves nobody behind who writes.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from annotate.errors import PlafondError
from render.config import RenderConfig
from render.picture import Renderer, RenderSettings, make_picture

Answer = Callable[[dict[str, Any]], None]


def serve(make_renderer: Callable[[RenderSettings], Renderer]) -> None:
    """Work until standard input ends. make_renderer is called once, in the main thread."""
    answers = _own_stdout()

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    logging.getLogger("render").addHandler(_TellParent(answer))
    jobs = _jobs_from(sys.stdin)
    config = RenderConfig.model_validate(next(jobs)["config"])
    renderer = make_renderer(RenderSettings.of(config))
    answer({"ready": True})
    for job in jobs:
        answer(_result(config, int(job["index"]), renderer))


class _TellParent(logging.Handler):
    """Warnings of the renderer (a lens that is only fitted, say) go to a person through the parent."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(logging.WARNING)
        self._answer = answer

    def emit(self, record: logging.LogRecord) -> None:
        self._answer({"message": record.getMessage()})


def _result(config: RenderConfig, index: int, renderer: Renderer) -> dict[str, Any]:
    """Make one picture and say how it went; an unforeseen error keeps its traceback for the log."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        picture = make_picture(config, index, renderer)
    except PlafondError as error:
        return {"index": index, "error": str(error), "status": error.exit_status}
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return {"index": index, "error": f"{type(error).__name__}: {error}", "status": 1}
    spent = {"wall_s": round(time.perf_counter() - wall, 3), "cpu_s": round(time.process_time() - cpu, 3)}
    return {"index": index, "done": True, "people": len(picture.people), **spent}


def _own_stdout() -> TextIO:
    """The parent's pipe for answers only: what Blender prints goes to standard error from now on."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout.flush()
    os.dup2(2, 1)
    return pipe


def _jobs_from(stream: TextIO) -> Iterator[dict[str, Any]]:
    """Jobs as they come. The end of the stream ends the process, also in the middle of a picture."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield json.loads(lines.get())
