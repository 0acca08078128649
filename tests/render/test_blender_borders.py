"""Rectangles around people, patterns on meshes: the parts of the Blender layer that need no Blender."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.errors import PlafondError
from annotate.lens import (
    AnglePolynomialLens,
    EquidistantLens,
    EquisolidLens,
    KannalaBrandtLens,
    Lens,
    OcamLens,
    RadtanLens,
    StereographicLens,
)
from assets.mesh import Human, Material
from render.blender.borders import Rectangle, body_rectangles, merged, rectangle_of
from render.blender.camera import (
    plan_projection,
    polynomial_projection,
    shader_parameters,
    world_from_blender_camera,
)
from render.blender.lights import world_from_lamp
from render.blender.materials import PATTERNS
from render.blender.meshes import pattern_coordinates
from render.place import Lamp
from render.solids import box, sheet

GREY = Material("grey", (0.5, 0.5, 0.5))
CAMERA = Camera(lens=EquidistantLens(width_px=200, height_px=200, f_px=200 / np.pi), pose=CameraPose(height_m=2.8))


def test_rectangle_holds_the_pixels_and_stays_in_the_frame() -> None:
    box_px = rectangle_of(np.array([[3.2, 5.0], [np.nan, 1.0], [198.9, 20.5]]), 4.0, 200, 100)
    assert box_px == Rectangle(0, 1, 200, 25)
    assert rectangle_of(np.array([[-50.0, 5.0]]), 4.0, 200, 100) is None
    assert rectangle_of(np.full((3, 2), np.nan), 4.0, 200, 100) is None


def test_merging_keeps_every_pixel_and_saves_renders_only_where_cheap() -> None:
    near, beside, far = Rectangle(0, 0, 20, 20), Rectangle(22, 0, 40, 20), Rectangle(150, 150, 170, 180)
    kept = merged([near, beside, far], price_px=100)
    assert kept == [Rectangle(0, 0, 40, 20), far]
    assert merged([near, far], price_px=100) == [near, far]
    assert merged([near, Rectangle(5, 5, 10, 10)], price_px=0) == [near]
    assert merged([], price_px=100) == []


def test_a_body_out_of_sight_has_no_rectangle() -> None:
    above = box((0.0, 0.0, 30.0), (0.3, 0.3, 0.5), GREY, "top")
    assert body_rectangles([above], CAMERA, 2.0) == []


def test_blender_camera_looks_down_with_north_up() -> None:
    matrix = world_from_blender_camera(CAMERA)
    np.testing.assert_allclose(matrix[:3, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrix[:3, 3], [0, 0, 2.8])


def test_shader_parameters_are_those_of_the_lens() -> None:
    lens = KannalaBrandtLens(width_px=64, height_px=48, fx_px=20, fy_px=16, k2=-0.01, max_theta_deg=80)
    values = shader_parameters(lens)
    assert (values["model"], values["a0"], values["a4"]) == (4, 1, -0.01)
    assert (values["plane_xx"], values["plane_xy"], values["plane_yy"]) == (1 / 20, 0, 1 / 16)
    assert values["max_rho"] == pytest.approx(float(lens.rho_of_theta(np.array([np.radians(80)]))[0]))


def test_unknown_lens_model_is_named() -> None:
    class OddLens(EquidistantLens):
        model: str = "odd"  # type: ignore[assignment]

    with pytest.raises(PlafondError, match="lens model 'odd': the renderer knows equidistant, equisolid"):
        shader_parameters(OddLens(width_px=8, height_px=8, f_px=3))


def test_more_coefficients_than_the_shader_takes_are_refused() -> None:
    lens = AnglePolynomialLens(width_px=8, height_px=8, coefficients_px=(3.0, *[0.01] * 12))
    with pytest.raises(PlafondError, match=r"it has 13 coefficients, fisheye\.osl takes 12"):
        shader_parameters(lens)


FISHEYE = {"width_px": 300, "height_px": 200, "cx_px": 140.0}


@pytest.mark.parametrize(
    ("lens", "with_osl", "without"),
    [
        (EquidistantLens(**FISHEYE, f_px=80), "builtin", "builtin"),
        (EquisolidLens(**FISHEYE, f_px=80), "builtin", "builtin"),
        (EquidistantLens(**FISHEYE, f_px=80, pixel_aspect=1.01), "osl", None),
        (StereographicLens(**FISHEYE, f_px=50), "osl", "polynomial"),
        (KannalaBrandtLens(**FISHEYE, fx_px=80, fy_px=80, k1=0.02), "osl", "polynomial"),
        (KannalaBrandtLens(**FISHEYE, fx_px=80, fy_px=81, k1=0.02), "osl", None),
        (RadtanLens(**FISHEYE, fx_px=150, fy_px=150, k1=-0.2, max_theta_deg=45), "osl", "polynomial"),
        (RadtanLens(**FISHEYE, fx_px=150, fy_px=150, p1=0.01, max_theta_deg=45), "osl", None),
        (OcamLens(**FISHEYE, pol=(80, 0, -4e-3)), "osl", "polynomial"),
        (OcamLens(**FISHEYE, pol=(80, 0, -4e-3), d=0.01), "osl", None),
    ],
)
def test_a_lens_is_drawn_exactly_or_by_a_polynomial_where_no_shader_runs(
    lens: Lens, with_osl: str, without: str | None
) -> None:
    exact = plan_projection(lens)
    assert (exact.kind, exact.residual_px) == (with_osl, 0.0)
    if without is None:
        with pytest.raises(PlafondError, match=rf"lens {lens.model}: its circles are \d\.\d\d px off round"):
            plan_projection(lens, osl=False)
    else:
        assert plan_projection(lens, osl=False).kind == without


def test_the_residual_of_a_polynomial_is_how_far_it_is_off_in_the_frame() -> None:
    lens = KannalaBrandtLens(width_px=300, height_px=200, fx_px=80, fy_px=80, k1=0.05, k2=-0.02, max_theta_deg=100)
    plan = polynomial_projection(lens)
    seen = lens.valid_mask().ravel()
    rays = lens.unproject(lens.pixel_centres()[seen])
    offset = lens.pixel_centres()[seen] - [lens.cx_px, lens.cy_px]
    radius_mm = np.linalg.norm(offset, axis=1) * plan.settings["sensor_width"] / lens.width_px
    theta = -sum(plan.settings[f"fisheye_polynomial_k{i}"] * radius_mm**i for i in range(5))
    direction = rays[:, :2] / np.linalg.norm(rays[:, :2], axis=1)[:, None]
    drawn = np.column_stack([np.sin(theta)[:, None] * direction, np.cos(theta)])
    wide = lens.model_copy(update={"max_theta_deg": 110.0})
    distance = np.linalg.norm(wide.project(drawn) - lens.pixel_centres()[seen], axis=1)
    assert 0 < distance.max() < plan.residual_px * 1.02
    assert distance.max() > plan.residual_px * 0.8
    # Cycles keeps rays with |theta| up to half of this.
    assert plan.settings["fisheye_fov"] == pytest.approx(np.radians(200))


def test_lamp_shines_along_its_direction() -> None:
    lamp = Lamp((1.0, 2.0, 2.5), (0.6, 1.2), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
    matrix = world_from_lamp(lamp)
    np.testing.assert_allclose(-matrix[:3, 2], lamp.direction)
    np.testing.assert_allclose(matrix[:3, 1], lamp.up)
    assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1.0)


def person(pattern: str, uvs: np.ndarray | None) -> Human:
    plain = sheet(rectangle(-0.2, -0.1, 0.2, 0.1), 1.0, Material("cloth", (0.2, 0.2, 0.2), pattern=pattern), "top")
    fields = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    return Human(**{**fields, "uvs": uvs}, triangle_is_head=np.zeros(len(plain.triangles), bool))


def test_patterns_of_clothes_have_their_real_size() -> None:
    bare = person("stripes", None)
    uvs = (bare.vertices_m[bare.triangles][..., :2] * 0.37 + 0.5).astype(np.float32)
    placed = pattern_coordinates(person("stripes", uvs))
    assert np.ptp(placed[..., 0]) == pytest.approx(0.4, rel=1e-4)
    assert np.ptp(placed[..., 1]) == pytest.approx(0.2, rel=1e-4)


def test_surfaces_without_uvs_carry_the_pattern_of_their_place() -> None:
    bare = person("stripes", None)
    np.testing.assert_allclose(pattern_coordinates(bare), bare.vertices_m[bare.triangles])
    flat = person("stripes", np.zeros((len(bare.triangles), 3, 2), np.float32))
    np.testing.assert_allclose(pattern_coordinates(flat), bare.vertices_m[bare.triangles])


def test_hair_changes_around_the_crown_more_than_along_it() -> None:
    hair = person("strands", None)
    hair.vertices_m = np.array([[0.1, 0, 1.5], [0.1, 0, 1.4], [0, 0.1, 1.5], [-0.1, -0.1, 1.6]], np.float32)
    hair.triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    hair.triangle_material, hair.triangle_class = np.zeros(2, np.int32), np.full(2, 2, np.uint8)
    place = pattern_coordinates(hair)[0]
    down, around = np.linalg.norm(place[0] - place[1]), np.linalg.norm(place[0] - place[2])
    assert around > 10 * down > 0


def test_every_pattern_of_the_material_docstring_can_be_drawn() -> None:
    said = str(inspect.getsource(Material)).split('pattern: str = "plain"')[1].split(":")[0]
    assert set(PATTERNS) == set(re.findall(r"\w+", said))
