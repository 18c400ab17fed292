// What a person hears when an htmx request cannot be answered. Texts live in the page (<template id="request-failed">).
function tell(what) {
  const template = document.getElementById("request-failed");
  const list = document.getElementById("messages");
  if (!template || !list) return;
  const message = template.content.cloneNode(true);
  message.querySelector("[data-what]").textContent = what;
  list.replaceChildren(message);
}

document.addEventListener("htmx:sendError", () => {
  tell("The server could not be reached. Nothing was changed. Check the connection and try again.");
});

document.addEventListener("htmx:timeout", () => {
  tell("The server took too long to answer. Reload the page to see whether the change was made.");
});

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401 || status === 403) tell("You are not allowed to do that, or you were signed out. Reload the page to sign in again.");
  else if (status === 404) tell("That record no longer exists. Reload the page to see the present state.");
  else if (status === 429) tell("Too many requests in a short time. Wait a minute and try again.");
  else tell("Something went wrong on our side and was recorded. Nothing was changed. Try again in a minute.");
});
