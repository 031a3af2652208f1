"""Uploaded pictures: looked at before they are decoded, and stored as new pictures with nothing else in them."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import ValidationError

from find_friend.conf import app_settings

from .exceptions import AvatarsUnavailable

FORMATS = ("JPEG", "PNG", "WEBP")
JPEG = b"\xff\xd8\xff"
MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # those that a length follows, but for the last
SCAN, LAST = b"\xda", b"\xd9"
MOST_SCANS = 100  # each goes over the whole picture, however few bytes it has; cameras and programs write a dozen


def prepare(upload: Any) -> ContentFile[bytes]:
    """A WebP of at most ``AVATAR_SIZE`` pixels a side, without metadata, under a random name.

    ValidationError for whatever is no JPEG, PNG or WebP within the limits, or what AVATAR_VALIDATORS do not take;
    AvatarsUnavailable without Pillow.
    """
    try:
        from PIL import Image
    except ImportError:
        raise AvatarsUnavailable from None
    if upload.size > app_settings.AVATAR_MAX_BYTES:
        raise ValidationError(_("This file is too large. Choose a smaller one."), code="too_large")
    if _count_scans(upload.read()) > MOST_SCANS:
        raise ValidationError(_("This picture takes too long to read. Save it anew."), code="too_many_scans")
    try:
        with Image.open(upload, formats=FORMATS) as picture:  # reads the header only
            small = picture.width * picture.height <= app_settings.AVATAR_MAX_PIXELS
            content = _encode(picture) if small else None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        content = None
    except Exception:  # decoders fail on hostile files in many ways
        raise ValidationError(_("This is not a JPEG, PNG or WebP picture."), code="invalid_image") from None
    if content is None:
        raise ValidationError(_("This picture has too many pixels. Choose a smaller one."), code="too_many_pixels")
    clean = ContentFile(content, name=f"{uuid.uuid4().hex}.webp")
    for validate in app_settings.AVATAR_VALIDATORS:
        clean.seek(0)
        validate(clean)
    return clean


def _count_scans(content: bytes) -> int:
    """How often the decoder would go over a JPEG; 0 for another kind of file."""
    found, position = 0, len(JPEG) - 1 if content.startswith(JPEG) else len(content)
    while (marker := MARKER.search(content, position)) and marker[1] != LAST:
        found += marker[1] == SCAN
        position = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")
    return found


def _encode(picture: Any) -> bytes:
    from PIL import ImageOps

    side = app_settings.AVATAR_SIZE
    picture.draft("RGB", (side, side))  # a JPEG is decoded no larger than needed
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((side, side))
    clean = upright.convert("RGBA" if transparent else "RGB")
    clean.info = {}
    output = io.BytesIO()
    clean.save(output, "WEBP", quality=85)
    return output.getvalue()
