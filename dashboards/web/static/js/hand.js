// Whether a hand is at the list: nothing may move away from under it, or come under it, before it presses.

/** A pointer that rests this long on the list belongs to nobody who is about to press. Assumption. */
const RESTS_MS = 8000;
/** So long after the pointer has left, or a finger was lifted, a hand may come back. Assumption. */
const LEFT_MS = 1500;
/** A press so soon after things moved was meant for what stood there before: the time in which one reacts. Assumption. */
export const STARTLED_MS = 400;

/** The hand over one element. While the element carries `data-moved` it takes no press. */
export class Hand {
  #element;
  #over = false;
  #moved = -Infinity;
  #resting = 0;
  #startled = 0;

  /**
   * @param {HTMLElement} element
   * @param {AbortSignal} signal
   * @param {() => void} rested called when what waited for the hand may go on
   */
  constructor(element, signal, rested) {
    this.#element = element;
    let place = "";
    const seen = (/** @type {boolean} */ over) => {
      this.#over = over;
      this.#moved = performance.now();
      this.#wait(rested);
    };
    for (const name of /** @type {const} */ (["pointermove", "pointerdown"]))
      element.addEventListener(name, (event) => {
        // Browsers tell of a move when what is under a resting pointer changes; that is no hand.
        const here = `${event.screenX},${event.screenY}`;
        if (name === "pointerdown" || here !== place) seen(event.pointerType === "mouse");
        place = here;
      }, { signal });
    element.addEventListener("pointerleave", () => { if (this.#over) seen(false); }, { signal });
    signal.addEventListener("abort", () => {
      clearTimeout(this.#resting);
      clearTimeout(this.#startled);
    });
  }

  get isThere() {
    return this.#left() > 0;
  }

  /** What was there is somewhere else now. */
  shifted() {
    clearTimeout(this.#startled);
    this.#element.dataset.moved = "";
    this.#startled = setTimeout(() => delete this.#element.dataset.moved, STARTLED_MS);
  }

  /** Let go, though the hand is there: it asked for it. */
  release() {
    this.#moved = -Infinity;
  }

  #left() {
    return this.#moved + (this.#over ? RESTS_MS : LEFT_MS) - performance.now();
  }

  /** @param {() => void} rested */
  #wait(rested) {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => (this.isThere ? this.#wait(rested) : rested()), Math.max(0, this.#left()) + 20);
  }
}
