// Drawing once for all that came since the last frame: a storm of changes is one picture, not hundreds.

/** A tab that is not shown has no frames; what is drawn there may wait so long. */
const LATEST_MS = 120;

/**
 * What does the work before the next frame, however often it is asked to; nothing once the signal is aborted.
 * @param {() => void} work
 * @param {AbortSignal} signal
 * @returns {() => void}
 */
export function soon(work, signal) {
  let waits = false;
  const run = () => {
    if (!waits || signal.aborted) return;
    waits = false;
    work();
  };
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(run);
    setTimeout(run, LATEST_MS);
  };
}
