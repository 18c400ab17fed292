// Messages can be closed. Good news leaves by itself; anything else stays until it is read.
const LEAVES_AFTER = 8000;

function arm(message) {
  message.dataset.armed = "true";
  if (!message.matches(".good, .info") || message.hasAttribute("data-stays")) return;
  let timer = setTimeout(() => message.remove(), LEAVES_AFTER);
  const hold = () => clearTimeout(timer);
  message.addEventListener("pointerenter", hold);
  message.addEventListener("focusin", hold);
  message.addEventListener("pointerleave", () => {
    timer = setTimeout(() => message.remove(), LEAVES_AFTER);
  });
}

function armAll() {
  for (const message of document.querySelectorAll(".messages .message:not([data-armed])")) arm(message);
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".message")?.remove();
});

document.addEventListener("htmx:afterSettle", armAll);
armAll();
