// Runs before the first paint, hence not deferred: the chosen theme must be on <html> before anything is drawn.
(function () {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage can be denied by the browser; the system's theme then stays.
  }
})();
