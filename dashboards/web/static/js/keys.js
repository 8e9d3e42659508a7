// What keys do on the page that is shown: its component says so, and is asked no more when it has gone.

/**
 * `record`: the keys `w` and `x` write down a call. `arrows`: the list fills the page, and arrows move through it too.
 * @typedef {object} Deeds
 * @property {(by: 1 | -1) => void} move
 * @property {() => void} open
 * @property {() => void} [acknowledge]
 * @property {() => void} [acknowledgeAll]
 * @property {(result: import("./calls.js").Result) => void} [record]
 * @property {() => void} [note]
 * @property {() => void} [undo]
 * @property {boolean} [arrows]
 */

/** @type {Deeds | null} */
let here = null;

/** From now on keys do this, until the signal. @param {Deeds} deeds @param {AbortSignal} signal */
export function answer(deeds, signal) {
  here = deeds;
  signal.addEventListener("abort", () => { if (here === deeds) here = null; });
}

/** What they do now; null: the page has no list. */
export function deeds() {
  return here;
}
