# SPDX-License-Identifier: Apache-2.0
"""Names as small grayscale pictures, so that no letters have to be drawn while the film is made.

Letters that the font does not have are written in plain Latin ones (anyascii): the font that comes with Pillow has few
others, and is the same on every machine. With a font of one's own, names stay as they are as far as it goes; Pillow's
wheels have Raqm for scripts that run from right to left.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

import anyascii
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Mask = npt.NDArray[np.uint8]
_NO_CHARACTER = "\U0010ffff"
_LONGEST = 200


class Lettering:
    """Draws with one font."""

    def __init__(self, font: str | None = None) -> None:
        self._path = Path(font) if font is not None else None
        self._mask = lru_cache(maxsize=256)(self._draw)
        self._font = lru_cache(maxsize=16)(self._load)

    def mask(self, name: str, size: int, width: int) -> Mask:
        """How much of each pixel is ink, 0 to 255; shortened to this width."""
        return self._mask(name, size, width)

    def writable(self, name: str) -> str:
        """The name in letters that the font has."""
        font = self._font(24)
        name = " ".join(unicodedata.normalize("NFC", name[:_LONGEST]).split())
        written = "".join(each if each == " " or _has(font, each) else _plain(font, each) for each in name)
        return " ".join(written.split())

    def _draw(self, name: str, size: int, width: int) -> Mask:
        font = self._font(size)
        text = self.writable(name) or "?"
        shortened = text
        while len(text) > 1 and font.getlength(shortened) > width:
            text = text[:-1].rstrip()
            shortened = text + "..."
        box = font.getbbox(shortened)
        ascent_box = font.getbbox("Ag")
        image = Image.new("L", (min(int(box[2]) + 1, width), int(max(box[3], ascent_box[3])) + 1))
        ImageDraw.Draw(image).text((0, 0), shortened, fill=255, font=font)
        mask: Mask = np.asarray(image)
        return mask[int(min(box[1], ascent_box[1])) :]

    def _load(self, size: int) -> ImageFont.FreeTypeFont:
        if self._path is not None:
            return ImageFont.truetype(str(self._path), size)
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)  # it is whenever a size is given and FreeType is there
        return font


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Whether it is drawn otherwise than a character that no font has."""
    if unicodedata.combining(character):
        return True  # drawn with, or left out with, the letter it belongs to
    drawn, missing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


def _plain(font: ImageFont.FreeTypeFont, character: str) -> str:
    text: str = anyascii.anyascii(character)
    if text.startswith(":") and text.endswith(":"):
        return ""  # the name of an emoji
    spaced = f"{text} " if unicodedata.category(character) == "Lo" and len(text) > 1 and text[0].isupper() else text
    return "".join(each for each in spaced if each == " " or _has(font, each))
