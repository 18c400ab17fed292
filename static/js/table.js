// Lists: a row opens on click, j/k move, Enter opens, x selects. Works on <tr data-href>.
const INTERACTIVE = "a, button, input, select, textarea, label, summary, details";

function typing(element) {
  return Boolean(element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], dialog"));
}

function open(row, inNewTab) {
  if (inNewTab) window.open(row.dataset.href, "_blank", "noopener");
  else window.location.assign(row.dataset.href);
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest(INTERACTIVE) || String(getSelection())) return;
  open(row, event.ctrlKey || event.metaKey);
});

function move(step) {
  const rows = [...document.querySelectorAll("tr[data-href], [data-row]")].filter((row) => row.offsetParent !== null);
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.classList.contains("current"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  rows[at]?.classList.remove("current");
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
  // The row's own link takes the focus, so that Enter and the screen reader work without more script.
  (next.querySelector("a[href]") ?? next).focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x") document.querySelector("tr.current .select-cell input")?.click();
  else if (event.key === "Enter" && event.target === document.body) {
    const row = document.querySelector("tr.current[data-href]");
    if (row) open(row, false);
  }
});
