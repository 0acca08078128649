"""A real headless browser for tests of pages: Chromium, driven over its own debugging pipe, nothing to install.

Every message of the console, every exception and every address that did not load is kept in `Browser.complaints`.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--hide-scrollbars", "--remote-debugging-pipe",
]  # fmt: skip
_PATIENCE_S = 60.0
_LAUNCH = "import os, sys; a = sys.argv; os.dup2(int(a[1]), 3); os.dup2(int(a[2]), 4); os.execv(a[3], a[3:])"
"""Python code that hands two descriptors on as 3 and 4 and becomes the browser."""


class Browser:
    """One page in one Chromium. Use as a context manager; skips the test where no Chromium is installed."""

    def __init__(self, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        if PROGRAM is None:
            pytest.skip("no chromium is installed")
        self.complaints: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._buffer = b""
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        self._start()
        target = self._call("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        attach = {"targetId": target, "flatten": True}
        self._session = self._call("Target.attachToTarget", attach, session=None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self._call(f"{domain}.enable", {})
        self.scheme(dark)
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._write)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page in CSS px, as narrow as a phone's."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, dark: bool) -> None:
        """Ask pages for dark or light colours."""
        wish = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", {"features": [wish]})

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page from the disk and wait for its load event."""
        for address in ("about:blank", page.resolve().as_uri() + fragment):
            # By way of an empty page: another fragment of the same page would not be loaded anew.
            self._events.clear()
            self._call("Page.navigate", {"url": address})
            self._await_event("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value that the body of an async function returns in the page; an exception in it fails the test."""
        expression = f"(async () => {{ {script} }})()"
        options = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._call("Runtime.evaluate", options)
        if "exceptionDetails" in answer:
            pytest.fail(json.dumps(answer["exceptionDetails"])[:800])
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.run(
            f"for (let k = 0; !({condition}); k++) {{ if (k > 320) throw new Error('never: ' + {json.dumps(condition)});"
            " await new Promise((done) => setTimeout(done, 25)); }"
        )

    def seconds(self) -> dict[str, float]:
        """Time that the page has spent so far in scripts, layout and all tasks, by Chromium's names."""
        metrics = self._call("Performance.getMetrics", {})["metrics"]
        return {entry["name"]: entry["value"] for entry in metrics if entry["name"].endswith("Duration")}

    def press(self, key: str) -> None:
        """Press and release a key by its DOM name, such as ArrowRight."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, "key": key})

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A mouse event of the DevTools protocol: mousePressed, mouseReleased, mouseMoved, mouseWheel."""
        self._call("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="none" if kind == "mouseMoved" else "left", clickCount=1)

    def screenshot(self, out: Path, whole: bool = False) -> None:
        """Write what is seen, or the whole page, as PNG."""
        data = self._call("Page.captureScreenshot", {"captureBeyondViewport": whole})["data"]
        out.write_bytes(base64.b64decode(data))

    def _start(self) -> None:
        """Chromium reads commands from descriptor 3 and writes answers to 4, each ended by a zero byte."""
        their_read, self._write = os.pipe()
        self._read, their_write = os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_read, their_write)]
        command = [str(PROGRAM), *_OPTIONS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *map(str, theirs), *command],
            pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (their_read, their_write, *theirs):
            os.close(end)

    def _call(self, method: str, parameters: dict[str, Any], session: str | None = "") -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def _await_event(self, name: str) -> None:
        while not any(event.get("method") == name for event in self._events):
            self._next()

    def _next(self) -> dict[str, Any]:
        limit = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, limit - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._read, 1 << 20)
            assert data, "the browser ended"
            self._buffer += data
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        if "id" not in message:
            self._events.append(message)
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        about = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(about["exceptionDetails"])[:500])
        if event["method"] == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(about["args"])[:500])
        if event["method"] == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(json.dumps(about["entry"])[:500])
        if event["method"] == "Network.loadingFailed" and not about.get("canceled"):
            self.complaints.append(f"not loaded: {about}")
