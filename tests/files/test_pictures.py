"""What comes in as a photo, and what is kept of it."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from db import blobs
from domain.errors import Invalid, Refused
from domain.pictures import MEGABYTES_MAX, SIDE_MAX, SMALL_SIDE_MAX
from files import pictures
from settings import Settings
from tests.pictures import drawn, encoded, opened, with_exif

RED, BLUE = (200, 30, 30), (30, 30, 200)


def is_near(colour: object, wanted: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_known_kind_becomes_a_plain_jpeg(kind: str) -> None:
    made = pictures.re_encode(encoded(kind=kind))

    kept = opened(made.body)
    assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (400, 300))
    assert (made.width, made.height) == (400, 300)
    assert is_near(kept.getpixel((10, 10)), BLUE)


def test_a_photo_on_its_side_is_turned_and_says_nothing_of_where_and_by_whom() -> None:
    made = pictures.re_encode(with_exif(orientation=6))

    kept = opened(made.body)
    assert kept.size == (300, 400)
    assert is_near(kept.getpixel((290, 10)), BLUE)  # top left lies at the top right after a quarter turn
    assert not kept.getexif()
    assert {*kept.info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for word in (b"Exif", b"13812345678", b"xmp", b"ICC", b"\xff\xfe"):
        assert word not in made.body


def test_what_lies_behind_the_picture_is_not_kept() -> None:
    made = pictures.re_encode(encoded() + b"<script>alert(1)</script>PK\x03\x04")

    assert b"<script" not in made.body
    assert made.body.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("size", "kept"), [((4000, 3000), (1600, 1200)), ((1000, 4000), (400, 1600)), ((1600, 1600), (1600, 1600))]
)
def test_the_longest_side_is_cut_down(size: tuple[int, int], kept: tuple[int, int]) -> None:
    made = pictures.re_encode(encoded(drawn(*size)))

    assert (made.width, made.height) == kept
    assert max(kept) <= SIDE_MAX


def test_a_thumbnail_is_small_and_upright() -> None:
    body = pictures.small(pictures.re_encode(encoded(drawn(1600, 800))).body)

    assert opened(body).size == (SMALL_SIDE_MAX, SMALL_SIDE_MAX // 2)
    assert len(body) < 10_000


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colours_is_read(mode: str) -> None:
    picture = drawn(mode="L").convert("I;16") if mode == "I;16" else drawn(mode=mode)

    made = pictures.re_encode(encoded(picture, "JPEG" if mode == "CMYK" else "PNG"))

    assert opened(made.body).size == (400, 300)


def test_what_is_transparent_becomes_white() -> None:
    made = pictures.re_encode(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"))

    assert is_near(opened(made.body).getpixel((25, 25)), (255, 255, 255))


def test_grey_of_sixteen_bits_is_scaled_and_not_cut() -> None:
    made = pictures.re_encode(encoded(Image.new("I;16", (50, 50), 0x8000), "PNG"))

    assert is_near(opened(made.body).getpixel((25, 25)), (128, 128, 128))


def test_colours_of_another_profile_are_brought_to_those_of_every_screen() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    made = pictures.re_encode(encoded(icc_profile=lab))
    broken = pictures.re_encode(encoded(icc_profile=b"no profile at all"))

    assert is_near(opened(made.body).getpixel((10, 10)), BLUE)
    assert is_near(opened(broken.body).getpixel((10, 10)), BLUE)
    assert b"no profile" not in broken.body


def test_an_animation_gives_its_first_picture() -> None:
    frames = [Image.new("RGB", (60, 40), RED), Image.new("RGB", (60, 40), BLUE)]

    for kind in ("WEBP", "PNG"):
        made = pictures.re_encode(encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100))
        assert is_near(opened(made.body).getpixel((30, 20)), RED)


def test_a_photo_of_two_lenses_gives_its_first_picture() -> None:
    made = pictures.re_encode(encoded(drawn(), "MPO", save_all=True, append_images=[drawn(200, 100)]))

    assert (made.width, made.height) == (400, 300)


HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (HTML, "不是 JPG、PNG 或 WebP"),
        (SVG, "不是 JPG、PNG 或 WebP"),
        (b"", "不是 JPG、PNG 或 WebP"),
        (encoded(kind="GIF"), "不是 JPG、PNG 或 WebP"),
        (encoded(kind="BMP"), "不是 JPG、PNG 或 WebP"),
        (encoded(kind="TIFF"), "不是 JPG、PNG 或 WebP"),
        (HEIC, "苹果手机的 HEIC 照片"),
        (b"\xff\xd8\xff" + HTML, "打不开"),
        (b"\x89PNG\r\n\x1a\n" + SVG, "打不开"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + HTML, "打不开"),
        (b"\xff\xd8\xff" + bytes(MEGABYTES_MAX * 1_000_000), "最大 15 MB"),
    ],
    ids=["html", "svg", "empty", "gif", "bmp", "tiff", "heic", "html-as-jpeg", "svg-as-png", "html-as-webp", "large"],
)
def test_what_is_no_photo_is_refused_by_its_content(raw: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        pictures.re_encode(raw)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_did_not_arrive_whole_is_refused(kind: str) -> None:
    whole = encoded(Image.effect_noise((400, 300), 80).convert("RGB"), kind)

    for part in (len(whole) // 2, 60):
        with pytest.raises(Invalid, match="没有传完或已损坏"):
            pictures.re_encode(whole[:part])


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has this many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(10_000, 5_001), (10_000, 10_000), (60_000, 60_000)])
def test_more_pixels_than_allowed_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="最多 5000 万像素"):
        pictures.re_encode(bomb(*size))


def test_what_is_kept_is_found_by_its_digest(db_sqlite: Settings) -> None:
    kept = pictures.keep(with_exif())

    body = blobs.read(kept.sha256)
    assert (kept.size, kept.width, kept.height) == (len(body), 300, 400)
    assert pictures.keep(with_exif()) == kept


def test_what_is_refused_leaves_no_file(db_sqlite: Settings) -> None:
    with pytest.raises(Refused):
        pictures.keep(HTML)

    assert list(blobs.listed()) == []


def test_the_same_picture_always_has_the_same_bytes() -> None:
    raw = io.BytesIO(with_exif()).getvalue()

    assert pictures.re_encode(raw).body == pictures.re_encode(raw).body
