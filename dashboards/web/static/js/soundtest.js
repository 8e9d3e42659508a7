// The last step of signing in: the alarm's sound is played, and whoever sits there says whether they heard it.

import { untaken } from "./book.js";
import { need } from "./dom.js";
import { t } from "./i18n.js";
import * as sound from "./sound.js";

/** @type {import("./types.js").Component} */
export function soundtest(root, signal) {
  const waiting = need(root, "[data-waiting]");

  /** @param {"play" | "ask" | "advice"} wanted */
  const show = (wanted) => {
    for (const step of root.querySelectorAll("[data-step]")) /** @type {HTMLElement} */ (step).hidden = /** @type {HTMLElement} */ (step).dataset.step !== wanted;
    // Enter goes on, unless an alarm is open: then it leads there.
    if (waiting.hidden) need(root, `[data-step="${wanted}"] .primary`).focus();
  };

  /** @param {import("./sound.js").Tone} tone */
  const play = async (tone) => {
    const ready = await sound.unlock();
    need(root, "[data-silent]").hidden = ready;
    if (!ready) return show("advice");
    sound.mute(false);
    sound.play(tone);
    if (waiting.hidden) show("ask");
  };

  /** An alarm that is open sounds by itself, and does not wait for a test. */
  const look = () => {
    const count = untaken().length;
    const came = waiting.hidden && count > 0;
    waiting.hidden = count === 0;
    need(waiting, "span").textContent = t("sound.waiting", { n: count });
    if (came) need(waiting, "a").focus();
  };

  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("[data-tone]");
    if (button instanceof HTMLElement) void play(/** @type {import("./sound.js").Tone} */ (button.dataset.tone));
    if (event.target.closest("#unheard")) show("advice");
    if (event.target.closest("#heard")) document.cookie = `anxin_heard=${root.dataset.account}; path=/; samesite=lax`;
    if (event.target.closest("[data-leave], #deaf")) document.cookie = "anxin_wanted=; path=/; max-age=0; samesite=lax";
  }, { signal });
  document.addEventListener("book-changed", look, { signal });

  look();
  show("play");
  void sound.unlock().then((ready) => { if (ready && !untaken().length && root.isConnected) void play("critical"); });
}
