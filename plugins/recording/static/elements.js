// SPDX-License-Identifier: Apache-2.0
// Elements of the page. What comes from people only ever becomes text.

/** The one with this id. */
export function element(id) {
  return document.getElementById(id);
}

/** A new one with these properties and children. */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
