"""assets' materials as Cycles node trees.

One Principled surface each; the pattern decides what its colour and its bumps follow. Patterns are looked up in the
mesh attribute "pattern_m" (metres, see meshes.py). A new pattern is a function in PATTERNS that returns a colour socket
and, if it has its own relief, a height socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assets.mesh import Material

if TYPE_CHECKING:
    from render.blender.session import Session

Rgb = tuple[float, float, float]

PATTERN_ATTRIBUTE = "pattern_m"
SHADE_ATTRIBUTE = "shade"
"""What the meshes carry (meshes.py)."""

_SKIN_RADIUS_M = (0.006, 0.0022, 0.0012)
"""How far red, green and blue light travels in skin, to the order of published mean free paths."""
_PORE_M = 0.0015
"""Depth of the skin's relief at full bump."""
_WRINKLE_M = 0.07
_FOLD_M = 0.06
"""Depth of folds in cloth."""
_CREASE = (0.6, 0.6, 0.62)
"""What a deep crease leaves of the light."""


class MaterialShelf:
    """The Blender materials of a session, one for each of ours."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[Material, Any] = {}

    def get(self, material: Material) -> Any:
        if material not in self._made:
            self._made[material] = build_material(self._session, material)
        return self._made[material]

    def shine(self, gain: Callable[[Material], Rgb]) -> None:
        """Multiply what each glowing material sends by its gain."""
        for material, made in self._made.items():
            if material.emission > 0:
                surface = made.node_tree.nodes["Principled BSDF"]
                color = [channel * share for channel, share in zip(material.base_color, gain(material), strict=True)]
                surface.inputs["Emission Color"].default_value = (*color, 1.0)

    def drop_unused(self) -> None:
        """Remove the materials that no object has any more."""
        for material, made in list(self._made.items()):
            if made.users == 0:
                self._session.bpy.data.materials.remove(made)
                del self._made[material]


class Nodes:
    """A node tree under construction: sockets in, sockets out."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self._place: Any = None

    @property
    def place(self) -> Any:
        """Where the pattern is looked up, metres."""
        if self._place is None:
            node = self.tree.nodes.new("ShaderNodeAttribute")
            node.attribute_name = PATTERN_ATTRIBUTE
            self._place = node.outputs["Vector"]
        return self._place

    def feed(self, socket: Any, value: Any) -> None:
        """Link a socket, or set a constant."""
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif isinstance(value, tuple) and len(value) == 3 and socket.type == "RGBA":
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def math(self, operation: str, *values: Any) -> Any:
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            self.feed(socket, value)
        return node.outputs[0]

    def mix(self, share: Any, first: Any, second: Any) -> Any:
        """A colour between two."""
        return self._blend("MIX", share, first, second)

    def darkened(self, color: Any, share: Any, tint: Rgb) -> Any:
        """The colour times tint where share is 1, itself where it is 0."""
        return self._blend("MULTIPLY", share, color, tint)

    def shaded(self, color: Any) -> Any:
        """The colour times 1 + the mesh's shade; itself where the mesh has none."""
        found = self.tree.nodes.new("ShaderNodeAttribute")
        found.attribute_name = SHADE_ATTRIBUTE
        factor = self.tree.nodes.new("ShaderNodeVectorMath")
        self.feed(factor.inputs[0], found.outputs["Vector"])
        factor.inputs[1].default_value = (1.0, 1.0, 1.0)
        return self._blend("MULTIPLY", 1.0, color, factor.outputs[0])

    def _blend(self, how: str, share: Any, first: Any, second: Any) -> Any:
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type, node.blend_type = "RGBA", how
        for name, value in (("Factor_Float", share), ("A_Color", first), ("B_Color", second)):
            self.feed(next(socket for socket in node.inputs if socket.identifier == name), value)
        return next(socket for socket in node.outputs if socket.identifier == "Result_Color")

    def scaled(self, factors: tuple[float, float, float]) -> Any:
        """The place, stretched along its axes."""
        node = self.tree.nodes.new("ShaderNodeVectorMath")
        node.operation = "MULTIPLY"
        self.feed(node.inputs[0], self.place)
        node.inputs[1].default_value = factors
        return node.outputs[0]

    def split(self, vector: Any) -> Any:
        node = self.tree.nodes.new("ShaderNodeSeparateXYZ")
        self.feed(node.inputs[0], vector)
        return node.outputs

    def noise(self, vector: Any, detail: float = 1.0, roughness: float = 0.5) -> Any:
        """Smooth noise around 0.5 with a period of about 1."""
        node = self.tree.nodes.new("ShaderNodeTexNoise")
        self.feed(node.inputs["Vector"], vector)
        node.inputs["Scale"].default_value = 1.0
        node.inputs["Detail"].default_value = detail
        node.inputs["Roughness"].default_value = roughness
        return node.outputs["Fac"]

    def contrast(self, value: Any, low: float, high: float) -> Any:
        """low..high to 0..1, clipped."""
        node = self.tree.nodes.new("ShaderNodeMapRange")
        for name, number in (("From Min", low), ("From Max", high)):
            node.inputs[name].default_value = number
        self.feed(node.inputs["Value"], value)
        return node.outputs["Result"]

    def bump(self, height: Any, strength: float, relief_m: float) -> Any:
        node = self.tree.nodes.new("ShaderNodeBump")
        node.inputs["Strength"].default_value = min(strength, 1.0)
        node.inputs["Distance"].default_value = relief_m
        self.feed(node.inputs["Height"], height)
        return node.outputs["Normal"]


