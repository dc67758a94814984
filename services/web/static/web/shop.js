// The shop's few lines of script. Every page works without them.
"use strict";

const page = performance.getEntriesByType("navigation")[0];

// 1. Forms. A key says "this is one action": what is sent twice under one key takes effect once. So each action gets a
// key of its own when it is sent; whatever a page from the browser's history still holds is never used again.
const sent = new Map(); // form -> what it sent last, and under which key

function keyOf(form, submitter) {
  const fields = [...new FormData(form, submitter)].filter(([name]) => !["csrfmiddlewaretoken", "request_key"].includes(name));
  const content = JSON.stringify(fields);
  // The same again while the answer is on its way is a double click, or a second try: the same action.
  if (sent.get(form)?.content !== content) sent.set(form, { content, key: crypto.randomUUID() });
  return sent.get(form).key;
}

function hidden(form, name, value) {
  const input = form.querySelector(`input[name="${name}"]`) ?? form.appendChild(document.createElement("input"));
  Object.assign(input, { type: "hidden", name, value });
}

for (const form of document.querySelectorAll("form:has(input[name=request_key])")) {
  form.addEventListener("submit", (event) => hidden(form, "request_key", keyOf(form, event.submitter)));
}

// Forms on cacheable pages carry no token: fetch one, then send the form by POST instead of by way of a form page.
let token = null;

async function askForToken() {
  const answer = await fetch("/form-token/", { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`form token: ${answer.status}`);
  return (await answer.json()).csrf_token;
}

function fetchToken() {
  token ??= askForToken().catch((error) => {
    token = null; // The next one asks anew.
    throw error;
  });
  return token;
}

for (const form of document.querySelectorAll("form[data-token]")) {
  // On the first sign of interest, so that the answer is there before the button is pressed.
  for (const interest of ["pointerover", "focusin"]) {
    form.addEventListener(interest, () => fetchToken().catch(() => {}), { once: true });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = keyOf(form, event.submitter);
    try {
      hidden(form, "csrfmiddlewaretoken", await fetchToken());
      hidden(form, "request_key", key);
      form.method = "post";
    } catch {
      // Send it as it is: the form page has a token of its own.
    }
    form.submit();
  });
}

// Back on a page from the browser's history: what is sent from now on is a new action, and a login since then has
// changed the token.
addEventListener("pageshow", (event) => {
  if (!event.persisted && page?.type !== "back_forward") return;
  sent.clear();
  token = null;
  for (const form of document.querySelectorAll("form:has(input[name=csrfmiddlewaretoken])")) {
    fetchToken().then((csrf) => hidden(form, "csrfmiddlewaretoken", csrf)).catch(() => {});
  }
});

// 2. The foot bar: what served this page, from the answer's own headers. A page that was kept somewhere brings the
// headers of whoever was first to ask: then nobody behind the keeper did anything now.
const served = Object.fromEntries((page?.serverTiming ?? []).map((entry) => [entry.name, entry.description || `${entry.duration} ms`]));
const fromBrowser = page?.transferSize === 0; // not even asked again
if (fromBrowser || ["HIT", "STALE"].includes(served.edge)) {
  const maker = served.replica ? `none now, made by ${served.replica}` : "none now";
  Object.assign(served, { replica: maker, db: "not asked", cache: "not asked", app: "none now" });
  if (fromBrowser) served.edge = "not asked (your browser's copy)";
}
for (const place of document.querySelectorAll("[data-served]")) {
  place.textContent = served[place.dataset.served] ?? "–";
}
