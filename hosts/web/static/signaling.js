// SPDX-License-Identifier: Apache-2.0
// One WebSocket to a Podium host: JSON messages, questions with answers, and a watch on the line.
// The protocol is described in docs/protocol.md. Reconnecting is the business of podium.js.

/** Milliseconds without any message (the host pings every 15 s) after which the line counts as dead. */
const SILENCE_LIMIT = 40_000;

/** Requests that the host answers beside each other; further ones wait here for their turn. */
const REQUESTS_AT_ONCE = 4;

/** Something the host refused, or a connection that could not be made. */
export class PodiumError extends Error {
  /**
   * @param {string} code a stable word for programs
   * @param {string} message a sentence for people
   * @param {string|null} [field] the input that was to blame
   */
  constructor(code, message, field = null) {
    super(message);
    this.name = "PodiumError";
    this.code = code;
    this.field = field;
  }
}

/**
 * Events: `message` (detail: the message), `close` (detail: `{code, reason}`).
 */
export class Signaling extends EventTarget {
  #socket = null;
  #waiting = new Map();
  #requests = new Map();
  #requestsMade = 0;
  /** Requests that were not sent yet, the oldest first. */
  #queue = [];
  #watch = 0;
  #heard = 0;
  #abandon = () => {};

  /**
   * @param {string|URL} url of the signaling socket, ws: or wss:
   * @returns {Promise<void>} when open
   */
  open(url) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      this.#socket = socket;
      this.#abandon = reject;
      socket.onopen = () => {
        this.#heard = Date.now();
        this.#watch = setInterval(() => this.#checkSilence(), 5000);
        resolve();
      };
      socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
      socket.onclose = (event) => {
        reject(new PodiumError("unreachable", "The host cannot be reached."));
        this.#closed(event.code, event.reason);
      };
    });
  }

  /** Send a message; silently lost when the socket is closed (the `close` event tells). */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Send a message and wait for its answer.
   * @param {object} message
   * @param {string} answer type of the answer
   * @returns {Promise<object>} the answer; rejects with PodiumError when refused or when the socket closes
   */
  ask(message, answer) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.type, { answer, resolve, reject });
      if (this.#socket?.readyState === WebSocket.OPEN) this.send(message);
      else this.#fail(message.type, new PodiumError("disconnected", "The connection to the host is gone."));
    });
  }

  /**
   * Send a message whose answer, of whatever type, repeats its `request_id`.
   * @param {object} message
   * @returns {Promise<object>} the answer; rejects with PodiumError when refused or when the socket closes
   */
  request(message) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        return reject(new PodiumError("disconnected", "The connection to the host is gone."));
      }
      this.#queue.push({ message, resolve, reject });
      this.#sendQueued();
    });
  }

  #sendQueued() {
    while (this.#queue.length > 0 && this.#requests.size < REQUESTS_AT_ONCE) {
      const { message, ...request } = this.#queue.shift();
      const requestId = `r${++this.#requestsMade}`;
      this.#requests.set(requestId, request);
      this.send({ ...message, request_id: requestId });
    }
  }

  /** Close the socket. No more events follow. */
  close() {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    this.#abandon(new PodiumError("disconnected", "The connection was closed."));
    this.#stop();
  }

  #receive(message) {
    this.#heard = Date.now();
    if (message.type === "Ping") return this.send({ type: "Pong", id: message.id });
    const request = this.#requests.get(message.request_id);
    if (request) {
      this.#requests.delete(message.request_id);
      this.#sendQueued();
      if (message.type !== "Error") return request.resolve(message);
      return request.reject(new PodiumError(message.code, message.message, message.field));
    }
    if (message.type === "Error" && this.#waiting.has(message.about)) {
      return this.#fail(message.about, new PodiumError(message.code, message.message, message.field));
    }
    for (const [type, question] of this.#waiting) {
      if (question.answer !== message.type) continue;
      this.#waiting.delete(type);
      question.resolve(message);
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #fail(type, error) {
    const question = this.#waiting.get(type);
    this.#waiting.delete(type);
    question.reject(error);
  }

  #checkSilence() {
    if (Date.now() - this.#heard < SILENCE_LIMIT) return;
    this.close();
    this.dispatchEvent(new CustomEvent("close", { detail: { code: 1006, reason: "silence" } }));
  }

  #closed(code, reason) {
    this.#stop();
    this.dispatchEvent(new CustomEvent("close", { detail: { code, reason } }));
  }

  #stop() {
    clearInterval(this.#watch);
    const lost = new PodiumError("disconnected", "The connection to the host was lost.");
    for (const type of [...this.#waiting.keys()]) this.#fail(type, lost);
    const requests = [...this.#requests.values(), ...this.#queue.splice(0)];
    this.#requests.clear();
    for (const { reject } of requests) reject(lost);
  }
}
