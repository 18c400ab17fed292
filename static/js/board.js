// The board: a card is dragged to a column, or moved with Shift and the arrow keys. Both send the card's own form, so
// that the server decides and answers with the reason; without a script the form's buttons do the same.
const board = document.querySelector("[data-board]");

function columns() {
  return [...board.querySelectorAll("section[data-state]")].filter((column) => column.dataset.state);
}

function send(card, state) {
  const form = card.querySelector("form");
  const input = form.querySelector("input[name=to]");
  if (!state || state === card.dataset.state) return;
  input.disabled = false;
  input.value = state;
  form.submit();
}

if (board) {
  let dragged = null;
  for (const card of board.querySelectorAll("[data-card]")) card.draggable = true;

  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-card]");
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    const allowed = dragged.dataset.moves.split(" ");
    for (const column of board.querySelectorAll("section[data-state]")) {
      const state = column.dataset.state;
      column.classList.toggle("refuses", state !== dragged.dataset.state && !allowed.includes(state));
    }
  });
  board.addEventListener("dragover", (event) => {
    const column = event.target.closest?.("section[data-state]");
    if (!dragged || !column?.dataset.state) return;
    event.preventDefault();
    for (const other of board.querySelectorAll(".over")) if (other !== column) other.classList.remove("over");
    column.classList.add("over");
  });
  board.addEventListener("drop", (event) => {
    const column = event.target.closest?.("section[data-state]");
    if (!dragged || !column) return;
    event.preventDefault();
    send(dragged, column.dataset.state);
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    for (const column of board.querySelectorAll(".over, .refuses")) column.classList.remove("over", "refuses");
  });

  board.addEventListener("keydown", (event) => {
    const card = event.target.closest?.("[data-card]");
    if (!card || !event.shiftKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const all = columns();
    const at = all.findIndex((column) => column.dataset.state === card.dataset.state);
    send(card, all[at + (event.key === "ArrowRight" ? 1 : -1)]?.dataset.state);
  });
}
