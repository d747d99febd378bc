// SPDX-License-Identifier: Apache-2.0
// Microphone, camera and screen: opened with sensible constraints, and with reasons for people when they cannot be.

import { PodiumError } from "./signaling.js";

const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SCREEN = { video: { frameRate: { ideal: 15, max: 30 } }, audio: false };

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
  if (!navigator.mediaDevices) {
    throw new PodiumError("insecure", "Microphone and camera need a page opened over https (or from localhost).", device);
  }
  try {
    const stream = await request(device);
    const [track] = stream.getTracks();
    if (device === "screen") track.contentHint = "detail";
    return track;
  } catch (error) {
    const [code, reason] = REASONS[error.name] ?? ["failed", `The {device} cannot be used: ${error.message}`];
    throw new PodiumError(code, reason.replace("{device}", device), device);
  }
}

function request(device) {
  if (device === "screen") return navigator.mediaDevices.getDisplayMedia(SCREEN);
  return navigator.mediaDevices.getUserMedia(device === "camera" ? { video: CAMERA } : { audio: MICROPHONE });
}
