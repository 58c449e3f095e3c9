"""What people send as pictures becomes small JPEGs of their pixels alone, or is refused for what it is."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from services.pictures.photos import MAX_BYTES, MAX_SIDE, as_jpeg
from services.pictures.unseen import PictureRefused, Unseen
from tests.support.photos import bomb, moving, noise, of_camera, opened, photo


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_kind_becomes_a_jpeg(kind: str) -> None:
    picture = opened(as_jpeg(photo(kind)))
    assert picture.size == (40, 30)
    red, green, blue = picture.getpixel((20, 15))  # type: ignore[misc]
    assert red > 200
    assert green < 60
    assert blue < 60


def test_of_a_moving_picture_the_first_frame_is_taken() -> None:
    red, _, blue = opened(as_jpeg(moving())).getpixel((10, 10))  # type: ignore[misc]
    assert red > 200 > 60 > blue


def test_a_camera_picture_stands_upright_and_says_nothing_of_where_it_was_taken() -> None:
    content = of_camera()
    assert b"Secret Phone" in content
    jpeg = as_jpeg(content)
    picture = opened(jpeg)
    assert picture.size == (30, 40)
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert all(word not in jpeg for word in (b"Exif", b"Secret", b"Ignore", b"ICC_PROFILE"))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16", "CMYK"])
def test_pictures_of_any_make_can_be_seen(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (10, 10)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(as_jpeg(out.getvalue())).mode == "RGB"


def test_what_is_see_through_is_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(as_jpeg(out.getvalue())).getpixel((5, 5)) == (255, 255, 255)


def test_a_large_one_is_made_small() -> None:
    jpeg = as_jpeg(photo("JPEG", (3_000, 2_000)))
    assert max(opened(jpeg).size) == MAX_SIDE
    assert len(jpeg) <= MAX_BYTES


def test_one_that_will_not_be_small_is_made_smaller_until_it_fits() -> None:
    jpeg = as_jpeg(noise((2_100, 1_600)))
    assert len(jpeg) <= MAX_BYTES
    assert max(opened(jpeg).size) < MAX_SIDE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Unseen.NO_PICTURE),
        (b"not a picture at all", Unseen.NO_PICTURE),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", Unseen.NO_PICTURE),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, Unseen.NO_PICTURE),
        (photo("PNG", (400, 400))[:-200], Unseen.NO_PICTURE),
        (photo("JPEG", (400, 400))[:600], Unseen.NO_PICTURE),
        (b"%PDF-1.7\n", Unseen.NO_PICTURE),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Unseen.OTHER_KIND),
        (photo("BMP"), Unseen.OTHER_KIND),
        (photo("TIFF"), Unseen.OTHER_KIND),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', Unseen.OTHER_KIND),
    ],
)
def test_what_is_none_is_refused_for_what_it_is(content: bytes, why: Unseen) -> None:
    with pytest.raises(PictureRefused) as refused:
        as_jpeg(content)
    assert refused.value.why is why


def test_what_is_too_large_is_refused_for_that() -> None:
    for content in (bomb(), photo("PNG", (10_000, 6_000), "white", "1")):
        with pytest.raises(PictureRefused) as refused:
            as_jpeg(content)
        assert refused.value.why is Unseen.TOO_LARGE
