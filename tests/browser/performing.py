# SPDX-License-Identifier: Apache-2.0
"""People whose cameras and microphones are drawn and computed by the page, after a part that is known beforehand.

Everybody has a color, bars that move, and a time code: a row of blocks saying when the picture was made. Now and then
it is white for two pictures, while a short beep is heard; else they talk (a tone) when it is their turn, or are silent.
All pages and the test share one clock: milliseconds since 1970.

Pictures are given to the browser one by one with the time of that moment, as a camera's driver does, because a canvas
is captured some time after it was drawn. Sound comes from WebAudio, which sends what it renders in the moment it is
rendered; its clock is put beside that of the page by many looks at both, just before a beep and just after it, as it
falls behind on a busy machine. So it is known for each flash and beep when the browser was given them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

RATE = 15
"""Pictures a second. Those of all cameras are made at whole multiples of 1/15 s since 1970."""
GRID = 0.2
"""Flashes begin at multiples of so many seconds since 1970: at all of them there are pictures."""
BEEP = 2000.0
BEEP_LENGTH = 0.08
FLASH_LENGTH = 2 / RATE
CODE_BITS = 14
CODE_BLOCKS = CODE_BITS + 2
"""A white and a black block, then the number of the picture since 1970, modulo 2**14, the highest bit first."""
CODE_LEFT, CODE_TOP, CODE_SIZE = 32, 300, 36
"""In a picture of 640x360."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does. Times are seconds since 1970."""

    hue: int
    """0 red, 120 green, 240 blue."""
    tone: float
    talks: Sequence[tuple[float, float]] = ()
    flashes: Sequence[float] = ()


def on_grid(time: float) -> float:
    """The next time at which a flash may begin."""
    return -(-time // GRID) * GRID


def preparation(part: Part) -> str:
    """For the page of somebody with this part; `play` gives it its times."""
    return f"globalThis.part = {_json(part)};{_NUMBERS}{_PAGE}"


def play(tab: Any, part: Part) -> None:
    """Tell the page what will be talked and flashed; both must lie ahead."""
    tab.evaluate("(part) => perform(part)", msgspec.json.decode(_json(part)))


def nearest_number(code: int, near: float) -> float:
    """When the picture with this time code was drawn: the moment nearest to another one."""
    wrap = 1 << CODE_BITS
    base = round(near * RATE)
    return (base + (code - base + wrap // 2) % wrap - wrap // 2) / RATE


class Event(NamedTuple):
    """A flash with a beep: when it was wanted, and when each was given to the browser. Seconds since 1970."""

    wanted: float
    drawn: float
    beeped: float


def performed(tab: Any) -> list[Event]:
    """Those more than half a second ago."""
    return [Event(*(each / 1000 for each in times)) for times in tab.evaluate("performed()")]


def _json(part: Part) -> str:
    milliseconds = msgspec.structs.replace(
        part,
        talks=[(1000 * start, 1000 * end) for start, end in part.talks],
        flashes=[1000 * flash for flash in part.flashes],
    )
    return msgspec.json.encode(milliseconds).decode()


_NUMBERS = f"""
const [RATE, BITS, LEFT, TOP, SIZE] = {[RATE, CODE_BITS, CODE_LEFT, CODE_TOP, CODE_SIZE]};
const [BEEP, BEEP_LENGTH, FLASH] = {[BEEP, BEEP_LENGTH, FLASH_LENGTH * 1000]};
"""

_PAGE = """
const FRAME = 1000 / RATE;
const AHEAD = 400;
const now = () => performance.timeOrigin + performance.now();
const drawn = new Map(); // when each flash was given to the browser
const beeped = new Map(); // when each beep was, as the context's clock went then

function draw(pen, number) {
  const at = number * FRAME;
  const flash = part.flashes.find((time) => at > time - 1 && at < time + FLASH - 1);
  pen.fillStyle = flash === undefined ? `hsl(${part.hue} 80% 40%)` : "#fff";
  pen.fillRect(0, 0, 640, 360);
  if (flash !== undefined) return flash;
  pen.fillStyle = `hsl(${part.hue} 80% 25%)`;
  for (let bar = 0; bar < 5; bar++) pen.fillRect(((number * 6 + bar * 160) % 800) - 80, 40, 60, 220);
  for (let block = 0; block < BITS + 2; block++) {
    const white = block < 2 ? block === 0 : (number >> (BITS + 1 - block)) & 1;
    pen.fillStyle = white ? "#fff" : "#000";
    pen.fillRect(LEFT + block * SIZE, TOP, SIZE, SIZE);
  }
}

function camera() {
  const canvas = new OffscreenCanvas(640, 360);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  const writer = track.writable.getWriter();
  let last = 0;
  const step = () => {
    if (track.readyState === "ended") return;
    const number = Math.floor(now() / FRAME);
    if (number > last) {
      last = number;
      const flash = draw(pen, number);
      const time = performance.now();
      if (flash !== undefined && !drawn.has(flash)) drawn.set(flash, performance.timeOrigin + time);
      writer.write(new VideoFrame(canvas, { timestamp: Math.round(time * 1000), alpha: "discard" })).catch(() => {});
    }
    setTimeout(step, Math.max(1, (number + 1) * FRAME - now()));
  };
  step();
  track.getSettings = () => ({ width: 640, height: 360, frameRate: RATE });
  return track;
}

let sounds = null;

function microphone() {
  const context = new AudioContext({ sampleRate: 48000 });
  const out = context.createMediaStreamDestination();
  out.channelCount = 1;
  const voice = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: part.tone });
  tone.connect(voice).connect(out);
  tone.start();
  sounds = { context, out, voice, looks: [], behind: 0 };
  setInterval(() => look(sounds), 10);
  return out.stream.getAudioTracks()[0];
}

/** By how many milliseconds the clock of the context is behind: half of the last looks, those of a second, saw less. */
function look(sounds) {
  sounds.looks.push(now() - sounds.context.currentTime * 1000);
  if (sounds.looks.length > 100) sounds.looks.shift();
  sounds.behind = sounds.looks.toSorted((a, b) => a - b)[sounds.looks.length >> 1];
}

const toContext = (time) => (time - sounds.behind) / 1000;
const at = (time, action) => setTimeout(action, time - now());

function beep(flash) {
  const { context, out } = sounds;
  const tone = new OscillatorNode(context, { frequency: BEEP });
  const loud = new GainNode(context, { gain: 0.4 });
  const start = toContext(flash);
  tone.connect(loud).connect(out);
  tone.start(start);
  tone.stop(start + BEEP_LENGTH);
  at(flash + 500, () => beeped.set(flash, start * 1000 + sounds.behind));
}

globalThis.perform = (told) => {
  globalThis.part = told;
  for (const [start, end] of told.talks) {
    at(start, () => (sounds.voice.gain.value = 0.25));
    at(end, () => (sounds.voice.gain.value = 0));
  }
  for (const flash of told.flashes) at(flash - AHEAD, () => beep(flash));
};

/** For each flash that came with a beep: when it was to be, when it was drawn, and when it beeped. */
globalThis.performed = () => [...drawn].filter(([flash]) => beeped.has(flash)).map(
  ([flash, time]) => [flash, time, beeped.get(flash)]);

navigator.mediaDevices.getUserMedia = async ({ video, audio }) =>
  new MediaStream([...(video ? [camera()] : []), ...(audio ? [microphone()] : [])]);
"""
