// Beats twice a second, also while its page is hidden: the timers of a hidden page slow down to one a minute, those of
// a worker do not.

setInterval(() => postMessage(Date.now()), 500);
