"""Pictures: from a file to the pixels that a network sees, the same in training and in prediction.

Everything goes through `PictureFormat.decode`, so that a picture has one meaning in specc. Pixels
are bytes, channels last, before any scaling.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from specc.data.document import ImageFolder, Interpolation, Table
from specc.diagnostics import SpecError
from specc.source import printable
from specc.tensor import TensorType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name of the pictures with so many channels."""

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""Of the files that are taken for pictures; of several frames the first one counts."""

REDUCING_GAP = 2
"""A JPEG may be decoded at a fraction of its size that is still so many times the one wanted; what
is left to do is averaged over, as in `PIL.Image.Image.thumbnail`."""


class PictureError(Exception):
    """A picture cannot be read; the message says why, the caller which."""


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """What pictures are made into: channels, and a height and a width, None where any will do."""

    channels: int
    height: int | None
    width: int | None
    interpolation: Interpolation = "bilinear"

    def decode(self, file: Path | str | bytes) -> Pixels:
        """The pixels [height, width, channels] of the file, or of the contents of one.

        Turned upright as the camera noted, converted as Pillow does (alpha is dropped, grey is
        ITU-R 601-2 luma), but that 16 bits are cut to 8; then resized. Raises `PictureError`.
        """
        with _opened(file) as image:
            return self._pixels(image)

    def pixels(self, image: Image) -> Pixels:
        """The same of a picture that is open already, which stays as it is."""
        with _faults_told():
            return self._pixels(image.copy())

    def _pixels(self, image: Image) -> Pixels:
        import numpy as np
        from PIL import ImageOps

        self._draft(image)
        # A camera notes which way is up instead of turning the pixels.
        ImageOps.exif_transpose(image, in_place=True)
        finished = self._resized(self._converted(image))
        pixels = np.frombuffer(finished.tobytes(), np.uint8)
        return pixels.reshape(finished.height, finished.width, self.channels)

    def _draft(self, image: Image) -> None:
        """Have a JPEG that is much too large decoded at 1/2, 1/4 or 1/8 of its size."""
        if self.height and self.width and self.interpolation != "nearest":
            # The picture may yet be turned: either of its sides may become either.
            side = REDUCING_GAP * max(self.height, self.width)
            image.draft(None, (side, side))

    def _converted(self, image: Image) -> Image:
        if image.mode.startswith("I;16"):
            image = _eight_bits(image)
        mode = MODES[self.channels]
        return image if image.mode == mode else image.convert(mode)

    def _resized(self, image: Image) -> Image:
        from PIL.Image import Resampling

        size = (self.width or image.width, self.height or image.height)
        if image.size == size:
            return image
        return image.resize(size, Resampling[self.interpolation.upper()])


def picture_format(input: str, type: TensorType, source: ImageFolder | Table) -> PictureFormat:
    """What the pictures of a source must be made into for an input [N, H, W, C], or [N, H, W] grey.

    Raises `SpecError` (`data-mismatch`) for an input that takes no pictures, or none of that size.
    """
    *sizes, channels = type.shape[1:] if type.rank == 4 else (*type.shape[1:], 1)
    if len(sizes) != 2 or not isinstance(channels, int) or channels not in MODES:
        expected = "expected an input [N, H, W, C] of 1, 3 or 4 channels for pictures"
        raise SpecError.of("data-mismatch", f"{expected}, received `{input}`: {type}")
    fixed = tuple(size if isinstance(size, int) else None for size in sizes)
    height, width = source.image_size or fixed
    if height is None or width is None:
        message = f"the input `{input}`: {type} takes pictures of several sizes"
        help = "say which under data.source: image_size: [height, width]"
        raise SpecError.of("data-mismatch", message, help=help)
    if any(size not in (None, given) for size, given in zip(fixed, (height, width), strict=True)):
        message = f"the input `{input}`: {type} takes no pictures of [{height}, {width}]"
        raise SpecError.of("data-mismatch", message, help="leave image_size out: the input says it")
    return PictureFormat(channels, height, width, source.interpolation)


def check_picture(file: Path | str | bytes) -> None:
    """Read the header of a picture. Raises `PictureError`."""
    with _opened(file):
        pass


@contextmanager
def _opened(file: Path | str | bytes) -> Generator[Image]:
    """The picture, whose pixels are read when they are asked for."""
    from PIL import Image

    with (
        _faults_told(),
        Image.open(BytesIO(file) if isinstance(file, bytes) else file) as image,
    ):
        yield image


@contextmanager
def _faults_told() -> Generator[None]:
    """Whatever Pillow raises is a `PictureError`."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except UnidentifiedImageError:
        raise PictureError("no image that Pillow knows") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
        raise PictureError(printable(reason, 200)) from None


def _eight_bits(image: Image) -> Image:
    """A grey picture of 16 bits in 8: Pillow's own conversion makes all but the darkest white."""
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
