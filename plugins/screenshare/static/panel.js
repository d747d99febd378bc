// SPDX-License-Identifier: Apache-2.0
// The tab "Screens": who shares now; for those who lead also who asks, who is allowed, and the rules as a small form.

const CHOICES = {
  who: ["Who may share", { leaders: "Instructors and assistants", request: "Others when allowed", everybody: "Everybody" }],
  mode: ["How many at a time", { one: "One screen", several: "Several screens" }],
  takeover: ["Who may replace another's screen", { leaders: "Instructors and assistants", everybody: "Everybody who may share" }],
};

/** @returns {() => void} stops drawing */
export function drawPanel(root, room, sharing, leads) {
  const now = list("sharing-now", "Shared now");
  const requests = list("sharing-requests", "Asking to share");
  const allowed = list("sharing-allowed", "Allowed to share");
  const form = rulesForm();
  const failure = Object.assign(document.createElement("p"), { className: "error" });
  failure.setAttribute("role", "alert");
  root.append(failure, now.section, requests.section, allowed.section, form.element);

  const call = async (operation, fields) => {
    failure.textContent = "";
    try {
      await room.call(operation, { session_id: room.sessionId, ...fields });
    } catch (error) {
      failure.textContent = error.message;
      sharing.refresh();
    }
  };
  form.element.addEventListener("change", ({ target }) => call("UpdateScreenShareRules", { [target.name]: target.value }));

  const draw = () => {
    const leading = leads(room);
    const own = room.podium.participantId;
    const allow = ({ participant_id }, label, answer) =>
      button(label, () => call("AllowScreenShare", { participant_id, allowed: answer }));
    now.draw(sharing.shares, "Nobody shares a screen.", (share) => {
      const may = leading || share.participant_id === own;
      return may ? [button("Stop", () => stop(room, share, call))] : [];
    });
    requests.draw(leading ? sharing.requests : [], "", (who) => [allow(who, "Allow", true), allow(who, "Decline", false)]);
    allowed.draw(leading ? (sharing.rules?.allowed ?? []) : [], "", (who) => [allow(who, "Take back", false)]);
    form.draw(leading ? sharing.rules : null);
  };
  sharing.addEventListener("change", draw);
  draw();
  return () => sharing.removeEventListener("change", draw);
}

/** One's own screen is switched off here, which tells the host; that of others by the host. */
function stop(room, { participant_id }, call) {
  if (participant_id === room.podium.participantId && room.podium.isOn("screen")) return room.podium.setScreen(false);
  return call("StopScreenShare", { participant_id });
}

function button(label, run) {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  element.addEventListener("click", run);
  return element;
}

/** A heading with people below, each with buttons; hidden when there is nothing to say. */
function list(id, title) {
  const section = document.createElement("section");
  const heading = Object.assign(document.createElement("h3"), { textContent: title });
  const rows = Object.assign(document.createElement("table"), { id });
  const nothing = Object.assign(document.createElement("p"), { className: "muted" });
  section.append(heading, rows, nothing);
  return {
    section,
    draw(people, whenEmpty, buttonsFor) {
      section.hidden = people.length === 0 && !whenEmpty;
      rows.hidden = people.length === 0;
      nothing.textContent = people.length === 0 ? whenEmpty : "";
      rows.replaceChildren(...people.map((person) => row(person, buttonsFor(person))));
    },
  };
}

function row({ display_name, audio, interrupted }, buttons) {
  const line = document.createElement("tr");
  const name = document.createElement("td");
  name.textContent = [display_name, audio && "with sound", interrupted && "interrupted"].filter(Boolean).join(", ");
  const actions = document.createElement("td");
  for (const each of buttons) actions.append(each, " ");
  line.append(name, actions);
  return line;
}

function rulesForm() {
  const element = Object.assign(document.createElement("form"), { id: "sharing-rules" });
  element.append(Object.assign(document.createElement("h3"), { textContent: "Rules" }));
  for (const [name, [title, options]] of Object.entries(CHOICES)) {
    const select = Object.assign(document.createElement("select"), { name });
    for (const [value, text] of Object.entries(options)) select.append(new Option(text, value));
    const label = document.createElement("label");
    label.append(title, select);
    element.append(label);
  }
  return {
    element,
    draw(rules) {
      element.hidden = !rules;
      if (!rules) return;
      for (const name of Object.keys(CHOICES)) element.elements[name].value = rules[name];
      element.elements.takeover.disabled = rules.mode === "several";
    },
  };
}
