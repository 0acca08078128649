"""What storing and sending does to a finished picture: blocks of H.264 video and of JPEG. HWC uint8 RGB."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import cv2
import numpy as np

_FRAME_TIME = Fraction(1, 25)


def filmed(picture: np.ndarray, crf: int) -> np.ndarray:
    """The picture as the intra frame of an H.264 video of that constant rate factor; itself at 0.

    One intra frame, because a picture is one instant: a second frame of the same instant would differ by its noise
    alone, and what inter frames add (people whose trail lags) needs a second instant. One thread, so that the same
    picture always gives the same bits. 4:2:0 and the video range, as cameras send.
    """
    if crf == 0:
        return picture
    height, width = picture.shape[:2]
    even = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    planes = cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420)
    frame = _decoded(_encoded(planes, even.shape[1], even.shape[0], crf))
    return np.ascontiguousarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420)[:height, :width])


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture after a JPEG round trip; itself at quality 0."""
    if quality == 0:
        return picture
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _encoded(planes: np.ndarray, width_px: int, height_px: int, crf: int) -> list[av.Packet]:
    encoder = cast(av.VideoCodecContext, av.CodecContext.create("libx264", "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.time_base, encoder.thread_count = _FRAME_TIME, 1
    encoder.options = {"crf": str(crf), "preset": "superfast", "x264-params": "log-level=none"}
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = 0, _FRAME_TIME
    return [*encoder.encode(frame), *encoder.encode(None)]


def _decoded(packets: list[av.Packet]) -> np.ndarray:
    decoder = cast(av.VideoCodecContext, av.CodecContext.create("h264", "r"))
    decoder.thread_count = 1
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return frames[0].to_ndarray()
