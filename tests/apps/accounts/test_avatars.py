import io
import struct
import sys
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from find_friend.accounts.models import Profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def patch(committed, api, ann):
    client = api(ann)

    def call(content, name="me.png"):
        upload = content if content in (None, "") else SimpleUploadedFile(name, content, "image/png")
        kind = "json" if upload is None else "multipart"
        return committed(client.patch, "users/me/", {"avatar": upload}, format=kind)

    return call


def picture(kind="PNG", size=(64, 48), mode="RGB", **options):
    output = io.BytesIO()
    Image.new(mode, size, {"RGB": "red", "RGBA": (255, 0, 0, 9)}.get(mode, 0)).save(output, kind, **options)
    return output.getvalue()


def stored():
    with default_storage.open(Profile.objects.get().avatar.name) as file:
        found = Image.open(file)
        found.load()
        return found


def files(tmp_path):
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def jpeg(scans, *, before=b"", after=b""):
    """A progressive JPEG with so many scans more, of which each adds nothing; ``before`` stands before its header."""
    content = picture("JPEG", size=(8, 8), mode="L", progressive=True)
    table = b"\xff\xc4\x00\x14\x10\x01" + b"\0" * 16  # one code, for the end of a block
    scan = b"\xff\xda\x00\x08\x01\x01\x10\x01\x3f\x00\x7f"
    return content[:2] + before + content[2:-2] + table + scan * scans + content[-2:] + after


def png_header(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    return start + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("PNG", "I;16"),
        ("PNG", "1"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("WEBP", "RGBA"),
    ],
)
def test_what_is_stored(patch, kind, mode, tmp_path):
    answer = patch(picture(kind, mode=mode))
    assert answer.status_code == 200
    found = stored()
    assert (found.format, found.size) == ("WEBP", (64, 48))
    assert answer.data["avatar"].startswith("http://testserver/media/find_friend/avatars/")
    assert answer.data["avatar"].endswith(".webp")
    assert "me" not in files(tmp_path)[0].split(".")[0]


@pytest.mark.parametrize(("size", "stored_size"), [((2000, 1000), (512, 256)), ((10, 20), (10, 20))])
def test_pictures_fit(patch, size, stored_size):
    patch(picture("JPEG", size=size))
    assert stored().size == stored_size


def test_transparency_stays(patch):
    patch(picture(mode="RGBA"))
    assert stored().mode == "RGBA"
    patch(picture(mode="P", transparency=0))
    assert stored().mode == "RGBA"


