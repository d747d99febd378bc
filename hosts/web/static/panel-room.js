// SPDX-License-Identifier: Apache-2.0
// What a panel is given: the host's operations and events, and places on the page beyond its own tab. All of it ends
// with the panel. Described for authors in docs/plugins/panels.md.

/**
 * @typedef {object} Page what panels may use together
 * @property {import("./controls.js").Controls} controls
 * @property {import("./indicators.js").Indicators} indicators
 * @property {import("./notices.js").Notices} notices
 * @property {import("./tiles.js").Tiles} tiles
 */

/**
 * @param {object} given
 * @param {import("./podium.js").Podium} given.podium
 * @param {Page} given.page
 * @param {string} given.key of the panel among all
 * @param {AbortSignal} given.signal aborted at the end of the panel
 * @param {{badge(text: string): void, open(): void, visible(): boolean, fail(error: Error): void}} given.panel
 */
export function panelRoom({ podium, page, key, signal, panel }) {
  signal.addEventListener("abort", () => {
    for (const each of [page.controls, page.indicators, page.notices, page.tiles]) each.forget(key);
    panel.badge("");
  });
  const alive = (act) => (signal.aborted ? undefined : act());
  return {
    podium,
    sessionId: podium.sessionId,
    get role() {
      return podium.role;
    },
    get visible() {
      return panel.visible();
    },
    call: (operation, fields) => podium.call(operation, fields),
    on: (type, handler) => listen(podium, type, handler, { signal, fail: panel.fail }),
    control: (options) => {
      const control = page.controls.add(key, options);
      if (signal.aborted) page.controls.forget(key);
      return control;
    },
    indicator: (options) => alive(() => page.indicators.add(key, options)) ?? { update() {}, remove() {} },
    notify: (text, actions = [], options = {}) =>
      alive(() => page.notices.show(key, text, actions, options)) ?? { close() {} },
    badge: (text) => alive(() => panel.badge(String(text))),
    focus: (participantId, source = "camera") => alive(() => page.tiles.spotlight(key, participantId, source)),
    mark: (participantId, name, text) => alive(() => page.tiles.mark(key, participantId, name, text)),
    open: () => alive(() => panel.open()),
  };
}

/** @returns {() => void} stops listening, which the end of the panel does too */
function listen(podium, type, handler, { signal, fail }) {
  const listener = async ({ detail }) => {
    try {
      await handler(detail);
    } catch (error) {
      fail(error);
    }
  };
  podium.addEventListener(type, listener, { signal });
  return () => podium.removeEventListener(type, listener);
}
