// A form with data-drop takes a file that is dropped on it; once kind and file are there it is sent by itself.
// Without this script the same form has a plain file field and a button.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const zone = form.querySelector("[data-drop-zone]");
  const input = form.querySelector("input[type=file]");
  const name = form.querySelector("[data-drop-name]");
  let depth = 0;

  form.querySelector("[data-drop-hint]").hidden = false;

  const holdsFile = (event) => event.dataTransfer?.types.includes("Files");
  const lift = (on) => zone.classList.toggle("over", on);

  const say = () => {
    const file = input.files[0];
    name.textContent = file ? `${file.name} is ready. ${form.kind.value ? "" : "Choose above what it lists."}` : "";
  };

  form.addEventListener("dragenter", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    depth += 1;
    lift(true);
  });
  form.addEventListener("dragover", (event) => {
    if (holdsFile(event)) event.preventDefault();
  });
  form.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) lift(false);
  });
  form.addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    depth = 0;
    lift(false);
    if (event.dataTransfer.files.length !== 1) {
      name.textContent = "Drop one file at a time.";
      return;
    }
    input.files = event.dataTransfer.files;
    say();
    if (form.kind.value) form.requestSubmit();
  });
  input.addEventListener("change", say);
  form.addEventListener("change", (event) => {
    if (event.target.name === "kind") say();
  });
}
