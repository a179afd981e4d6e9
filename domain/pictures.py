"""Photos of a ticket: what may come in, in which shape it is kept, and what is shown of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Invalid
from domain.tickets import PhotoStage

MEGABYTES_MAX = 15
PIXELS_MAX = 50_000_000  # decoded, that is 150 MB
SIDE_MAX, SMALL_SIDE_MAX = 1600, 320
QUALITY, SMALL_QUALITY = 82, 75
STAGE_MAX = 9  # photos a stage and ticket: nine fill a screen
KINDS = ("JPEG", "PNG", "WEBP")
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


@dataclass(frozen=True)
class Kept:
    """A picture whose bytes are kept under their digest."""

    sha256: str
    size: int
    width: int
    height: int


@dataclass(frozen=True)
class Photo:
    """A photo as the screens show it."""

    id: UUID
    stage: PhotoStage
    width: int
    height: int
    added_by: UUID
    who: str
    added_at: datetime


def check_file(raw: bytes) -> None:
    """Refuse by size and first bytes, whatever the file is called."""
    if len(raw) > MEGABYTES_MAX * 1_000_000:
        raise Invalid(f"照片太大，最大 {MEGABYTES_MAX} MB，请选小一些的或降低拍照分辨率。", field="pictures")
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC:
        raise Invalid(
            "这是苹果手机的 HEIC 照片，请用手机打开本页直接选照片（会自动转换），"
            "或在“设置→相机→格式”里选“兼容性最佳”后重拍。",
            field="pictures",
        )
    if not _is_known(raw):
        raise Invalid("这不是 JPG、PNG 或 WebP 照片，请换一张。", field="pictures")


def _is_known(raw: bytes) -> bool:
    png, jpeg = raw.startswith(b"\x89PNG\r\n\x1a\n"), raw.startswith(b"\xff\xd8\xff")
    return png or jpeg or (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP")


def check_pixels(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise Invalid(f"照片的像素太多，最多 {PIXELS_MAX // 10_000} 万像素，请缩小后再选。", field="pictures")


def check_count(held: int, more: Sequence[Kept]) -> None:
    if not more:
        raise Invalid("请先选照片。", field="pictures")
    if held + len(more) > STAGE_MAX:
        left = STAGE_MAX - held
        words = f"还可以再放 {left} 张" if left > 0 else "已经放满"
        raise Invalid(f"处理前、处理后各最多 {STAGE_MAX} 张照片，{words}，请减少后再提交。", field="pictures")
