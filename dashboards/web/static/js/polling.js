// While the stream is lost, the desk asks every few seconds: an alarm is late then, and not lost.

import { callWithin } from "./api.js";
import { active } from "./book.js";

const EVERY_MS = 5000;
const PATIENCE_MS = 4000;
const ALL = "/api/v1/alarms?state=active&limit=500";

/** @typedef {import("./types.js").Alarm} Alarm */

export class Polling {
  #stream;
  #arrived;
  #changed;
  #asks = false;
  #askedAt = -EVERY_MS;
  #works = false;
  /** What several pages lacked when last asked, by alarm id. @type {Set<string>} */
  #missed = new Set();

  /**
   * @param {import("./stream.js").Stream} stream the one that may be lost
   * @param {(alarm: Alarm) => void} arrived called with each alarm that is new or has changed
   * @param {() => void} changed called when anything else did
   */
  constructor(stream, arrived, changed) {
    this.#stream = stream;
    this.#arrived = arrived;
    this.#changed = changed;
    stream.addEventListener("back", () => {
      this.#works = false;
      this.#missed.clear();
    });
  }

  /** Whether the server answers, though its stream is lost. */
  get works() {
    return this.#works;
  }

  /** Ask if it is time to. Called at each beat. */
  watch() {
    if (!this.#stream.isLost || this.#asks || performance.now() - this.#askedAt < EVERY_MS) return;
    this.#askedAt = performance.now();
    this.#asks = true;
    void this.#ask().finally(() => { this.#asks = false; });
  }

  async #ask() {
    let works = false;
    try {
      /** @type {Alarm[]} */
      const alarms = [];
      let pages = 0;
      for (let before = ""; ;) {
        /** @type {{items: Alarm[], next: string | null}} */
        const page = await callWithin(PATIENCE_MS, "GET", ALL + before);
        alarms.push(...page.items);
        pages += 1;
        if (!page.next) break;
        before = `&before=${encodeURIComponent(page.next)}`;
      }
      works = true;
      if (this.#stream.isLost) this.#take(alarms, pages === 1);
    } catch {
      // The banner says so, and it sounds.
    }
    if (works === this.#works || !this.#stream.isLost) return;
    this.#works = works;
    this.#changed();
  }

  /**
   * What has ended is missing; but between two pages an alarm may move from the one to the other, so that it must be
   * missing twice then.
   * @param {Alarm[]} alarms
   * @param {boolean} atOnce whether they came in one answer
   */
  #take(alarms, atOnce) {
    const there = new Set(alarms.map((alarm) => alarm.id));
    const missing = [...active.keys()].filter((id) => !there.has(id));
    const ended = missing.filter((id) => atOnce || this.#missed.has(id));
    this.#missed = new Set(missing);
    for (const id of ended) active.delete(id);
    for (const alarm of alarms) if (active.get(alarm.id)?.version !== alarm.version) this.#arrived(alarm);
    if (ended.length) this.#changed();
  }
}
