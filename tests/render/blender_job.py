"""What the tests let Blender do, in a process of its own: `python tests/render/blender_job.py JOB IN.json OUT.npz`.

bpy can be imported once in a process, so no test imports it; they read back arrays.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import box as rectangle

from annotate.camera import Camera
from annotate.classes import CLASS_ID
from assets.mesh import Human, Material, Mesh
from render import solids
from render.light import LightSpec
from render.picture import RenderSettings
from render.place import Lamp, Place

Arrays = dict[str, np.ndarray]


def ball(center_m: Any, radius_m: float, material: Material, class_name: str = "lamp", rings: int = 12) -> Mesh:
    """A sphere of 2 * rings * rings corners."""
    around, down = np.meshgrid(np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False), np.linspace(0, np.pi, rings))
    unit = np.stack([np.cos(around) * np.sin(down), np.sin(around) * np.sin(down), np.cos(down)], -1).reshape(-1, 3)
    index = np.arange(rings * 2 * rings).reshape(rings, 2 * rings)
    right = np.roll(index, -1, axis=1)
    quads = [index[:-1], index[1:], right[:-1], index[1:], right[1:], right[:-1]]
    triangles = np.stack(quads, -1).reshape(-1, 3)
    return solids.solid(unit * radius_m + np.asarray(center_m), triangles, material, class_name, smooth=True)


def figure(x_m: float, y_m: float, skin: float = 0.0) -> Human:
    """A person of two balls on a post, enough for light and shadow."""
    cloth = Material("cloth", (0.1, 0.15, 0.5), bump=0.3)
    face = Material("skin", (0.55, 0.35, 0.25), subsurface=skin)
    hair = Material("hair", (0.03, 0.02, 0.01), pattern="strands", scale_m=0.004, bump=0.5)
    mesh = solids.joined(
        [
            solids.box((x_m, y_m, 0.55), (0.2, 0.2, 1.1), cloth, "bottom"),
            ball((x_m, y_m, 1.25), 0.25, cloth, "top"),
            ball((x_m, y_m, 1.6), 0.12, face, "skin"),
            ball((x_m, y_m + 0.02, 1.65), 0.12, hair, "hair"),
        ],
        "figure",
    )
    fields = {name: getattr(mesh, name) for name in mesh.__dataclass_fields__}
    head = np.isin(mesh.triangle_class, [CLASS_ID["skin"], CLASS_ID["hair"]])
    return Human(**fields, triangle_is_head=head)


def hall(key: str, desk: bool = False) -> Place:
    """A floor without walls under four lamps, perhaps with a counter at x = 1, y = 0."""
    floor = Material("floor", (0.5, 0.5, 0.5), pattern="tiles", scale_m=0.6)
    wood = Material("desk", (0.5, 0.3, 0.15), pattern="wood")
    parts = [solids.sheet(rectangle(-5, -5, 5, 5), 0.0, floor, "floor")]
    if desk:
        parts.append(solids.box((1.0, 0.0, 0.65), (0.8, 1.6, 1.3), wood, "desk"))
    lamps = [
        Lamp((x, y, 2.9), (0.6, 0.6), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (60.0, 60.0, 60.0))
        for x in (-1.5, 1.5)
        for y in (-1.5, 1.5)
    ]
    return Place(key, parts, lamps, rectangle(-5, -5, 5, 5), [], [])


def emitters(job: dict[str, Any]) -> Arrays:
    """Glowing balls of 1.5 px at world points, through several cameras, {name}_whole; on demand also in rectangles,
    {name}_parts. A case's kind is the way to draw its lens; None: the one that is chosen without being told.
    """
    from render.blender import meshes
    from render.blender.borders import Rectangle
    from render.blender.camera import FisheyeCamera
    from render.blender.materials import MaterialShelf
    from render.blender.session import Session

    session = Session(threads=1)
    fisheye, shelf = FisheyeCamera(session), MaterialShelf(session)
    session.scene.render.film_transparent = True
    session.set_quality(samples=48, seed=0, denoise=False)
    found: Arrays = {}
    for name, case in job["cases"].items():
        camera = Camera.model_validate(case["camera"])
        points = np.array(case["points_m"])
        glow = Material("glow", (1.0, 1.0, 1.0), emission=1.0)
        radii = 1.5 * camera.distance_m(points) / min(camera.lens.focal_px)
        balls = [ball(point, radius, glow) for point, radius in zip(points, radii, strict=True)]
        shown = [meshes.upload(session, one, shelf) for one in balls]
        session.forget()
        fisheye.show(camera, case["kind"])
        width, height = camera.lens.width_px, camera.lens.height_px
        found[f"{name}_whole"] = session.render()[..., 0]
        if case["parts"]:
            halves = [Rectangle(0, 0, width // 3, height), Rectangle(width // 3, 0, width, height)]
            found[f"{name}_parts"] = session.render(halves)[..., 0]
        for one in shown:
            meshes.discard(session, one)
    return found


def people(job: dict[str, Any]) -> Arrays:
    """Pictures of figures, one after the other in one renderer: {name: {"figures": [[x, y], ...], "desk": bool}}."""
    from render.blender.passes import BlenderRenderer

    settings = RenderSettings(samples=job["samples"], denoise=job["denoise"], threads=1, adaptive_threshold=0.0)
    renderer = BlenderRenderer(settings)
    camera = Camera.model_validate(job["camera"])
    light = LightSpec(ambient=(0.2, 0.2, 0.2))
    found: Arrays = {}
    for name, scene in job["scenes"].items():
        place = hall(f"hall {scene['desk']}", scene["desk"])
        figures = [figure(x, y, skin=0.2) for x, y in scene["figures"]]
        found[name] = renderer.render_people(place, figures, light, camera, job["seed"])
        if scene.get("plate"):
            found[f"{name}_plate"] = renderer.render_plate(place, light, camera, job["seed"])
    bpy = renderer._session.bpy
    found["left"] = np.array(
        [len(bpy.data.meshes), len(bpy.data.materials), len(bpy.data.images), len(bpy.data.lights)]
    )
    return found


def truth(job: dict[str, Any]) -> Arrays:
    """What Cycles says of solids at the centre of each pixel, through several cameras: {name}_depth m (along the ray of
    cameras other than a pinhole's), {name}_normal in the world, {name}_object: numbers from 1, 0 where nothing is.
    """
    from render.blender import meshes
    from render.blender.camera import FisheyeCamera
    from render.blender.materials import MaterialShelf
    from render.blender.session import Session

    session = Session(threads=1)
    fisheye, shelf = FisheyeCamera(session), MaterialShelf(session)
    session.set_quality(samples=1, seed=0, denoise=False)
    # Blender's filter scatters samples over a pixel and its neighbours: this narrow, all go through the centre.
    session.scene.cycles.pixel_filter_type, session.scene.cycles.filter_width = "BLACKMAN_HARRIS", 0.01
    for number, one in enumerate(labelled_solids(), start=1):
        meshes.upload(session, one, shelf).pass_index = number
    read = _passes(session)
    found: Arrays = {}
    for name, case in job["cases"].items():
        fisheye.show(Camera.model_validate(case["camera"]), case["kind"])
        found |= {f"{name}_{kind}": values for kind, values in read().items()}
    return found


def labelled_solids() -> list[Mesh]:
    """A floor, things on it and a person among them: flat and without bumps, as the normals of triangles are."""
    from assets.humans.build import build_human
    from assets.humans.spec import sample_human
    from assets.poses.skeleton import Pose

    grey = Material("grey", (0.5, 0.5, 0.5))
    person = build_human(sample_human(np.random.default_rng(4)), Pose("rest", "standing", {}))
    person = replace(person, materials=[grey] * len(person.materials))
    slab = solids.moved(solids.box((0, 0, 0.6), (0.5, 0.8, 1.2), grey, "desk"), 1.3, 0.9, 0.6)
    solid = [
        solids.sheet(rectangle(-4, -3, 4, 3), 0.0, grey, "floor"),
        slab,
        solids.box((-1.6, -0.4, 1.0), (0.4, 1.2, 2.0), grey, "shelf"),
        ball((0.5, -1.2, 0.9), 0.5, grey, "plant"),
        solids.moved(person, -0.5, 0.6, 0.8),
    ]
    return [replace(one, smooth=False) for one in solid]


def _passes(session: Any) -> Callable[[], Arrays]:
    """Let the compositor write the passes beside the picture; what reads them after a render."""
    layer, render = session.scene.view_layers[0], session.scene.render
    layer.use_pass_z = layer.use_pass_normal = layer.use_pass_object_index = True
    session.scene.use_nodes = render.use_compositing = True
    tree = session.scene.node_tree
    tree.nodes.clear()
    layers, files = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeOutputFile")
    tree.links.new(layers.outputs["Image"], tree.nodes.new("CompositorNodeComposite").inputs["Image"])
    folder = tempfile.TemporaryDirectory(prefix="plafond-passes-")
    files.base_path = folder.name
    files.format.file_format, files.format.color_depth = "OPEN_EXR", "32"
    files.file_slots.clear()
    for output in ("Depth", "Normal", "IndexOB"):
        files.file_slots.new(output)
        tree.links.new(layers.outputs[output], files.inputs[output])

    def read() -> Arrays:
        session.render()
        depth, normal, number = (_exr(session, Path(folder.name), output) for output in ("Depth", "Normal", "IndexOB"))
        return {"depth": depth[..., 0], "normal": normal[..., :3], "object": np.round(number[..., 0])}

    return read


def _exr(session: Any, folder: Path, name: str) -> np.ndarray:
    """HxWx4 of the one file of that name, rows from the top."""
    (file,) = folder.glob(f"{name}*.exr")
    image = session.bpy.data.images.load(str(file), check_existing=False)
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    pixels = np.array(image.pixels, np.float32).reshape(height, width, 4)[::-1]
    session.bpy.data.images.remove(image)
    file.unlink()
    return pixels


JOBS: dict[str, Callable[[dict[str, Any]], Arrays]] = {"emitters": emitters, "people": people, "truth": truth}


def main() -> None:
    job, given, answer = sys.argv[1:]
    np.savez(answer, **JOBS[job](json.loads(Path(given).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
