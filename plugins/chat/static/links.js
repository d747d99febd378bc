// SPDX-License-Identifier: Apache-2.0
// Addresses in a text become links; everything else stays text. Nodes are made, markup is never read.

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/giu;
const TRAILING = /[.,;:!?'’”»…]+$/u;

/**
 * @param {string} text
 * @returns {(string|HTMLAnchorElement)[]} for `element.append(...)`
 */
export function linked(text) {
  const parts = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(found);
    const url = parsed(address);
    if (url === null) continue;
    if (index > done) parts.push(text.slice(done, index));
    parts.push(anchor(address, url));
    done = index + address.length;
  }
  if (done < text.length) parts.push(text.slice(done));
  return parts;
}

/** Without what more likely ends the sentence: punctuation, and a bracket that was opened before the address. */
function trimmed(address) {
  for (;;) {
    const shorter = address.replace(TRAILING, "");
    const [opening, closing] = [")]}".indexOf(shorter.at(-1)), shorter.at(-1)];
    const isUnbalanced = opening >= 0 && count(shorter, closing) > count(shorter, "([{"[opening]);
    if (!isUnbalanced) return shorter;
    address = shorter.slice(0, -1);
  }
}

function count(text, character) {
  return text.split(character).length - 1;
}

function parsed(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

function anchor(text, url) {
  return Object.assign(document.createElement("a"), {
    href: url.href,
    target: "_blank",
    rel: "noopener noreferrer nofollow",
    textContent: text,
  });
}
