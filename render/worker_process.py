"""The parent's end of one render worker: start it, hand it a picture, hear the answer, notice its death.

The protocol is that of render.worker_loop. The worker ends by itself when its input is closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from annotate.errors import PlafondError
from render.config import RenderConfig

BLENDER_WORKER = (sys.executable, "-m", "render.blender.worker")
_ROOT = Path(__file__).resolve().parents[1]
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_KEPT_LINES = 20


class WorkerDied(PlafondError):
    """The worker process ended without an answer; the text holds the last lines of its standard error."""


class Worker:
    """A running worker process."""

    def __init__(self, config: RenderConfig, command: Sequence[str], tell: Callable[[str], None]) -> None:
        """Start the process. tell: shows its messages to a person."""
        self.made = 0
        self._tell = tell
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        # Blender leaves compiled shaders in the temporary folder: it gets one of its own, which goes with it.
        self._folder = tempfile.TemporaryDirectory(prefix="plafond-worker-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(config.threads_per_worker, self._folder.name),
        )
        self._listener = threading.Thread(target=self._keep_last_lines, daemon=True)
        self._listener.start()
        self._first_job = json.dumps({"config": config.model_dump(mode="json")})

    def make(self, index: int) -> dict[str, Any]:
        """Let the worker make one picture and return its answer. WorkerDied if it ends before."""
        if self.made == 0:
            self._send(self._first_job)
            self._answer()
        self.made += 1
        self._send(json.dumps({"index": index}))
        return self._answer()

    def close(self) -> None:
        """End the process: by closing its input, and by force if it does not listen."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._folder.cleanup()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError):
            raise self._death() from None

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                value = json.loads(line)
            except json.JSONDecodeError:
                self._last_lines.append(line)
                continue
            if "message" not in value:
                return dict(value)
            self._tell(str(value["message"]))
        raise self._death()

    def _death(self) -> WorkerDied:
        status = self._process.wait()
        self._listener.join(timeout=5)
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        return WorkerDied(
            f"the render worker ended ({how}); its last lines:\n" + ("".join(self._last_lines) or "(none)\n")
        )

    def _keep_last_lines(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):  # closed while it was read
            self._last_lines.extend(self._process.stderr)


def _environment(threads: int, folder: str) -> dict[str, str]:
    """The parent's environment with this tree importable, the number of threads fixed and another temporary folder."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    fixed = {name: str(threads) for name in _THREAD_VARIABLES} | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **fixed}
