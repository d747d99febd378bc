// SPDX-License-Identifier: Apache-2.0
// The start page of a host with ad-hoc rooms: a name, a room, and off.

const room = document.getElementById("room");
const name = document.getElementById("name");

room.value = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join("");

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = name.value.trim() ? `?${new URLSearchParams({ name: name.value.trim() })}` : "";
  location.assign(`/room/${encodeURIComponent(room.value)}${query}`);
});
