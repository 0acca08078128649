"""What the camera itself does to a picture: drawn from ranges (spec), applied (develop), measured on real pictures."""

from render.sensor.codec import compressed, filmed
from render.sensor.develop import REFERENCE_PX, develop
from render.sensor.noise import add_noise
from render.sensor.photograph import develop_over, lamp_gain, undeveloped
from render.sensor.ranges import CHANCES, EFFECTS, PRESETS, RANGES, SensorConfig, sample_sensor
from render.sensor.spec import SensorSpec
from render.sensor.tone import roll_off

__all__ = [
    "CHANCES",
    "EFFECTS",
    "PRESETS",
    "RANGES",
    "REFERENCE_PX",
    "SensorConfig",
    "SensorSpec",
    "add_noise",
    "compressed",
    "develop",
    "develop_over",
    "filmed",
    "lamp_gain",
    "roll_off",
    "sample_sensor",
    "undeveloped",
]