def test_nothing_of_the_upload_is_kept_but_the_pixels(patch, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    exif[0x010E] = "SECRET place"
    exif.get_ifd(0x8825)[1] = "N"
    photo = picture("JPEG", exif=exif, icc_profile=b"SECRET profile", comment=b"SECRET")
    assert patch(photo + b"PK SECRET zip").status_code == 200
    assert stored().size == (48, 64)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", "SECRET")
    assert patch(picture(pnginfo=notes) + b"<script>SECRET</script>").status_code == 200
    assert not stored().getexif()
    assert "icc_profile" not in stored().info
    assert not [path for path in tmp_path.rglob("*.webp") if b"SECRET" in path.read_bytes()]


def test_moving_pictures_stand_still(patch):
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    output = io.BytesIO()
    frames[0].save(output, "WEBP", save_all=True, append_images=frames[1:])
    assert patch(output.getvalue()).status_code == 200
    assert getattr(stored(), "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not a picture", "invalid_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "invalid_image"),
        (picture("GIF", mode="P"), "invalid_image"),
        (b"GIF89a/*" + b"\0" * 100 + b"*/=1;alert(1)", "invalid_image"),
        (picture("TIFF"), "invalid_image"),
        (picture("BMP"), "invalid_image"),
        (picture("PNG", size=(300, 300))[:200], "invalid_image"),
        (picture("JPEG", size=(300, 300))[:400], "invalid_image"),
        (picture("WEBP", size=(300, 300))[:60], "invalid_image"),
        (png_header(300, 300), "invalid_image"),
        (png_header(5000, 5000), "too_many_pixels"),
        (png_header(12_000, 12_000), "too_many_pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (png_header(0, 0), "invalid_image"),
        (b" ", "invalid_image"),
    ],
)
def test_what_is_refused(patch, content, code, tmp_path):
    answer = patch(content)
    assert (answer.status_code, answer.data["avatar"][0].code) == (400, code)
    assert files(tmp_path) == []


def test_a_jpeg_of_many_scans_is_not_decoded(patch):
    assert patch(jpeg(50)).status_code == 200
    for hidden in (b"", b"\xff\x01\xff\xff", b"\xff\xff", b"\xff\xe1\x00\x06\xff\xd9\xff\xd9"):
        assert patch(jpeg(100, before=hidden)).data["avatar"][0].code == "too_many_scans"


def test_scans_of_pictures_inside_of_others_are_not_counted(patch):
    note = b"\xff\xda" * 200
    segment = b"\xff\xe5" + struct.pack(">H", len(note) + 2) + note
    assert patch(jpeg(50, before=segment, after=note)).status_code == 200


def test_limits_are_settings(patch, configure):
    configure(AVATAR_MAX_BYTES=50)
    assert patch(picture()).data["avatar"][0].code == "too_large"
    configure(AVATAR_MAX_BYTES=10_000, AVATAR_MAX_PIXELS=64 * 48 - 1)
    assert patch(picture()).data["avatar"][0].code == "too_many_pixels"
    configure(AVATAR_MAX_PIXELS=64 * 48, AVATAR_SIZE=16)
    assert patch(picture()).status_code == 200
    assert stored().size == (16, 12)


def test_the_old_file_goes(patch, ann, tmp_path, django_capture_on_commit_callbacks):
    patch(picture())
    first = files(tmp_path)
    patch(picture())
    assert len(files(tmp_path)) == 1
    assert files(tmp_path) != first
    assert patch(None).data["avatar"] is None
    assert files(tmp_path) == []
    assert patch(None).status_code == 200
    patch(picture())
    assert patch("").data["avatar"] is None
    patch(picture())
    with django_capture_on_commit_callbacks(execute=True):
        ann.delete()
    assert files(tmp_path) == []


def test_other_changes_leave_the_file_alone(committed, api, ann, patch, tmp_path):
    patch(picture())
    before = files(tmp_path)
    for number in range(3):
        committed(api(ann).patch, "users/me/", {"about": str(number)})
    assert files(tmp_path) == before


def test_a_missing_file_breaks_nothing(api, ann, patch, tmp_path):
    patch(picture())
    for path in tmp_path.rglob("*.webp"):
        path.unlink()
    assert api(ann).get("/api/v1/users/me/").status_code == 200
    assert patch(picture()).status_code == 200


def test_without_pillow(patch, monkeypatch):
    content = picture()
    monkeypatch.setitem(sys.modules, "PIL", None)
    answer = patch(content)
    assert (answer.status_code, answer.data["code"]) == (400, "avatars_unavailable")


def landscape(upload):
    with Image.open(upload) as found:
        assert found.format == "WEBP"
        if found.width < found.height:
            raise ValidationError("Wider than high, please.", code="upright")


def smaller_than_a_megabyte(upload):
    assert len(upload.read()) < 1024 * 1024


def test_a_site_looks_at_pictures_itself(patch, configure):
    configure(AVATAR_VALIDATORS=[smaller_than_a_megabyte, f"{__name__}.landscape"])
    refused = patch(picture(size=(10, 20)))
    assert (refused.status_code, refused.json()) == (400, {"avatar": ["Wider than high, please."]})
    assert patch(picture(size=(20, 10))).status_code == 200
    assert stored().size == (20, 10)


def test_a_storage_of_their_own(patch, settings, configure, tmp_path):
    local = "django.core.files.storage.FileSystemStorage"
    pictures = {
        "BACKEND": local,
        "OPTIONS": {"location": tmp_path / "pictures", "base_url": "https://cdn.example.com/"},
    }
    settings.STORAGES = {**settings.STORAGES, "pictures": pictures}
    configure(AVATAR_STORAGE="pictures")
    url = patch(picture()).json()["avatar"]
    name = Profile.objects.get().avatar.name
    assert url == f"https://cdn.example.com/{name}"
    assert (tmp_path / "pictures" / name).exists()
    assert patch(None).json()["avatar"] is None
    assert not (tmp_path / "pictures" / name).exists()
