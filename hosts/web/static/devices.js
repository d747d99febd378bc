// SPDX-License-Identifier: Apache-2.0
// Microphone, camera and screen: opened with sensible constraints, and with reasons for people when they cannot be.
// A shared tab may come with its sound, where the browser and the person allow it.

import { PodiumError } from "./signaling.js";

const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SCREEN = { video: { frameRate: { ideal: 15, max: 15 } } };
/** The sound of a tab is music as well as speech: what is good for voices is not done to it. */
const TAB = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

const REASONS = {
  NotAllowedError: ["denied", "The browser was not allowed to use the {device}. Allow it in the address bar and try again."],
  NotFoundError: ["absent", "No {device} was found."],
  NotReadableError: ["busy", "The {device} is in use by another program."],
  OverconstrainedError: ["absent", "No suitable {device} was found."],
};

/**
 * @param {"microphone"|"camera"|"screen"} device
 * @returns {Promise<MediaStreamTrack>} rejects with PodiumError (`denied`, `absent`, `busy`, `insecure`, `failed`)
 */
export async function openDevice(device) {
  const [track] = await open(device, () => request(device));
  return track;
}

/**
 * Let the person choose what of the screen to share, with its sound where that can be had.
 * @returns {Promise<{screen: MediaStreamTrack, screenAudio: MediaStreamTrack|null}>} rejects as `openDevice` does
 */
export async function openScreen() {
  const tracks = await open("screen", () => navigator.mediaDevices.getDisplayMedia({ ...SCREEN, audio: TAB }));
  const screenAudio = tracks.find(({ kind }) => kind === "audio") ?? null;
  if (screenAudio) screenAudio.contentHint = "music";
  return { screen: tracks.find(({ kind }) => kind === "video"), screenAudio };
}

async function open(device, ask) {
  if (!navigator.mediaDevices) {
    throw new PodiumError("insecure", "Microphone and camera need a page opened over https (or from localhost).", device);
  }
  try {
    const tracks = (await ask()).getTracks();
    if (device === "screen") for (const track of tracks) if (track.kind === "video") track.contentHint = "detail";
    return tracks;
  } catch (error) {
    const [code, reason] = REASONS[error.name] ?? ["failed", `The {device} cannot be used: ${error.message}`];
    throw new PodiumError(code, reason.replace("{device}", device), device);
  }
}

function request(device) {
  if (device === "screen") return navigator.mediaDevices.getDisplayMedia({ ...SCREEN, audio: false });
  return navigator.mediaDevices.getUserMedia(device === "camera" ? { video: CAMERA } : { audio: MICROPHONE });
}
