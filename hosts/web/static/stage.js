// SPDX-License-Identifier: Apache-2.0
// Where tiles go and which slot serves which tile, as pure functions.

/**
 * Keep what may stay in its slot, put the rest of the wishes into free slots.
 * @param {{mid: string, participantId: string|null, source: string|null}[]} slots as they are
 * @param {{participantId: string, source: string, maxHeight: number|null}[]} wanted the most important first
 * @returns {{mid: string, participantId: string|null, source?: string, maxHeight?: number|null}[]} all slots as they shall be
 */
export function assign(slots, wanted) {
  const chosen = wanted.slice(0, slots.length);
  const same = (slot) => chosen.find((w) => w.participantId === slot.participantId && w.source === slot.source);
  const staying = new Map(slots.map((slot) => [slot.mid, same(slot)]));
  const newcomers = chosen.filter((wish) => ![...staying.values()].includes(wish));
  return slots.map(({ mid }) => ({ mid, ...(staying.get(mid) ?? newcomers.shift() ?? { participantId: null }) }));
}

/**
 * Rectangles for tiles of 16:9 that fill an area as well as possible, the last row centered.
 * @returns {{left: number, top: number, width: number, height: number}[]}
 */
export function grid(count, width, height, gap = 12, ratio = 16 / 9) {
  let best = { tile: 0, columns: 1, rows: 1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const tile = Math.min((width - gap * (columns - 1)) / columns, ((height - gap * (rows - 1)) / rows) * ratio);
    if (tile > best.tile) best = { tile, columns, rows };
  }
  const { tile, columns, rows } = best;
  const tileHeight = tile / ratio;
  const top = (height - rows * tileHeight - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = (width - inRow * tile - (inRow - 1) * gap) / 2;
    return {
      left: left + (index % columns) * (tile + gap),
      top: top + row * (tileHeight + gap),
      width: tile,
      height: tileHeight,
    };
  });
}

/**
 * One large rectangle, and the others in a strip beside it (below it in a tall window).
 * @returns {{left: number, top: number, width: number, height: number}[]} the large one first
 */
export function focus(count, width, height, gap = 12, ratio = 16 / 9) {
  if (count <= 1) return [{ left: 0, top: 0, width, height }];
  const others = count - 1;
  if (width >= height) {
    const strip = Math.min(width * 0.22, ((height - gap * (others - 1)) / others) * ratio);
    const each = strip / ratio;
    const small = Array.from({ length: others }, (_, index) => ({
      left: width - strip,
      top: index * (each + gap),
      width: strip,
      height: each,
    }));
    return [{ left: 0, top: 0, width: width - strip - gap, height }, ...small];
  }
  const each = Math.min((width - gap * (others - 1)) / others, height * 0.25 * ratio);
  const strip = each / ratio;
  const small = Array.from({ length: others }, (_, index) => ({
    left: index * (each + gap),
    top: height - strip,
    width: each,
    height: strip,
  }));
  return [{ left: 0, top: 0, width, height: height - strip - gap }, ...small];
}
