"""Paints pictures in the style of a painting.

    import impasto

    starry = impasto.Style("starry")
    painted = starry(picture)  # a NumPy array of 8-bit samples, height × width × 3

`impasto.styles()` lists the styles. Several threads can paint at once, each with a `Style` of its own: Python's lock is
released while the library paints.
"""

from ._errors import Error, InvalidArgumentError, ModelError, NoSuchStyleError, OutOfMemoryError
from ._library import version as _version
from ._style import Style, styles

__all__ = [
    "Error",
    "InvalidArgumentError",
    "ModelError",
    "NoSuchStyleError",
    "OutOfMemoryError",
    "Style",
    "styles",
]
__version__ = _version()
