// SPDX-License-Identifier: Apache-2.0
// Reads the playlists that the host writes (RFC 8216, as much of it as they use).

/**
 * @param {string} text
 * @param {URL} base what its addresses are relative to
 * @returns {{header: URL, pieces: {number: number, address: string, begins: number, duration: number}[], ended: boolean}}
 */
export function readPlaylist(text, base) {
  const lines = text.split("\n").filter((line) => line !== "");
  const header = /^#EXT-X-MAP:URI="([^"]+)"$/mu.exec(text)?.[1];
  const pieces = [];
  let [begins, duration] = [0, 0];
  for (const line of lines) {
    if (line.startsWith("#EXTINF:")) duration = parseFloat(line.slice("#EXTINF:".length));
    if (line.startsWith("#")) continue;
    pieces.push({ number: pieces.length, address: new URL(line, base).href, begins, duration });
    begins += duration;
  }
  return { header: new URL(header, base).href, pieces, ended: lines.includes("#EXT-X-ENDLIST") };
}
