"""Does this machine have the system libraries that Blender's module loads? Asked before any picture is started.

python -m render.libraries    one line and status 2 if something is missing
"""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

from annotate.errors import InputError

DEBIAN_PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libXext.so.6": "libxext6",
    "libgomp.so.1": "libgomp1",
}


def check_libraries() -> None:
    """InputError, in one line, when Blender's module is absent or lacks a system library."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        found = f"Python {platform.python_version()}"
        raise InputError(
            f"rendering needs Blender's module bpy 4.5, which {found} lacks: use Python 3.11, pip install 'bpy>=4.5,<4.6'"
        )
    missing = missing_libraries(Path(spec.origin))
    if missing:
        packages = " ".join(DEBIAN_PACKAGES.get(name, name) for name in missing)
        raise InputError(
            f"Blender needs system libraries that are missing ({', '.join(missing)}): apt-get install {packages}"
        )


def missing_libraries(module: Path) -> list[str]:
    """Names of the shared libraries that the dynamic linker cannot find for module; empty off Linux."""
    if not sys.platform.startswith("linux"):
        return []
    try:
        listing = subprocess.run(["ldd", str(module)], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return []
    return parse_ldd(listing)


def parse_ldd(listing: str) -> list[str]:
    """The libraries that ldd's output calls 'not found', in its order."""
    return [line.split("=>")[0].strip() for line in listing.splitlines() if line.rstrip().endswith("=> not found")]


if __name__ == "__main__":
    try:
        check_libraries()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
