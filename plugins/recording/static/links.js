// SPDX-License-Identifier: Apache-2.0
// Links to recordings. They are good for some hours only, so a fresh one is asked for at the click.

/**
 * Open it in another tab: the class goes on in this one.
 * @param {(info: object) => string|null|undefined} pick out of the answer of GetRecording
 */
export async function openLink(room, recordingId, pick) {
  const tab = window.open("about:blank", "_blank"); // now, as browsers let only a click do it
  try {
    const url = pick(await room.call("GetRecording", { recording_id: recordingId }));
    if (!url) throw new Error("There is nothing to open at the moment.");
    const address = new URL(url, location.href).href;
    if (tab === null) return room.notify("Your browser has kept a new tab from opening.", [{ label: "Open it", run: () => window.open(address, "_blank", "noopener") }]);
    tab.opener = null;
    tab.location.replace(address);
  } catch (error) {
    tab?.close();
    throw error;
  }
}
