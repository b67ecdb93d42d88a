"""The functions of libimpasto, through ctypes, which releases Python's lock during a call."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int, c_int32, c_size_t, c_ssize_t, c_void_p
from pathlib import Path

from ._errors import error

BUFFER_TOO_SMALL = 8


class Image(ctypes.Structure):
    """`impasto_image`."""

    _fields_ = [
        ("pixels", c_void_p),
        ("width", c_int32),
        ("height", c_int32),
        ("stride", c_ssize_t),
        ("format", c_int32),
    ]


class Options(ctypes.Structure):
    """`impasto_options`."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_int32),
        ("strength", c_float),
        ("preserve_colors", c_bool),
        ("denoise", c_bool),
        ("stroke_size", c_char_p),
        ("models", c_char_p),
    ]


def _load() -> ctypes.CDLL:
    # The library of the wheel, or one that is installed elsewhere.
    bundled = Path(__file__).with_name("libimpasto.so")
    library = ctypes.CDLL(
        os.environ.get("IMPASTO_LIBRARY") or (str(bundled) if bundled.exists() else "libimpasto.so.0"))
    signatures = {
        "impasto_open": [c_char_p, POINTER(Options), POINTER(c_void_p)],
        "impasto_prepare": [c_void_p, c_int32, c_int32],
        "impasto_paint": [c_void_p, POINTER(Image), POINTER(Image)],
        "impasto_set_strength": [c_void_p, c_float],
        "impasto_set_preserve_colors": [c_void_p, c_bool],
        "impasto_set_stroke_size": [c_void_p, c_char_p],
        "impasto_close": [c_void_p],
        "impasto_list_styles": [c_char_p, c_void_p, c_size_t, POINTER(c_size_t)],
    }
    for name, arguments in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, c_int
    for name in ["impasto_last_error", "impasto_version"]:
        function = getattr(library, name)
        function.argtypes, function.restype = [], c_char_p
    return library


_functions = _load()


def call(name: str, *arguments: object) -> None:
    """Calls a function of the library.

    Raises the `Error` for its status.
    """
    status = getattr(_functions, name)(*arguments)
    if status != 0:
        raise error(status, _functions.impasto_last_error().decode())


def version() -> str:
    """Returns the version of the library."""
    return _functions.impasto_version().decode()


def style_names(models: bytes | None) -> list[str]:
    """Returns the names of the styles in a folder, or in those that are searched otherwise."""
    length = c_size_t(1 << 12)
    while True:
        capacity = length.value + 1
        buffer = ctypes.create_string_buffer(capacity)
        status = _functions.impasto_list_styles(models, buffer, capacity, ctypes.byref(length))
        if status == 0:
            return buffer.value.decode(errors="surrogateescape").splitlines()
        # Another style may have come since the last try.
        if status != BUFFER_TOO_SMALL:
            raise error(status, _functions.impasto_last_error().decode())
