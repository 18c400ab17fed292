// Copy buttons: data-copy holds the text itself, or data-copy-from the id of the element that shows it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "";
  const status = document.getElementById("live");
  try {
    await navigator.clipboard.writeText(text.trim());
    button.setAttribute("data-copied", "");
    setTimeout(() => button.removeAttribute("data-copied"), 1500);
    if (status) status.textContent = "Copied.";
  } catch {
    if (status) status.textContent = "The browser refused to copy. Select the text and copy it by hand.";
  }
});
