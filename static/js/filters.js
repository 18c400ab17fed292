// A filter form (data-auto-submit) sends itself when a choice changes and half a second after typing stops.
// htmx listens for the submit event where the form has hx-get; otherwise the browser loads the page as ever.
const WAIT = 500;
const timers = new WeakMap();

function submit(form) {
  clearTimeout(timers.get(form));
  form.requestSubmit();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  if (form && !event.target.matches("input[type=search], input[type=text]")) submit(form);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  // Typing that reloads the whole page would take the focus away: only where htmx swaps the list.
  if (!form?.hasAttribute("hx-get") || !event.target.matches("input[type=search], input[type=text]")) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => submit(form), WAIT));
});

// Empty fields would only lengthen the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form[data-auto-submit]")) return;
  for (const [name, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(name);
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("form[data-auto-submit]")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});
