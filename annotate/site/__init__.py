"""A Site: one real place under a ceiling camera, described so that rendered people can be put into its pictures.

A site is a folder with site.yaml and its pictures; coordinates are pixels of the pictures or metres of the world:

    name: shop
    backgrounds: [shop-1.jpg]              # paths beside this file; all of one size
    lens: {model: equidistant, f_px: 310, width_px: 1024, height_px: 1024}    # or the name of a lens file: lens.yaml
    camera: {height_m: 3.2, tilt_deg: 2, tilt_azimuth_deg: 90}
    floor_px: [[200, 300], [800, 310], [790, 700], [210, 690]]     # where people may stand
    furniture:                             # what hides legs: upright prisms
      - {kind: desk, outline_px: [[400, 400], [500, 400], [500, 450], [400, 450]], height_m: 0.75, bottom_m: 0.7}
      - {kind: shelf, outline_m: [[1, 2], [2, 2], [2, 2.4], [1, 2.4]], height_m: 1.8}
    seats:
      - {place_px: [450, 470], towards_px: [450, 420], height_m: 0.45}
    lamps:
      - {place_m: [0, 1.5], size_m: [1.2, 0.3], strength: 1}
    windows:
      - {base_px: [[100, 300], [110, 600]], sill_m: 0.9, top_m: 2.2, strength: 2}
    ignore: [[[10, 10], [60, 10], [60, 80]]]                       # unlabelled people of the photograph itself

Everything becomes metres through the lens (Camera.floor_points). World as in annotate.camera.
"""

from annotate.site.geometry import PlacedLamp, PlacedSeat, PlacedWindow, Prism, along_edges
from annotate.site.model import CeilingLamp, Furniture, FurnitureKind, Seat, Site, Window
from annotate.site.reading import site_file

__all__ = [
    "CeilingLamp",
    "Furniture",
    "FurnitureKind",
    "PlacedLamp",
    "PlacedSeat",
    "PlacedWindow",
    "Prism",
    "Seat",
    "Site",
    "Window",
    "along_edges",
    "site_file",
]
