# SPDX-License-Identifier: Apache-2.0
"""A page of small text to share as a screen, drawn by the same function wherever it is compared."""

DRAWING = """
const WORDS = "let the integral of a sum be sums of integrals where both converge on any compact set".split(" ");
const LINES = 28;
/** Draws a page of text; another `seed` is another text in the same places. */
globalThis.drawSlide = (canvas, seed) => {
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, 1280, 720);
  pen.fillStyle = "#111";
  for (let line = 0; line < LINES; line++) {
    pen.font = `${line % 2 ? 13 : 17}px sans-serif`;
    const words = Array.from({ length: 14 }, (_, index) => WORDS[(seed + line * line * 7 + index * 5) % WORDS.length]);
    pen.fillText(`${line + seed}. ${words.join(" ")}`, 40, 40 + line * 24);
  }
  return pen;
};
"""

LINES = [(40, 24 + line * 24, 600, 46 + line * 24) for line in range(28)]
"""Where the lines are in the picture of 1280x720: left, top, right, bottom."""
