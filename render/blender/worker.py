"""A worker process: takes jobs as JSON lines and renders them with Blender (`python -m render.blender.worker`)."""

from __future__ import annotations

from render.blender.passes import BlenderRenderer
from render.worker_loop import serve


def main() -> None:
    serve(BlenderRenderer)


if __name__ == "__main__":
    main()
