"""Commands as processes of their own: what they print goes to a log and to whoever watches."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from annotate.errors import InputError

GENERATE = Path(__file__).resolve().parents[2] / "generate.py"
PROGRAM = (sys.executable, str(GENERATE))
"""What runs a command of plafond."""
GRACE_S = 20.0
"""How long a stopped command may take to end."""


@contextmanager
def locked(out: Path) -> Iterator[int]:
    """Hold the folder for one run; yields the lock's descriptor. InputError if another run holds it.

    Commands inherit the descriptor: if a run is killed, its last command still holds the lock until it ends.
    """
    out.mkdir(parents=True, exist_ok=True)
    handle = os.open(out / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 64, 0).decode("ascii", "replace").strip() or "unknown"
            raise InputError(
                f"--out {out}: another benchmark writes there (process {holder}, or a command that it started); wait "
                "for it or stop it"
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield handle
    finally:
        os.close(handle)


def run_logged(words: Sequence[str], log: Path, lock: int | None = None) -> int:
    """Run a program; returns its exit status. Both its outputs are added to log and shown as they come.

    If this process is interrupted, the program is told to stop and waited for.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    inherited = () if lock is None else (lock,)
    with log.open("ab") as stream:
        stream.write(f"$ {' '.join(words)}\n".encode())
        stream.flush()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=inherited)
        try:
            assert process.stdout is not None
            _follow(process.stdout.fileno(), stream.fileno())
            return process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()


def asked(words: Sequence[str]) -> tuple[int, str]:
    """Run a short program; its exit status and all that it printed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def last_lines(log: Path, count: int = 8) -> list[str]:
    """The last lines that a command printed, without the states of its progress bars."""
    text = log.read_bytes()[-20_000:].decode("utf-8", "replace") if log.is_file() else ""
    lines = [line.rstrip().rsplit("\r", 1)[-1] for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("$ ")][-count:]


def _follow(source: int, log: int) -> None:
    """Copy what comes to the log; show whole lines, and progress bars where a person watches."""
    rest = b""
    watched = sys.stderr.isatty()
    while chunk := os.read(source, 65536):
        os.write(log, chunk)
        parts = re.split(rb"([\r\n]+)", rest + chunk)
        rest = parts.pop()
        for text, end in zip(parts[::2], parts[1::2], strict=True):
            _show(text, watched, whole=b"\n" in end)
    _show(rest, watched, whole=True)


def _show(text: bytes, watched: bool, whole: bool) -> None:
    line = text.decode("utf-8", "replace").strip()
    if not line or not (whole or watched):
        return
    if whole:
        print(f"{chr(13) if watched else ''}  | {line}", file=sys.stderr, flush=True)
    else:
        print(f"\r  | {line[:110]:<110}", end="", file=sys.stderr, flush=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
