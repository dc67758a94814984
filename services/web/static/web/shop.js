// The shop's few lines of script. Every page works without them.
"use strict";

// 1. Forms on cacheable pages carry no token: fetch one, then send the form by POST instead of by way of a form page.
const tokenForms = document.querySelectorAll("form[data-token]");
let token = null;

function fetchToken() {
  token ??= fetch("/form-token/", { credentials: "same-origin", headers: { Accept: "application/json" } }).then((answer) => {
    if (!answer.ok) throw new Error(`form token: ${answer.status}`);
    return answer.json();
  });
  return token;
}

function hidden(form, name, value) {
  const input = form.querySelector(`input[name="${name}"]`) ?? form.appendChild(document.createElement("input"));
  Object.assign(input, { type: "hidden", name, value });
}

for (const form of tokenForms) {
  // On the first sign of interest, so that the answer is there before the button is pressed.
  for (const interest of ["pointerover", "focusin"]) {
    form.addEventListener(interest, () => fetchToken().catch(() => (token = null)), { once: true });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { csrf_token, request_key } = await fetchToken();
      hidden(form, "csrfmiddlewaretoken", csrf_token);
      hidden(form, "request_key", request_key);
      form.method = "post";
    } catch {
      token = null; // Send it as it is: the form page has a token of its own.
    }
    form.submit();
  });
}

// A page that comes back from the browser's memory may have used its key: the next form needs a new one.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  token = null;
  for (const form of document.querySelectorAll("form:has(input[name=request_key])")) {
    fetchToken()
      .then(({ csrf_token, request_key }) => {
        hidden(form, "csrfmiddlewaretoken", csrf_token);
        hidden(form, "request_key", request_key);
      })
      .catch(() => (token = null));
  }
});

// 2. The foot bar: what served this page, from the answer's own headers, so that a cached page tells the truth.
const page = performance.getEntriesByType("navigation")[0];
for (const { name, description, duration } of page?.serverTiming ?? []) {
  const place = document.querySelector(`[data-served="${CSS.escape(name)}"]`);
  if (place) place.textContent = description || `${duration} ms`;
}
