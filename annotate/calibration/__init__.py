"""Lenses out of calibration files, and lenses fitted to pictures.

readers            a calibration file of any usual format into a lens
command, drawing   what a file was understood to mean, and the picture of it
circle, edges      the lens's circle in a picture; traced edges moved onto the picture's own
plumb_line, points fits: straight edges, measured points; lens_fit is what they find, solve how
fit_command        the command that fits

Pixels: x right, y down, the first pixel's centre at (0.5, 0.5). Calibration tools count it at 0; readers add the half.
"""