def build_material(session: Session, material: Material) -> Any:
    """A Blender material that looks as ours says. An unknown pattern is drawn plain."""
    made = session.bpy.data.materials.new(material.name)
    made.use_nodes = True
    nodes = Nodes(made.node_tree)
    surface = made.node_tree.nodes["Principled BSDF"]
    color, height = PATTERNS.get(material.pattern, _plain)(nodes, material)
    surface.inputs["Roughness"].default_value = material.roughness
    surface.inputs["Specular IOR Level"].default_value = material.specular
    if material.bump > 0 and material.subsurface <= 0:  # pores are finer than any pixel here
        if height is None:
            folds = _folds(nodes)
            color = nodes.darkened(color, nodes.contrast(folds, 0.2, 0.0), _CREASE)
            nodes.feed(surface.inputs["Normal"], nodes.bump(folds, 2 * material.bump, _FOLD_M))
        else:
            nodes.feed(surface.inputs["Normal"], nodes.bump(height, material.bump, material.scale_m / 2))
    if material.shaded:
        color = nodes.shaded(color)
    nodes.feed(surface.inputs["Base Color"], color)
    if material.subsurface > 0:
        _make_skin(nodes, surface, material)
    if material.emission > 0:
        made.cycles.emission_sampling = "NONE"  # lamps light the room; what merely glows is not worth sampling
        surface.inputs["Emission Color"].default_value = (*material.base_color, 1.0)
        surface.inputs["Emission Strength"].default_value = material.emission
    return made


def _make_skin(nodes: Nodes, surface: Any, material: Material) -> None:
    """Light below the surface, reddest where it goes furthest, and a shine broken by pores and fine wrinkles."""
    if material.pattern == "skin":
        relief = nodes.noise(nodes.scaled((_per_metre(material),) * 3), detail=2.0, roughness=0.6)
        nodes.feed(surface.inputs["Normal"], nodes.bump(relief, material.bump, _PORE_M))
        uneven = nodes.contrast(relief, 0.2, 0.8)
        low, high = material.roughness - 0.08, material.roughness + 0.08
        shine = nodes.math("ADD", low, nodes.math("MULTIPLY", uneven, high - low))
        nodes.feed(surface.inputs["Roughness"], shine)
    surface.subsurface_method = "BURLEY"
    surface.inputs["Subsurface Weight"].default_value = material.subsurface
    surface.inputs["Subsurface Radius"].default_value = tuple(r / _SKIN_RADIUS_M[0] for r in _SKIN_RADIUS_M)
    surface.inputs["Subsurface Scale"].default_value = _SKIN_RADIUS_M[0]


def _folds(nodes: Nodes) -> Any:
    """Folds of cloth: ridges longer than wide, where noise passes its middle, over softer waves."""
    k = 1.0 / _WRINKLE_M
    waves = nodes.noise(nodes.scaled((k, 0.45 * k, k)), detail=2.0, roughness=0.5)
    crossing = nodes.noise(nodes.scaled((0.5 * k, 0.8 * k, 0.6 * k)), detail=1.0)
    ridges = nodes.math("ABSOLUTE", nodes.math("SUBTRACT", crossing, 0.5))
    return nodes.math("SUBTRACT", nodes.math("MULTIPLY", waves, 0.5), ridges)


