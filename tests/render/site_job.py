"""What a test lets Blender do with a site: `python tests/render/site_job.py IN.json OUT.npz`, in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from blender_job import figure

from annotate.site import Site
from render.light import LightSpec
from render.picture import RenderSettings
from render.place import place_from_site, site_camera


def main() -> None:
    """One figure in each site: {name: {"site": folder, "figure": [x, y]}}; answers RGBA by name."""
    from render.blender.passes import BlenderRenderer

    given, answer = sys.argv[1:]
    job = json.loads(Path(given).read_text(encoding="utf-8"))
    renderer = BlenderRenderer(RenderSettings(samples=8, denoise=True, threads=1, adaptive_threshold=0.0))
    found = {}
    for name, scene in job["scenes"].items():
        site = Site.read(scene["site"])
        camera = site_camera(site, job["size_px"])
        place = place_from_site(site, site.backgrounds[0], camera)
        light = LightSpec(ambient=place.ambient)
        found[name] = renderer.render_people(place, [figure(*scene["figure"])], light, camera, 3)
    np.savez(answer, **found)


if __name__ == "__main__":
    main()
