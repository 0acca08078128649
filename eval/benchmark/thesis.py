"""The numbers that the thesis printed, by its tables: Andersson & Andersson, Lund University, 2019.

Sets carry the names of our presets: C_CP_S is the thesis's C with subscript CP and superscript S. Its detector finds
heads; precision, recall and F1 are those on its R_test at an IoU that it does not state. Its distances are FID, between
Inception features of crops: another network's Fréchet distance is another quantity and is never put beside them.

The copy of the tables that these were read from is garbled in places. GARBLED says where and how each row was settled.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scores:
    """A row of Tables 4.2 to 4.6, 5.1 to 5.3: the epoch of the chosen checkpoint and what it reached on the test set."""

    epoch: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Fid:
    """A row of Table 4.1: Fréchet Inception Distances of crops."""

    to_synthetic: float
    to_real: float


TABLE_3_2 = (
    *("C_CP", "C_CPCF", "C_CPCFIF", "C_CPCFIP", "D", "M", "A"),
    *("C_CP_S", "C_CPCF_S", "C_CPCFIF_S", "C_CPCFIP_S", "D_S", "M_S", "A_S"),
)
"""The fourteen refiners by the names of their presets, in the order of Table 3.2."""

FAVOURITE = "D_S"
"""The refiner that the thesis mixes with R, sweeps, repeats and plots."""

SWEEP = (0, 1, 3, 5, 7, 10, 15)
"""How many times as many refined as real pictures, Table 4.6."""

PROJECTED = {"D_S": "4.10", "C_CPCFIP_S": "5.1", "M": "5.3", "M_new": "5.4"}
"""Refined sets whose features the thesis projects beside those of R and S, and the figures that show them."""

TABLE_4_1 = {
    "R": Fid(167.37, 7.54),
    "S": Fid(4.6, 165.67),
    "R + D_S": Fid(70.74, 135.39),
    "C_CP_S": Fid(106.56, 166.18),
    "C_CPCF_S": Fid(94.88, 154.86),
    "C_CPCFIP_S": Fid(90.57, 154.75),
    "C_CPCFIF_S": Fid(70.8, 153.3),
    "D_S": Fid(69.8, 147.82),
    "M_S": Fid(63.08, 149.63),
    "A_S": Fid(74.43, 149.99),
    "C_CP": Fid(105.66, 170.87),
    "C_CPCF": Fid(98.19, 169.3),
    "C_CPCFIP": Fid(89.54, 155.54),
    "C_CPCFIF": Fid(72.87, 149.57),
    "D": Fid(73.86, 153.16),
    "M": Fid(69.55, 151.21),
    "A": Fid(47.41, 152.9),
}

TABLE_4_2 = {"S": Scores(24, 0.875, 0.832, 0.853), "R": Scores(89, 0.9, 0.833, 0.865)}

TABLE_4_3 = {
    "C_CP_S": Scores(39, 0.844, 0.827, 0.835),
    "C_CPCF_S": Scores(10, 0.823, 0.788, 0.805),
    "C_CPCFIP_S": Scores(30, 0.819, 0.837, 0.828),
    "C_CPCFIF_S": Scores(18, 0.861, 0.889, 0.875),
    "M_S": Scores(26, 0.879, 0.812, 0.844),
    "D_S": Scores(9, 0.872, 0.892, 0.882),
    "A_S": Scores(16, 0.844, 0.883, 0.863),
}

TABLE_4_4 = {
    "C_CP": Scores(9, 0.841, 0.788, 0.813),
    "C_CPCF": Scores(12, 0.777, 0.851, 0.812),
    "C_CPCFIP": Scores(21, 0.788, 0.834, 0.81),
    "C_CPCFIF": Scores(21, 0.845, 0.886, 0.865),
    "M": Scores(30, 0.889, 0.843, 0.865),
    "D": Scores(7, 0.781, 0.88, 0.827),
    "A": Scores(3, 0.777, 0.89, 0.83),
}

TABLE_4_5 = {"R + S": Scores(7, 0.861, 0.856, 0.858), "R + D_S": Scores(19, 0.878, 0.898, 0.888)}

TABLE_4_6 = {
    0: Scores(89, 0.9, 0.833, 0.865),
    1: Scores(76, 0.92, 0.853, 0.885),
    3: Scores(53, 0.904, 0.854, 0.878),
    5: Scores(46, 0.913, 0.837, 0.873),
    7: Scores(43, 0.882, 0.875, 0.879),
    10: Scores(12, 0.857, 0.918, 0.886),
    15: Scores(19, 0.878, 0.898, 0.888),
}
"""By N. At 15 all of D_S was used: 1,498 pictures beside 102."""

TABLE_4_7 = {"with": (153.79, 0.847), "without": (157.51, 0.832)}
"""Mean FID to R's crops and mean F1 of the sets refined with and without the skip connection."""

TABLE_5_1 = {"S_style": Scores(7, 0.741, 0.786, 0.762)}

TABLE_5_2 = {
    "R_new": Scores(16, 0.899, 0.977, 0.936),
    "D_S_new": Scores(26, 0.847, 0.888, 0.867),
    "R_new + D_S_new": Scores(32, 0.870, 0.959, 0.913),
}

TABLE_5_3 = {"D_S_reproduction": Scores(7, 0.841, 0.878, 0.859)}

SECTION_5_8_F1 = {"D_VGG5_S": 0.824, "D_VGG5-2_S": 0.841}
"""F1 of the variants of D_S with other layers of VGG16."""

GARBLED = {
    "4.1": "In the copy of Table 4.1 that was read, row names run into one another and two rows are called C_CP; they are "
    "taken in the order of the other tables. The averages of Table 4.7 and the values named in chapter 5 agree.",
    "4.3": "In the copy of Table 4.3 that was read, five row names stand in one cell; they are taken in that order.",
    "4.4": "In the copy of Table 4.4 that was read, two rows are called C_CPCFIF; the first is taken for C_CPCFIP, "
    "as in the order of Table 4.3.",
}


def scores() -> dict[str, Scores]:
    """Every row of Tables 4.2 to 4.5 and 5.1 to 5.3 by the name of its training set."""
    return {**TABLE_4_2, **TABLE_4_3, **TABLE_4_4, **TABLE_4_5, **TABLE_5_1, **TABLE_5_2, **TABLE_5_3}
