// The live stream of alarms: one connection for all pages, which says when it is lost and misses nothing.

/** After how long without a stream the desk is told. */
export const LOST_AFTER_MS = 10_000;

const RETRY_MS = 1000;

/**
 * Events: `alarm` (detail `{alarm, received}`, received in ms of this browser's clock), `reset` (numbers no longer
 * kept: load the list again), `lost` and `back`.
 */
export class Stream extends EventTarget {
  /** @type {EventSource | null} */ #source = null;
  /** @type {string} */ #last = "0";
  /** @type {number} */ #lostTimer = 0;
  #isLost = false;

  get isLost() {
    return this.#isLost;
  }

  /** Listen from a change's number on. @param {number | string} after */
  start(after) {
    this.#last = String(after);
    this.#open();
  }

  stop() {
    this.#source?.close();
    clearTimeout(this.#lostTimer);
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(`/api/v1/stream?after=${this.#last}`);
    this.#source = source;
    source.onopen = () => this.#well();
    source.onerror = () => {
      this.#trouble();
      if (source.readyState === EventSource.CLOSED && this.#source === source) setTimeout(() => this.#open(), RETRY_MS);
    };
    source.addEventListener("alarm", (event) => {
      const received = performance.timeOrigin + performance.now();
      if (event.lastEventId) this.#last = event.lastEventId;
      this.#well();
      this.dispatchEvent(new CustomEvent("alarm", { detail: { alarm: JSON.parse(event.data), received } }));
    });
    source.addEventListener("reset", () => {
      source.close();
      this.dispatchEvent(new Event("reset"));
    });
  }

  #well() {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = 0;
    if (!this.#isLost) return;
    this.#isLost = false;
    this.dispatchEvent(new Event("back"));
  }

  #trouble() {
    if (this.#lostTimer || this.#isLost) return;
    this.#lostTimer = setTimeout(() => {
      this.#lostTimer = 0;
      this.#isLost = true;
      this.dispatchEvent(new Event("lost"));
    }, LOST_AFTER_MS);
  }
}
