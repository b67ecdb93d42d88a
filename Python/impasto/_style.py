"""Styles, and what they paint."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

from . import _library

if TYPE_CHECKING:
    from collections.abc import Buffer
    from types import TracebackType

    from numpy import uint8
    from numpy.typing import NDArray

# The values of impasto_pixel_format, and the bytes of a pixel.
_FORMATS = {"rgb": (0, 3), "bgr": (1, 3), "rgba": (2, 4), "bgra": (3, 4), "gray": (4, 1)}
_USUAL_FORMATS = {1: "gray", 3: "rgb", 4: "rgba"}


def styles(models: str | os.PathLike[str] | None = None) -> list[str]:
    """Returns the names of the installed styles, or of those in the folder `models`."""
    return _library.style_names(None if models is None else os.fsencode(models))


class Style:
    """A style that paints pictures.

    Threads that paint with the same style wait for each other. Each picture is painted by itself, unless the style
    denoises.
    """

    def __init__(
        self,
        style: str | os.PathLike[str] = "starry",
        *,
        threads: int | None = None,
        strength: float = 1.0,
        preserve_colors: bool = False,
        denoise: bool = False,
        stroke_size: str | int | None = None,
        models: str | os.PathLike[str] | None = None,
    ) -> None:
        """Loads a style.

        - `style`: the name of an installed style, or the path of a model file, which contains a slash or ends in
          `.safetensors`
        - `threads`: 1 to 256; None for one per processor
        - `strength`: the share of the painted picture, from 0 (only the source) to 1
        - `preserve_colors`: whether to keep the source's colours and to paint only the brightness
        - `denoise`: whether pictures are consecutive frames of a noisy camera
        - `stroke_size`: "small", "medium", "large", or a number of lines of the canvas from 64 to 1024
        - `models`: a folder with models, in place of those that are searched otherwise

        Raises `NoSuchStyleError`, `ModelError` or `InvalidArgumentError`.
        """
        self._handle: ctypes.c_void_p | None = None
        if threads == 0:  # In C, the default.
            raise ValueError("expected at least one thread")
        options = _library.Options(
            ctypes.sizeof(_library.Options),
            0 if threads is None else _int32(threads),
            strength,
            preserve_colors,
            denoise,
            None if stroke_size is None else _text(str(stroke_size)),
            None if models is None else os.fsencode(models),
        )
        handle = ctypes.c_void_p()
        _library.call("impasto_open", _text(os.fspath(style)), ctypes.byref(options), ctypes.byref(handle))
        self._handle = handle
        self._strength = strength
        self._preserve_colors = preserve_colors
        self._stroke_size = stroke_size

    def __call__(
        self, picture: NDArray[uint8], *, format: str | None = None, out: NDArray[uint8] | None = None
    ) -> NDArray[uint8]:
        """Returns a picture painted in this style, of the same shape.

        - `picture`: an array of 8-bit samples: height × width × 3 (RGB), height × width × 4 (RGBA, whose alpha is
          copied), or height × width (grey)
        - `format`: "bgr" or "bgra" for the order of OpenCV
        - `out`: the array to write and to return; it may be `picture` itself

        Raises `TypeError` or `ValueError` for other arrays, `OutOfMemoryError`.
        """
        import numpy

        if not isinstance(picture, numpy.ndarray):
            raise TypeError(f"expected a numpy.ndarray, found {type(picture).__name__}; numpy.asarray may convert it")
        code, width, height = _description(picture, format)
        if not _has_whole_rows(picture):
            picture = picture.copy(order="C")
        if out is None:
            out = numpy.empty(picture.shape, numpy.uint8)
        else:
            if not isinstance(out, numpy.ndarray) or out.shape != picture.shape or out.dtype != numpy.uint8:
                raise ValueError(f"expected an output of shape {picture.shape} and type uint8")
            if not out.flags.writeable or not _has_whole_rows(out):
                raise ValueError("expected an output that can be written and whose rows have no gaps between pixels")
        self._paint(
            _library.Image(picture.ctypes.data, width, height, _stride(picture), code),
            _library.Image(out.ctypes.data, width, height, _stride(out), code),
        )
        return out

    def paint(
        self, pixels: Buffer, width: int, height: int, *, format: str = "rgb", out: Buffer | None = None
    ) -> Buffer:
        """Returns a picture painted in this style, without NumPy.

        - `pixels`: the bytes of the picture, row by row without gaps, such as a frame from a pipe
        - `width`, `height`: the size in pixels
        - `format`: "rgb", "bgr", "rgba", "bgra" or "gray"
        - `out`: a buffer to write and to return, such as a `bytearray`; it may be `pixels` itself. None: a new one

        Raises `ValueError` for a buffer of another size, `OutOfMemoryError`.
        """
        code, samples = _format(format)
        (width, height) = (_int32(width), _int32(height))
        size = width * height * samples
        if out is None:
            out = bytearray(max(size, 0))
        # Both have to stay alive until the end of the call.
        source, source_address = _address(pixels, size, writable=False)
        target, target_address = _address(out, size, writable=True)
        self._paint(
            _library.Image(source_address, width, height, width * samples, code),
            _library.Image(target_address, width, height, width * samples, code),
        )
        del source, target
        return out

    def prepare(self, width: int, height: int) -> None:
        """Allocates the memory for pictures of a size, which the first picture otherwise waits for."""
        _library.call("impasto_prepare", self._open_handle, _int32(width), _int32(height))

    @property
    def strength(self) -> float:
        """The share of the painted picture, from 0 to 1. A change affects the next picture."""
        return self._strength

    @strength.setter
    def strength(self, value: float) -> None:
        _library.call("impasto_set_strength", self._open_handle, value)
        self._strength = value

    @property
    def preserve_colors(self) -> bool:
        """Whether to keep the source's colours. A change affects the next picture."""
        return self._preserve_colors

    @preserve_colors.setter
    def preserve_colors(self, value: bool) -> None:
        _library.call("impasto_set_preserve_colors", self._open_handle, value)
        self._preserve_colors = value

    @property
    def stroke_size(self) -> str | int | None:
        """The size of the strokes. A change affects the next picture."""
        return self._stroke_size

    @stroke_size.setter
    def stroke_size(self, value: str | int | None) -> None:
        text = None if value is None else _text(str(value))
        _library.call("impasto_set_stroke_size", self._open_handle, text)
        self._stroke_size = value

    def close(self) -> None:
        """Ends the threads and frees the memory. The style cannot paint afterwards."""
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            _library.call("impasto_close", handle)

    def __enter__(self) -> Style:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @property
    def _open_handle(self) -> ctypes.c_void_p:
        if self._handle is None:
            raise ValueError("the style is closed")
        return self._handle

    def _paint(self, source: _library.Image, target: _library.Image) -> None:
        _library.call("impasto_paint", self._open_handle, ctypes.byref(source), ctypes.byref(target))


