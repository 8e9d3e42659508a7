// The console's own time: a beat twice a second that goes on while the tab is hidden, and how late it came.

/** A page that hears its beats so much later than they were sent stands still, for whatever reason. */
export const FROZEN_MS = 5000;

const BEAT_MS = 500;

/** @type {Set<() => void>} */
const listeners = new Set();
let worstMs = 0;

/** Call something at each beat. @param {() => void} listener */
export function onBeat(listener) {
  listeners.add(listener);
}

/** The longest that a beat was late since this was asked last, ms. @returns {number} */
export function lateness() {
  const worst = worstMs;
  worstMs = 0;
  return worst;
}

/** @param {number} lateMs */
function beat(lateMs) {
  worstMs = Math.max(worstMs, lateMs);
  for (const listener of listeners) listener();
}

/** Without workers the page's own timer has to do. */
function beatByTimer() {
  let last = Date.now();
  setInterval(() => {
    const late = Date.now() - last - BEAT_MS;
    last = Date.now();
    beat(Math.max(0, late));
  }, BEAT_MS);
}

export function startBeats() {
  try {
    const metronome = new Worker("/static/js/metronome.js");
    metronome.onmessage = (event) => beat(Math.max(0, Date.now() - event.data));
    metronome.onerror = beatByTimer;
  } catch {
    beatByTimer();
  }
}
