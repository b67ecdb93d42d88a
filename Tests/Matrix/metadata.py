"""ICC profiles and EXIF data in PNG, JPEG, WebP and TIFF files: made, put into files and found there."""

import struct
import zlib
from collections.abc import Iterator
from hashlib import md5

PNG = b"\x89PNG\r\n\x1a\n"
EXIF_MARK = b"Exif\0\0"
ICC_MARK = b"ICC_PROFILE\0\x01\x01"
CAMERA = b"Impasto matrix\0"


def exif(orientation: int) -> bytes:
    """EXIF data with the camera's name and an orientation from 1 to 8."""
    entries = struct.pack(">HHII", 0x010F, 2, len(CAMERA), 38) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 2) + entries + struct.pack(">I", 0) + CAMERA


def profile() -> bytes:
    """An ICC profile of version 2 with the primaries of Display P3 and a gamma of 2.2."""
    def point(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))

    text = b"Impasto matrix\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(2.2 * 256), 0)
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {
        b"desc": description, b"cprt": b"text\0\0\0\0" + text, b"wtpt": point(0.9642, 1, 0.8249),
        b"rXYZ": point(0.5151, 0.2412, -0.0011), b"gXYZ": point(0.2920, 0.6922, 0.0419),
        b"bXYZ": point(0.1571, 0.0666, 0.7841), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, offset + len(body), bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, 63190, 65536, 54061)
    return bytes(head) + table + body


def insert(path: str, *, exif_data: bytes = b"", icc_profile: bytes = b"") -> None:
    """Puts EXIF data and a profile into the PNG or JPEG file at `path`."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(PNG):
        after_header = len(PNG) + 25
        added = _chunk(b"iCCP", b"matrix\0\0" + zlib.compress(icc_profile)) if icc_profile else b""
        added += _chunk(b"eXIf", exif_data) if exif_data else b""
    else:
        after_header = 2
        added = _segment(0xE1, EXIF_MARK + exif_data) if exif_data else b""
        added += _segment(0xE2, ICC_MARK + icc_profile) if icc_profile else b""
    with open(path, "wb") as file:
        file.write(data[:after_header] + added + data[after_header:])


def read(path: str) -> dict[str, str]:
    """The profile's hash, the camera and the orientation in the picture at `path`; empty for other files."""
    with open(path, "rb") as file:
        data = file.read()
    found: dict[str, str] = {}
    for kind, body in _parts(data):
        if kind in ("iCCP", "ICCP", "ICC"):
            found["ICC profile"] = md5(body).hexdigest()
        elif body:
            found |= _read_exif(body)
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts of a file that hold a profile or EXIF data, with the kind that the format names them by."""
    if data.startswith(PNG):
        at = len(PNG)
        while at + 8 <= len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            body = data[at + 8:at + 8 + length]
            if kind == b"iCCP":
                yield "iCCP", zlib.decompress(body[body.index(0) + 2:])
            elif kind == b"eXIf":
                yield "eXIf", body
            at += 12 + length
    elif data.startswith(b"\xff\xd8"):
        at = 2
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
            length = struct.unpack_from(">H", data, at + 2)[0]
            body = data[at + 4:at + 2 + length]
            if body.startswith(EXIF_MARK):
                yield "EXIF", body[len(EXIF_MARK):]
            elif body.startswith(ICC_MARK[:12]):
                yield "ICC", body[len(ICC_MARK):]
            at += 2 + length
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        at = 12
        while at + 8 <= len(data):
            kind, length = struct.unpack_from("<4sI", data, at)
            if kind in (b"ICCP", b"EXIF"):
                yield kind.decode(), data[at + 8:at + 8 + length].removeprefix(EXIF_MARK)
            at += 8 + length + length % 2
    elif data[:4] in (b"II*\0", b"MM\0*"):
        order = "<" if data[:2] == b"II" else ">"
        for tag, _, count, value in _entries(data, order):
            if tag == 34675:
                yield "ICC", data[value:value + count]
        yield "EXIF", data


def _entries(data: bytes, order: str) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count and value or offset of the entries of a TIFF's first directory."""
    at = struct.unpack_from(order + "I", data, 4)[0]
    for number in range(struct.unpack_from(order + "H", data, at)[0]):
        yield struct.unpack_from(order + "HHII", data, at + 2 + 12 * number)


def _read_exif(data: bytes) -> dict[str, str]:
    found = {}
    order = "<" if data[:2] == b"II" else ">"
    for tag, kind, count, value in _entries(data, order):
        if tag == 0x010F:
            found["EXIF camera"] = data[value:value + count].rstrip(b"\0").decode(errors="replace")
        elif tag == 0x0112 and kind == 3:
            found["orientation"] = str(value >> 16 if order == ">" else value & 0xFFFF)
    return found
