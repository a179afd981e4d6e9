"""Pictures for the tests, drawn here: nobody's photo is among them."""

import io
from typing import Any

from PIL import Image, ImageDraw

GPS, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112


def drawn(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """A red field with a blue top left corner: which way up it is can be seen from one pixel."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height // 2 - 1), (30, 30, 200))
    return picture.convert(mode)


def encoded(picture: Image.Image | None = None, kind: str = "JPEG", **more: Any) -> bytes:
    body = io.BytesIO()
    (picture or drawn()).save(body, kind, **more)
    return body.getvalue()


def with_exif(orientation: int = 6) -> bytes:
    """A photo as a telephone makes it: lying on its side, with the place and the maker in it."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Telephone of 13812345678"
    exif.get_ifd(GPS).update({1: "N", 2: (31.0, 14.0, 12.5), 3: "E", 4: (121.0, 29.0, 3.0)})
    return encoded(exif=exif, xmp=b"<x:xmpmeta>13812345678</x:xmpmeta>", comment=b"13812345678")


def opened(body: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(body))
    picture.load()
    return picture
