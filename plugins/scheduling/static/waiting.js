// SPDX-License-Identifier: Apache-2.0
// Waiting for a class: what to show and when to look again, without a page, a clock or a network of its own.
//
// Nothing is polled. The opening time is known, so the page looks again at that moment, by the server's clock; changes
// (moved, cancelled, ended) come as the answers of one request that waits at the server.

const SECOND = 1000;
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; browsers end longer ones at once
const FIRST_PAUSE = 1 * SECOND;
const LONGEST_PAUSE = 30 * SECOND;
const FINAL = new Set(["session_unknown"]);
const OFF = new Set(["session_cancelled", "session_over"]); // there is nothing left to wait for

export class Waiting {
  // `ask(operation, fields)` resolves to the response or rejects with { code, message }. `now()` is the browser's time in
  // milliseconds, `after(milliseconds, callback)` a timer that gives back a function which ends it.
  // `show(view)` is called whenever something differs, see `render`; `go(entry)` leaves for the room.
  constructor({ ask, now, after, show, go }) {
    Object.assign(this, { ask, now, after, show, go });
    this.status = null;
    this.problem = "";
    this.ahead = 0; // how much the server's clock is ahead of the browser's, in milliseconds
    this.endTimer = () => {};
    this.over = false;
  }

  // Until the link ends; resolves then.
  async run() {
    let pause = FIRST_PAUSE;
    while (!this.over) {
      try {
        await (this.status === null ? this.look() : this.watch());
        pause = FIRST_PAUSE;
      } catch (error) {
        if (this.fail(error)) return;
        await new Promise((resolve) => this.after(pause, resolve));
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
  }

  // Look now, as when the page comes into view after a while.
  async look() {
    const asked = this.now();
    const status = await this.ask("status", {});
    this.take(status, asked);
  }

  async join() {
    try {
      const entry = await this.ask("join", {});
      this.over = true;
      this.endTimer();
      this.go(entry);
    } catch (error) {
      if (this.fail(error)) return;
      await this.look().catch((second) => this.fail(second));
    }
  }

  // Milliseconds until the person may enter, by the server's clock.
  remaining() {
    return this.status === null ? Infinity : Date.parse(this.status.opens_at) - (this.now() + this.ahead);
  }

  async watch() {
    const { version, state, occurrence } = this.status;
    const known = this.status;
    const status = await this.ask("watch", { version, state, occurrence });
    // The answer may have waited: only its end is near the server's time, and a look meanwhile is newer.
    if (this.status === known || status.server_now > this.status.server_now) this.take(status, this.now());
  }

  take(status, asked) {
    this.status = status;
    this.problem = "";
    this.ahead = Date.parse(status.server_now) - (asked + this.now()) / 2;
    this.tick();
  }

  // Show the time that is left; at zero look again, because the server decides.
  tick() {
    this.endTimer();
    const left = this.remaining();
    this.render();
    if (this.over || this.status.refusal !== "too_early") return;
    if (left <= 0) {
      this.look().catch((error) => this.fail(error) || (this.endTimer = this.after(FIRST_PAUSE, () => this.tick())));
      return;
    }
    // The next moment at which the countdown, in whole seconds rounded up, shows something else.
    const toNext = left - (Math.ceil(left / SECOND) - 1) * SECOND;
    this.endTimer = this.after(Math.min(toNext, LONGEST_TIMER), () => this.tick());
  }

  // Whether this is the end.
  fail(error) {
    this.problem = error.message;
    if (FINAL.has(error.code)) {
      this.over = true;
      this.endTimer();
    }
    this.render();
    return this.over;
  }

  render() {
    // Nobody tells when somebody leaves a full class: the person may try.
    const canJoin = !this.over && this.status !== null && (this.status.can_join || this.status.refusal === "session_full");
    const isOff = this.over || OFF.has(this.status?.refusal);
    this.show({ status: this.status, canJoin, isOff, remaining: this.remaining(), problem: this.problem });
  }
}

// `9 minutes 32 seconds`, in whole seconds rounded up; days and hours where there are any.
export function inWords(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  const parts = [
    [Math.floor(seconds / 86400), "day"],
    [Math.floor(seconds / 3600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ].filter(([count]) => count > 0);
  return parts
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`)
    .join(" ");
}

const REFUSALS = {
  session_cancelled: "This class has been cancelled.",
  session_over: "This class is over.",
  session_full: "This class is full. Try again when somebody has left.",
};

// What a person reads below the time.
export function sentence({ status, isOff, remaining }) {
  if (status === null || (isOff && !OFF.has(status.refusal))) return "";
  if (status.refusal === null) return status.state === "live" ? "The class is on." : "You can join now.";
  if (status.refusal === "too_early") return `You can join in ${inWords(remaining) || "a moment"}.`;
  return REFUSALS[status.refusal] ?? "";
}
