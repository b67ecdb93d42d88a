"""What a case is: a source, the program that repaints it, and the file that it writes."""

from dataclasses import dataclass
from typing import Protocol


class Source(Protocol):
    """What a case repaints."""

    name: str
    alpha: bool
    """Whether a part of it is transparent; some formats have an alpha channel in opaque pictures too."""

    def make(self, folder: str) -> None:
        """Makes the source as `name` in `folder`."""


@dataclass(frozen=True)
class Case:
    """One source, repainted with `--strength 0` into `output`."""

    group: str
    """The heading in the report and in the table."""

    name: str
    """Unique, and the key in `expected.json`."""

    source: Source

    output: str
    """The name of the output; its extension chooses the container."""

    options: tuple[str, ...] = ()
    """Options of the program beside `--strength 0`."""

    smoke: bool = False
    """Whether the case belongs to the smoke part."""

    reference: str = ""
    """The filter of FFmpeg through which the source's pictures go before they are compared, such as `bwdif`."""

    floor: float | None = 32
    """The PSNR in dB below which pictures count as damaged; None where the colours are converted on purpose.
    Lossless encoders have to be exact anyway. 32 dB is what the usual quality of a lossy encoder keeps of a test
    picture with saturated edges; a wrong matrix, range or field costs more."""

    @property
    def program(self) -> str:
        """The program that repaints the source."""
        return "stylize-image" if self.group == "Pictures" else "stylize-video"
