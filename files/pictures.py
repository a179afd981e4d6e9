"""A photo as it comes in, made into the one that is kept: upright, small, and with nothing in it but the picture."""

import io
import threading
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from db import blobs
from domain.errors import Invalid, Refused
from domain.pictures import (
    KINDS,
    QUALITY,
    SIDE_MAX,
    SMALL_QUALITY,
    SMALL_SIDE_MAX,
    Kept,
    check_file,
    check_pixels,
)

# a picture of 50 million pixels takes 150 MB while it is read: two at once, the others wait
_AT_ONCE = threading.BoundedSemaphore(2)
_SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Picture:
    """A JPEG without EXIF, place, profile or comment."""

    body: bytes
    width: int
    height: int


def keep(raw: bytes) -> Kept:
    """Check and re-encode what came in, and put it among the blobs; a row may point to it then."""
    made = re_encode(raw)
    return Kept(blobs.put(made.body), len(made.body), made.width, made.height)


def re_encode(raw: bytes) -> Picture:
    check_file(raw)
    try:
        with _AT_ONCE, Image.open(io.BytesIO(raw), formats=KINDS) as opened:
            check_pixels(*opened.size)  # known from the header, before anything is decoded
            return _made(opened, SIDE_MAX, QUALITY)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        check_pixels(1 << 16, 1 << 16)
        raise
    except Exception as error:  # what a file made to harm raises can't be listed
        raise Invalid("这张照片打不开，可能没有传完或已损坏，请换一张或重拍。", field="pictures") from error


def small(body: bytes) -> bytes:
    """Make the thumbnail of a kept picture."""
    with Image.open(io.BytesIO(body), formats=("JPEG",)) as opened:
        return _made(opened, SMALL_SIDE_MAX, SMALL_QUALITY).body


def _made(opened: Image.Image, side: int, quality: int) -> Picture:
    scale = min(1.0, side / max(opened.size))
    # a JPEG can be decoded at a half, a quarter or an eighth, in a third of the time
    opened.draft(None, (round(opened.width * scale), round(opened.height * scale)))
    profile = opened.info.get("icc_profile")
    turned = ImageOps.exif_transpose(opened)  # an animation gives its first frame
    turned.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    flat = _in_srgb(turned, profile)
    clean = Image.new("RGB", flat.size)  # a new one: whatever the old one carried stays behind
    clean.paste(flat)
    body = io.BytesIO()
    clean.save(body, "JPEG", quality=quality, optimize=True)
    return Picture(body.getvalue(), *clean.size)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Give plain RGB: on white where it was transparent, in sRGB where the colours were another's."""
    if picture.mode.startswith("I"):  # 16 bits of grey: `convert` would cut instead of scale
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.new("RGB", seen.size, "white")
        picture.paste(seen, mask=seen.getchannel("A"))
    elif picture.mode not in ("RGB", "CMYK", "L"):
        picture = picture.convert("RGB")
    if profile:
        try:
            return _converted(picture, profile)
        except (ImageCms.PyCMSError, OSError, ValueError):  # a broken profile is no reason to refuse a photo
            pass
    return picture.convert("RGB")


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    held = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    made = ImageCms.profileToProfile(picture, held, _SRGB, outputMode="RGB")
    return made if made is not None else picture.convert("RGB")
