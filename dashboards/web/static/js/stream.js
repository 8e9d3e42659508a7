// The live stream of alarms: one connection for all pages, which says when it is lost and misses nothing.

/** After how long without a word the stream is lost; the server beats each 4 s. */
export const LOST_AFTER_MS = 10_000;

const RETRY_MS = 1000;

/** @typedef {import("./types.js").Alarm} Alarm */

/**
 * Events: `alarm` (detail `{alarm, received}`, received in ms of this browser's clock), `reset` (numbers no longer
 * kept: load the list again), `lost` and `back`.
 */
export class Stream extends EventTarget {
  /** @type {EventSource | null} */ #source = null;
  /** @type {string} */ #last = "0";
  #heardAt = performance.now();
  #openedAt = 0;
  #isLost = false;
  /** What a stream that has just opened tells of what was missed, by alarm id; null: it tells what happens now. @type {Map<string, {alarm: Alarm, received: number}> | null} */
  #missed = null;

  get isLost() {
    return this.#isLost;
  }

  /** Listen from a change's number on. @param {number | string} after */
  start(after) {
    this.#last = String(after);
    this.#heardAt = performance.now();
    this.#missed = null;
    this.#open();
  }

  /** Look whether it still speaks: a cable that was pulled closes nothing. Called at each beat. */
  watch() {
    if (performance.now() - this.#heardAt < LOST_AFTER_MS) return;
    if (!this.#isLost) {
      this.#isLost = true;
      this.dispatchEvent(new Event("lost"));
    }
    if (this.#source && performance.now() - this.#openedAt >= LOST_AFTER_MS) this.#open();
  }

  /**
   * Behind the last number that was heard: what happened meanwhile comes first, then a beat; of each alarm only how it
   * stands in the end is told, for what is over must not sound. Only what arrives counts: a proxy that holds all back
   * opens the connection too.
   */
  #open() {
    this.#source?.close();
    const source = new EventSource(`/api/v1/stream?beat=true&after=${this.#last}`);
    this.#source = source;
    this.#openedAt = performance.now();
    this.#missed ??= new Map();
    source.addEventListener("open", () => { this.#missed ??= new Map(); });
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (this.#source === source) this.#open(); }, RETRY_MS);
    };
    source.addEventListener("beat", () => {
      this.#tellMissed();
      this.#well();
    });
    source.addEventListener("alarm", (event) => {
      const received = performance.timeOrigin + performance.now();
      const detail = { alarm: JSON.parse(event.data), received };
      if (event.lastEventId) this.#last = event.lastEventId;
      if (this.#missed) {
        this.#heardAt = performance.now();
        const known = this.#missed.get(detail.alarm.id);
        if (!known || known.alarm.version <= detail.alarm.version) this.#missed.set(detail.alarm.id, detail);
        return;
      }
      this.#well();
      this.dispatchEvent(new CustomEvent("alarm", { detail }));
    });
    source.addEventListener("reset", () => {
      source.close();
      this.dispatchEvent(new Event("reset"));
    });
  }

  #tellMissed() {
    const missed = this.#missed;
    this.#missed = null;
    for (const detail of missed?.values() ?? []) this.dispatchEvent(new CustomEvent("alarm", { detail }));
  }

  #well() {
    this.#heardAt = performance.now();
    if (!this.#isLost) return;
    this.#isLost = false;
    this.dispatchEvent(new Event("back"));
  }
}
