"""A ticket's photos as HTML: before and after side by side, a tap opens one large."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from domain.clock import local
from domain.pictures import Photo
from domain.tickets import PHOTO_STAGE_LABELS, PhotoStage


def strips_html(photos: Sequence[Photo]) -> str:
    """Render a strip a stage that has photos; Streamlit adds `noopener` to what opens anew."""
    strips = "".join(_strip(stage, [p for p in photos if p.stage is stage]) for stage in PhotoStage)
    return f'<div class="linli-d linli-photos">{strips}</div>' if strips else ""


def _strip(stage: PhotoStage, photos: Sequence[Photo]) -> str:
    if not photos:
        return ""
    pictures = "".join(_picture(photo, number) for number, photo in enumerate(photos, 1))
    label = PHOTO_STAGE_LABELS[stage]
    strip = f'<div class="strip" role="group" aria-label="{label}照片">{pictures}</div>'
    return f"<section><h3>{label}（{len(photos)}）</h3>{strip}</section>"


def _picture(photo: Photo, number: int) -> str:
    words = escape(name(photo, number))
    return (
        f'<a href="/pictures/{photo.id.hex}" target="_blank" title="{words}，点开看大图">'
        f'<img src="/pictures/{photo.id.hex}/small" alt="{words}" loading="lazy" width="96" height="96"></a>'
    )


def name(photo: Photo, number: int) -> str:
    """Say which photo it is: 处理前照片 1，11月20日 10:05."""
    return f"{PHOTO_STAGE_LABELS[photo.stage]}照片 {number}，{_moment(photo.added_at)}"


def _moment(at: datetime) -> str:
    there = local(at)
    return f"{there.month}月{there.day}日 {there.hour}:{there:%M}"
