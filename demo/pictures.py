"""The demo's few photos, drawn and marked 演示: boxes on a landing, a door, a fire lane before and after."""

from collections.abc import Callable, Mapping
from io import BytesIO

from PIL import Image, ImageDraw

from domain.pictures import Kept
from files import pictures

Draw = ImageDraw.ImageDraw
_SIZE = (800, 600)
# 演示 on 40 × 20 dots: a server has no Chinese font for certain
_MARK = (
    "0000000000000800000030080000001c0801fff80fffe000000300600000030060000000ff800000700807fffe180800060001ff"
    "c006000188400600018840c6300dffc0c6100d88418618198841860c19ffc3060c302206060430e18006046380e03e00"
)


def keep(name: str) -> Kept:
    """Draw this picture and put its bytes where a row will look for them."""
    picture = Image.new("RGB", _SIZE, "#cfc9bd")
    _SCENES[name](ImageDraw.Draw(picture))
    mark = Image.frombytes("1", (40, 20), bytes.fromhex(_MARK)).resize((160, 80))
    picture.paste("#ffffff", (614, 496, 790, 590))
    picture.paste("#7a2e2e", (622, 503), mark)
    body = BytesIO()
    picture.save(body, "JPEG", quality=95)
    return pictures.keep(body.getvalue())


def _landing(draw: Draw) -> None:
    draw.rectangle((0, 430, 800, 600), "#8f8a82")
    draw.rectangle((560, 120, 740, 430), "#6d7f86")
    for step in range(5):
        draw.rectangle((0, 430 - 40 * step, 240 - 44 * step, 470 - 40 * step), "#a7a198", "#7d776e")


def _boxes(draw: Draw) -> None:
    _landing(draw)
    for x, y, side in ((300, 300, 130), (430, 320, 110), (340, 190, 110), (500, 400, 100)):
        draw.rectangle((x, y, x + side, y + side), "#b98a55", "#7c5a33", 4)
        draw.line((x, y + side // 2, x + side, y + side // 2), "#7c5a33", 4)


def _bicycle(draw: Draw) -> None:
    _landing(draw)
    for x in (300, 490):
        draw.ellipse((x, 350, x + 130, 480), outline="#2d3a40", width=9)
    draw.line((365, 415, 430, 300, 540, 300, 555, 415), "#a33b3b", 9)
    draw.line((430, 300, 470, 415, 540, 300), "#a33b3b", 9)


def _door(draw: Draw) -> None:
    draw.rectangle((0, 500, 800, 600), "#8f8a82")
    draw.rectangle((250, 90, 550, 500), "#4d6068", "#2f3d43", 8)
    draw.rectangle((290, 130, 510, 320), "#9fb3ba")
    draw.rectangle((590, 260, 660, 370), "#2f3d43")
    draw.ellipse((612, 300, 638, 326), "#c0392b")


def _lane(draw: Draw) -> None:
    draw.rectangle((0, 0, 800, 220), "#b9cfd8")
    draw.polygon(((150, 600), (340, 220), (460, 220), (650, 600)), "#5f6468")
    draw.rectangle((40, 120, 220, 330), "#d7d2c6", "#8f8a82", 4)


def _marked_lane(draw: Draw) -> None:
    _lane(draw)
    for left, right in ((195, 350), (605, 450)):
        draw.line((left, 600, right, 220), "#e8b52c", 12)
    for y in range(260, 600, 80):
        half = (y - 120) * 0.33
        draw.line((400 - half, y, 400 + half, y + 30), "#e8b52c", 8)


_SCENES: Mapping[str, Callable[[Draw], None]] = {
    "boxes": _boxes,
    "bicycle": _bicycle,
    "door": _door,
    "lane": _lane,
    "marked lane": _marked_lane,
}
