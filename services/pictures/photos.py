"""Pictures that people send, made fit for the model: upright, small, and without what a camera adds to them.

What a file is called and said to be counts for nothing: it is a picture if it can be decoded as one. It becomes a
JPEG of its pixels alone, so neither the place where it was taken nor text hidden beside the pixels goes along.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from services.pictures.unseen import PictureRefused, Unseen

MAX_PIXELS = 50_000_000
"""A picture of more is not decoded: a file of some kilobytes can hold billions of them."""

MAX_SIDE = 2_048
"""Pixels of the longer side that are kept: more tells the model no more of a road or a meter."""

MAX_BYTES = 2 * 2**20
"""Of one JPEG. Four of them are the most that a question to the model carries."""

AT_ONCE = 2
"""So many are fetched and decoded at a time, for all workspaces: each may take some hundred megabytes."""

_KINDS = ("PNG", "JPEG", "WEBP", "GIF")
_OTHER_KINDS = (b"BM", b"II*\x00", b"MM\x00*", b"<svg", b"<?xml", b"\x00\x00\x00\x0cjP")
_QUALITY = 85

# Pillow only warns of what its own limit is passed by; here it is refused, by what the header says.
Image.MAX_IMAGE_PIXELS = None

_UNDECODABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises over a file that is broken, or made to break it."""


def as_jpeg(content: bytes) -> bytes:
    """A picture as a JPEG of at most MAX_BYTES, the first frame of a moving one. Raises PictureRefused."""
    try:
        with Image.open(BytesIO(content), formats=_KINDS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PictureRefused(Unseen.TOO_LARGE)
            # First of all: a JPEG is then decoded at about that size, and no large copy is made of any kind.
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            ImageOps.exif_transpose(picture, in_place=True)
            return _encoded(_opaque(picture))
    except UnidentifiedImageError as error:
        raise PictureRefused(Unseen.OTHER_KIND if _is_other_kind(content) else Unseen.NO_PICTURE) from error
    except _UNDECODABLE as error:
        raise PictureRefused(Unseen.NO_PICTURE) from error


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture in plain colours; what is see-through in it is white."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen)
    return paper


def _encoded(picture: Image.Image) -> bytes:
    """A JPEG of it, as large as fits."""
    # What it came with must not go along: a copy of the pixels has nothing else.
    picture = Image.frombytes("RGB", picture.size, picture.tobytes())
    while True:
        out = BytesIO()
        picture.save(out, "JPEG", quality=_QUALITY)
        if out.tell() <= MAX_BYTES:
            return out.getvalue()
        picture.thumbnail((max(picture.size) * 3 // 4,) * 2)


def _is_other_kind(content: bytes) -> bool:
    """Whether it looks like a picture of a kind that is not read here, such as a phone's HEIC."""
    return content[4:8] == b"ftyp" or content.lstrip()[:12].lower().startswith(
        tuple(each.lower() for each in _OTHER_KINDS)
    )


class PhotoReader:
    """Reads pictures off the event loop, a few at a time; one per process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, fetch: Callable[[], Awaitable[bytes]]) -> bytes:
        """The JPEG of what is fetched, once it is its turn. Raises PictureRefused, and whatever `fetch` does."""
        async with self._turns:
            return await asyncio.to_thread(as_jpeg, await fetch())