def _text(text: str) -> bytes:
    """Returns a text for C. File names that are not UTF-8 are refused by the library."""
    data = os.fsencode(text)
    if b"\0" in data:
        raise ValueError("expected a text without a zero")
    return data


def _int32(value: int) -> int:
    # ctypes would drop the upper bits.
    if not -(2**31) <= value < 2**31:
        raise ValueError(f"expected a number of 32 bits, found {value}")
    return value


def _format(name: str) -> tuple[int, int]:
    if name not in _FORMATS:
        raise ValueError(f"expected one of the formats {', '.join(_FORMATS)}, found '{name}'")
    return _FORMATS[name]


def _description(picture: NDArray[Any], format: str | None) -> tuple[int, int, int]:
    """Returns the pixel format, the width and the height of an array."""
    shape = picture.shape
    samples = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    if picture.dtype != "uint8" or samples not in _USUAL_FORMATS or (len(shape) == 3 and samples == 1):
        raise TypeError(
            "expected an array of uint8 with the shape (height, width, 3), (height, width, 4) or (height, width), found "
            f"{picture.dtype} of shape {shape}")
    code, expected = _format(format or _USUAL_FORMATS[samples])
    if expected != samples:
        raise ValueError(f"expected {expected} samples per pixel for the format '{format}', found {samples}")
    return code, _int32(shape[1]), _int32(shape[0])


def _has_whole_rows(picture: NDArray[Any]) -> bool:
    """Whether the samples of each row lie side by side, and each row after the one before it."""
    samples = picture.shape[2] if picture.ndim == 3 else 1
    within = picture.strides[1:] == ((samples, 1) if picture.ndim == 3 else (1,))
    return within and picture.strides[0] >= picture.shape[1] * samples


def _stride(picture: NDArray[Any]) -> int:
    return picture.strides[0]


def _address(buffer: Buffer, size: int, *, writable: bool) -> tuple[object, int]:
    """Returns the address of a buffer's bytes, and what keeps them alive."""
    view = memoryview(buffer)
    if not view.c_contiguous or view.nbytes != size:
        raise ValueError(f"expected {size} bytes without gaps, found {view.nbytes}")
    if view.readonly:
        if writable:
            raise ValueError("expected an output that can be written")
        kept = buffer if isinstance(buffer, bytes) else view.tobytes()
        return kept, ctypes.cast(ctypes.c_char_p(kept), ctypes.c_void_p).value or 0
    if size == 0:
        return view, 0
    array = (ctypes.c_char * size).from_buffer(view.cast("B"))
    return array, ctypes.addressof(array)
