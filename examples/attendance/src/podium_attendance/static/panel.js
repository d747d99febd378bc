// SPDX-License-Identifier: Apache-2.0
// Who is here since when, and who was. Podium imports this module and calls `mount` with an element of its own and the
// room. Names are what people typed: they only ever become text.

const TICK = 1000; // milliseconds between two looks at the clock

/** Show the list; what is returned takes it away again. */
export function mount(root, room) {
  const { sessionId: session_id } = room;
  const people = new Map();
  let ahead = 0; // milliseconds by which the host's clock is ahead of this one

  const summary = Object.assign(document.createElement("p"), { id: "attendance-summary" });
  summary.setAttribute("role", "status");
  const table = document.createElement("table");
  table.setAttribute("aria-describedby", summary.id);
  const head = table.createTHead().insertRow();
  for (const title of ["Name", "Here since", "In all"]) {
    head.append(Object.assign(document.createElement("th"), { scope: "col", textContent: title }));
  }
  const body = table.createTBody();
  const download = Object.assign(document.createElement("button"), { type: "button", textContent: "Download as CSV" });
  const failure = document.createElement("p");
  failure.setAttribute("role", "alert");
  root.append(summary, table, download, failure);

  const complain = (error) => {
    failure.textContent = error.message;
  };

  /** What is told late, because it was on its way while something newer came, changes nothing. */
  function take(attendee, at) {
    const moment = Date.parse(at);
    if (people.get(attendee.participant_id)?.at > moment) return;
    ahead = moment - Date.now();
    people.set(attendee.participant_id, { ...attendee, at: moment });
  }

  function render() {
    const here = [...people.values()].filter(({ present_since }) => present_since !== null);
    const gone = [...people.values()].filter(({ present_since }) => present_since === null);
    summary.textContent = `${here.length} present, ${gone.length} gone`;
    body.replaceChildren(...[...here, ...gone].map(row));
    tick();
  }

  function row(attendee) {
    const line = document.createElement("tr");
    line.dataset.participant = attendee.participant_id;
    const name = Object.assign(document.createElement("th"), { scope: "row", textContent: attendee.display_name });
    const since = document.createElement("td");
    since.textContent = attendee.present_since === null ? "gone" : timeOfDay(attendee.present_since);
    const total = document.createElement("td");
    line.append(name, since, total);
    return line;
  }

  // Only the numbers change every second: rows stay, so that a screen reader or a selection is not disturbed.
  function tick() {
    const now = Date.now() + ahead;
    for (const line of body.rows) {
      const { seconds, at, present_since } = people.get(line.dataset.participant);
      const passed = present_since === null ? 0 : Math.max(0, Math.floor((now - at) / 1000));
      const text = duration(seconds + passed);
      if (line.cells[2].textContent !== text) line.cells[2].textContent = text;
    }
  }

  async function refresh() {
    const { attendees, at } = await room.call("ListAttendance", { session_id });
    for (const attendee of attendees) take(attendee, at);
    render();
  }

  async function save() {
    failure.textContent = "";
    const { filename, content_type, csv } = await room.call("ExportAttendance", { session_id });
    // Spreadsheets take a file for UTF-8 when it begins with this mark.
    const url = URL.createObjectURL(new Blob(["\ufeff", csv], { type: content_type }));
    Object.assign(document.createElement("a"), { href: url, download: filename }).click();
    setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  room.on("AttendanceChanged", ({ attendee, at }) => {
    take(attendee, at);
    render();
  });
  room.on("state", () => {
    if (room.podium.state === "connected") refresh().catch(complain); // what happened meanwhile was not told
  });
  download.addEventListener("click", () => save().catch(complain));
  refresh().catch(complain);
  const timer = setInterval(tick, TICK);

  return () => {
    clearInterval(timer);
    root.replaceChildren();
  };
}

function timeOfDay(text) {
  return new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** 75 -> "1:15", 3675 -> "1:01:15" */
function duration(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
