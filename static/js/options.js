// The drop-down that searches properties: focus goes to its field, arrows move through what was found.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details.combo") && event.target.open) {
      event.target.querySelector("[data-options-search]").focus();
    }
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const combo = event.target.closest?.("details.combo[open]");
  if (!combo) return;
  const stops = [combo.querySelector("[data-options-search]"), ...combo.querySelectorAll("[data-option]")];
  const at = stops.indexOf(event.target);
  const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
});

// Enter in the field takes the first property found; without a script it opens the search page.
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector?.("[data-options-search]");
  if (!field) return;
  event.preventDefault();
  field.closest("details").querySelector("[data-option]")?.focus();
});
