// SPDX-License-Identifier: Apache-2.0
// Elements, and lists of them that are kept in line with data. Names come from people: they only ever become text.

const SVG = "http://www.w3.org/2000/svg";

/** An element with these properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A line drawing in a square of 24. */
export function drawing(path) {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS(SVG, tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Change a text only where it is another: a selection and a screen reader are not disturbed. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Have one child for each item, in this order. Who is there already stays, so that the focus does, too.
 * @template T
 * @param {HTMLElement} parent
 * @param {T[]} items
 * @param {{key: (item: T) => string, create: (item: T) => HTMLElement, update: (element: HTMLElement, item: T) => void}} how
 */
export function keepInLine(parent, items, { key, create, update }) {
  const wanted = new Set(items.map(key));
  for (const child of [...parent.children]) if (!wanted.has(child.dataset.key)) child.remove();
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const child = there.get(key(item)) ?? create(item);
    child.dataset.key = key(item);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/** @returns {() => void} asks for a drawing before the next picture, once however often it is asked */
export function soon(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
