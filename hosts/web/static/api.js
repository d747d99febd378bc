// SPDX-License-Identifier: Apache-2.0
// The page of the API: every operation of the OpenAPI document with a form to try it. Nothing is loaded from elsewhere,
// and what the document says is shown as text only.

const element = (id) => document.getElementById(id);
const copyOf = (id) => element(id).content.cloneNode(true).firstElementChild;

let schemas = {};

/** The schema itself, or the one it refers to. */
function resolved(schema) {
  return schema.$ref ? (schemas[schema.$ref.split("/").at(-1)] ?? {}) : schema;
}

/** A type as people read it. */
function typeOf(schema) {
  const { type, anyOf, enum: choices, items } = resolved(schema);
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  if (anyOf) return anyOf.map(typeOf).join(" | ");
  if (type === "array") return `list of ${typeOf(items ?? {})}`;
  return [type ?? "anything"].flat().join(" | ");
}

function accepts(schema, type) {
  const { type: own, anyOf, enum: choices } = resolved(schema);
  if (anyOf) return anyOf.some((part) => accepts(part, type));
  return own ? [own].flat().includes(type) : Boolean(choices?.some((choice) => typeof choice === type));
}

/** Parameters and the fields of the body, alike. */
function fieldsOf(operation) {
  const fields = (operation.parameters ?? []).map((parameter) => ({ ...parameter, place: parameter.in }));
  const body = resolved(operation.requestBody?.content["application/json"].schema ?? {});
  for (const [name, schema] of Object.entries(body.properties ?? {})) {
    fields.push({ name, schema, required: Boolean(body.required?.includes(name)), place: "body" });
  }
  return fields;
}

/** What was typed, as JSON has it; texts need no quotes. */
function valueOf(text, schema) {
  if (accepts(schema, "string")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // the host says what is wrong with it
  }
}

async function send(method, path, fields, inputs) {
  const query = new URLSearchParams();
  const body = {};
  for (const { name, schema, place } of fields) {
    const text = inputs.get(name).value;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(text));
    else if (text === "") continue;
    else if (place === "query") query.append(name, text);
    else body[name] = valueOf(text, schema);
  }
  const headers = {};
  if (element("credential").value) headers.Authorization = `Bearer ${element("credential").value.trim()}`;
  const hasBody = !["GET", "DELETE"].includes(method);
  if (hasBody) headers["Content-Type"] = "application/json";
  const address = query.size ? `${path}?${query}` : path;
  const response = await fetch(address, { method, headers, body: hasBody ? JSON.stringify(body) : undefined });
  return { status: `${response.status} ${response.statusText}`.trim(), content: await response.json() };
}

function fieldFor(field, inputs) {
  const view = copyOf("field");
  const input = view.querySelector("input");
  input.id = `field-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  view.querySelector("label").htmlFor = input.id;
  view.querySelector(".name").textContent = field.name;
  view.querySelector(".type").textContent = `${typeOf(field.schema)}${field.required ? "" : ", optional"}`;
  view.querySelector(".hint").textContent = field.schema.description ?? "";
  input.required = field.required;
  if (field.schema.default != null) input.placeholder = JSON.stringify(field.schema.default);
  inputs.set(field.name, input);
  return view;
}

function viewOf(method, path, operation) {
  const view = copyOf("operation");
  const fields = fieldsOf(operation);
  const inputs = new Map();
  view.id = operation.operationId;
  view.querySelector(".method").textContent = method;
  view.querySelector(".path").textContent = path;
  view.querySelector(".summary").textContent = operation.summary;
  view.querySelector(".description").textContent = operation.description;
  view.querySelector(".fields").append(...fields.map((field) => fieldFor(field, inputs)));
  view.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = view.querySelector(".answer");
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const { status, content } = await send(method, path, fields, inputs);
      answer.textContent = `${status}\n${JSON.stringify(content, null, 2)}`;
    } catch (error) {
      answer.textContent = `No answer: ${error.message}`;
    }
  });
  return view;
}

function eventView(name, event) {
  const view = copyOf("event");
  const { properties = {} } = resolved(event.schema);
  view.querySelector(".path").textContent = name;
  view.querySelector(".summary").textContent = event.summary;
  view.querySelector(".description").textContent = event.description;
  for (const [field, schema] of Object.entries(properties)) {
    if (field === "type") continue;
    const line = document.createElement("li");
    const code = document.createElement("code");
    code.textContent = field;
    line.append(code, ` ${typeOf(schema)}`);
    view.querySelector(".event-fields").append(line);
  }
  return view;
}

async function show() {
  const response = await fetch("/api/openapi.json");
  const api = await response.json();
  schemas = api.components.schemas;
  element("version").textContent = api.info.version;
  const byOwner = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const owner = operation.tags[0];
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), viewOf(method.toUpperCase(), path, operation)]);
    }
  }
  for (const [owner, views] of byOwner) showUnder(owner, views);
  const events = Object.entries(api["x-podium-events"]).map(([name, event]) => eventView(name, event));
  if (events.length) showUnder("Events of plugins, told over signaling", events);
}

function showUnder(title, views) {
  const heading = document.createElement("h2");
  heading.textContent = title;
  element("operations").append(heading, ...views);
}

element("credential-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { content } = await send("GET", "/api/caller", [], new Map());
  element("identity").textContent = content.message ?? [content.role, content.subject, content.session_id].filter(Boolean).join(" · ");
});

show().catch((error) => {
  element("failure").textContent = `The document could not be read: ${error.message}`;
});
