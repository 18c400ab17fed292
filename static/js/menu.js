// Drop-downs are <details>: this adds Escape, closing on an outside click, and one open at a time.
// The rail on a phone is a link to #rail-nav without a script; with one it is a toggle that keeps the address.
const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;

  const toggle = event.target.closest("[data-rail-toggle]");
  if (!toggle) return;
  event.preventDefault();
  const rail = document.getElementById("rail-nav");
  const shown = rail.classList.toggle("open");
  toggle.setAttribute("aria-expanded", String(shown));
  if (shown) rail.querySelector("a")?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.matches?.("details.menu") || !event.target.open) return;
    for (const menu of open()) if (menu !== event.target) menu.open = false;
  },
  true,
);