def _shade(color: Rgb, factor: float) -> Rgb:
    return (min(color[0] * factor, 1.0), min(color[1] * factor, 1.0), min(color[2] * factor, 1.0))


def _second(material: Material, factor: float) -> Rgb:
    return material.second_color or _shade(material.base_color, factor)


def _per_metre(material: Material) -> float:
    return 1.0 / max(material.scale_m, 1e-4)


def _plain(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """One colour; where there is relief or skin, a little darker and lighter in patches."""
    if material.bump <= 0 and material.subsurface <= 0:
        return material.base_color, None
    patches = nodes.contrast(nodes.noise(nodes.scaled((9.0, 9.0, 9.0)), detail=3.0, roughness=0.6), 0.3, 0.7)
    spread = 0.10 if material.subsurface > 0 else 0.14
    return nodes.mix(patches, _shade(material.base_color, 1 - spread), _shade(material.base_color, 1 + spread)), None


def _skin(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Blotches of a second colour a few centimetres wide, over finer mottling."""
    blotches = nodes.contrast(nodes.noise(nodes.scaled((28.0, 28.0, 28.0)), detail=3.0, roughness=0.65), 0.42, 0.75)
    mottling = nodes.contrast(nodes.noise(nodes.scaled((160.0, 160.0, 160.0)), detail=1.0), 0.3, 0.7)
    tone = nodes.mix(mottling, _shade(material.base_color, 0.94), _shade(material.base_color, 1.06))
    return nodes.mix(nodes.math("MULTIPLY", blotches, 0.4), tone, _second(material, 0.9)), None


def _stripes(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    y = nodes.split(nodes.scaled((k, k, k)))[1]
    share = nodes.math("GREATER_THAN", nodes.math("FRACT", y), 0.5)
    return nodes.mix(share, material.base_color, _second(material, 0.45)), None


def _checks(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    x, y, _ = nodes.split(nodes.scaled((k, k, k)))
    bars = [nodes.math("GREATER_THAN", nodes.math("FRACT", value), 0.6) for value in (x, y)]
    share = nodes.math("MULTIPLY", nodes.math("ADD", *bars), 0.5)
    return nodes.mix(share, material.base_color, _second(material, 0.35)), None


def _noise(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    share = nodes.contrast(nodes.noise(nodes.scaled((k, k, k)), detail=2.0), 0.35, 0.65)
    return nodes.mix(share, material.base_color, _second(material, 0.7)), None


def _strands(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Hair: fine streaks along its growth over broader locks; the mesh's shade tells one lock from the next."""
    k = _per_metre(material)
    fine = nodes.noise(nodes.scaled((k, k, k)), detail=2.0, roughness=0.7)
    locks = nodes.noise(nodes.scaled((k / 5, k / 5, k / 2.5)), detail=2.0)
    height = nodes.math("ADD", nodes.math("MULTIPLY", fine, 0.5), nodes.math("MULTIPLY", locks, 1.0))
    share = nodes.contrast(height, 0.5, 1.0)
    light = material.second_color or _shade(material.base_color, 1.3)
    return nodes.mix(share, _shade(material.base_color, 0.7), light), height


def _wood(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    grain = nodes.noise(nodes.scaled((0.06 * k, k, k)), detail=4.0, roughness=0.6)
    share = nodes.contrast(grain, 0.3, 0.7)
    return nodes.mix(share, material.base_color, _second(material, 0.72)), None


def _tiles(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Square tiles with narrow joints, no two quite alike."""
    k = _per_metre(material)
    x, y, _ = nodes.split(nodes.scaled((k, k, k)))
    edges = [nodes.math("ABSOLUTE", nodes.math("SUBTRACT", nodes.math("FRACT", value), 0.5)) for value in (x, y)]
    joint = nodes.math("GREATER_THAN", nodes.math("MAXIMUM", *edges), 0.49)
    number = nodes.tree.nodes.new("ShaderNodeCombineXYZ")
    for socket, value in zip(number.inputs, (x, y), strict=False):
        nodes.feed(socket, nodes.math("FLOOR", value))
    own = nodes.tree.nodes.new("ShaderNodeTexWhiteNoise")
    nodes.feed(own.inputs["Vector"], number.outputs[0])
    tile = nodes.mix(own.outputs["Value"], _shade(material.base_color, 0.94), _shade(material.base_color, 1.04))
    return nodes.mix(joint, tile, _second(material, 0.6)), None


def _carpet(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    pile = nodes.noise(nodes.scaled((k, k, k)), detail=2.0, roughness=0.7)
    worn = nodes.noise(nodes.scaled((0.7, 0.7, 0.7)), detail=2.0)
    share = nodes.contrast(
        nodes.math("ADD", nodes.math("MULTIPLY", pile, 0.7), nodes.math("MULTIPLY", worn, 0.3)), 0.3, 0.7
    )
    return nodes.mix(share, material.base_color, _second(material, 0.75)), None


def _brick(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Courses of bricks, twice as long as scale_m / 2 is high, each with its own brightness."""
    node = nodes.tree.nodes.new("ShaderNodeTexBrick")
    k = _per_metre(material)
    # The texture lies in x and y; walls stand along x or y: their sum runs along both.
    x, y, z = nodes.split(nodes.scaled((k, k, k)))
    place = nodes.tree.nodes.new("ShaderNodeCombineXYZ")
    nodes.feed(place.inputs[0], nodes.math("ADD", x, y))
    nodes.feed(place.inputs[1], z)
    nodes.feed(node.inputs["Vector"], place.outputs[0])
    for name, value in (("Scale", 1.0), ("Brick Width", 1.0), ("Row Height", 0.32), ("Mortar Size", 0.04)):
        node.inputs[name].default_value = value
    for name, color in (("Color1", _shade(material.base_color, 0.85)), ("Color2", _shade(material.base_color, 1.15))):
        nodes.feed(node.inputs[name], color)
    nodes.feed(node.inputs["Mortar"], _second(material, 0.6))
    return node.outputs["Color"], None


def _slats(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Upright slats of wood with dark gaps between."""
    k = _per_metre(material)
    x, y, _ = nodes.split(nodes.scaled((k, k, k)))
    gap = nodes.math("GREATER_THAN", nodes.math("FRACT", nodes.math("ADD", x, y)), 0.68)
    wood, _ = _wood(nodes, material)
    return nodes.mix(gap, wood, _second(material, 0.15)), None


def _carpet_tiles(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """Squares of carpet whose pile runs another way in each second one."""
    k = _per_metre(material)
    checks = nodes.tree.nodes.new("ShaderNodeTexChecker")
    nodes.feed(checks.inputs["Vector"], nodes.scaled((k, k, 0.0)))
    checks.inputs["Scale"].default_value = 1.0
    pile = nodes.contrast(nodes.noise(nodes.scaled((90.0, 90.0, 90.0)), detail=1.0), 0.3, 0.7)
    share = nodes.math("ADD", nodes.math("MULTIPLY", checks.outputs["Fac"], 0.25), nodes.math("MULTIPLY", pile, 0.5))
    return nodes.mix(share, material.base_color, _second(material, 0.75)), None


def _leather(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    k = _per_metre(material)
    grain = nodes.noise(nodes.scaled((k, k, k)), detail=3.0, roughness=0.6)
    worn = nodes.contrast(nodes.noise(nodes.scaled((6.0, 6.0, 6.0)), detail=1.0), 0.45, 0.8)
    return nodes.mix(worn, material.base_color, _second(material, 1.6)), grain


def _mesh(nodes: Nodes, material: Material) -> tuple[Any, Any]:
    """A woven net before something darker."""
    k = _per_metre(material)
    x, y, z = nodes.split(nodes.scaled((k, k, k)))
    threads = [nodes.math("GREATER_THAN", nodes.math("FRACT", value), 0.45) for value in (nodes.math("ADD", x, y), z)]
    return nodes.mix(nodes.math("MAXIMUM", *threads), material.base_color, _second(material, 2.0)), None


PATTERNS: dict[str, Callable[[Nodes, Material], tuple[Any, Any]]] = {
    "plain": _plain,
    "skin": _skin,
    "stripes": _stripes,
    "checks": _checks,
    "noise": _noise,
    "strands": _strands,
    "wood": _wood,
    "tiles": _tiles,
    "carpet": _carpet,
    "brick": _brick,
    "slats": _slats,
    "carpet_tiles": _carpet_tiles,
    "leather": _leather,
    "mesh": _mesh,
}
