// Selection in a list: select all, shift for a range, and the bar that says how many are chosen.
// Mark-up: any [data-selection] (a form, or a box whose inputs name their form) with input[data-select-all], input[data-select] and one .bulkbar [data-chosen].
let last = null;

const boxes = (form) => [...form.querySelectorAll("input[data-select]")];

function show(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
  const head = form.querySelector("input[data-select-all]");
  if (head) {
    head.checked = all.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = form.querySelector(".bulkbar");
  if (!bar) return;
  bar.classList.toggle("shown", chosen.length > 0);
  const text = bar.querySelector("[data-chosen]");
  if (text) text.textContent = `${chosen.length.toLocaleString("en-AU")} selected`;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("input[data-select], input[data-select-all]");
  const form = box?.closest("[data-selection]");
  if (!form) {
    const clear = event.target.closest?.("[data-select-none]");
    if (!clear) return;
    const owner = clear.closest("[data-selection]");
    for (const each of boxes(owner)) each.checked = false;
    show(owner);
    return;
  }
  const all = boxes(form);
  if (box.hasAttribute("data-select-all")) {
    for (const each of all) each.checked = box.checked;
  } else {
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const each of all.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
  }
  show(form);
});

function showAll() {
  for (const form of document.querySelectorAll("[data-selection]")) show(form);
}

document.addEventListener("htmx:afterSettle", showAll);
// The browser restores ticked boxes when a person comes back to the page.
window.addEventListener("pageshow", showAll);
showAll();
