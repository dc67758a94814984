// The page of an order that is pending: shows what becomes of it, as soon as it is known. Works without it: the page
// then comes again by itself.
"use strict";

const PARTS = ["order-state", "order-actions"];
const SHORTEST = 500, LONGEST = 5000; // milliseconds between two questions, fewer as time goes by
const END = performance.now() + 300_000;

const state = document.getElementById("order-state");

async function ask(type) {
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: type } });
  if (!answer.ok || answer.redirected) throw new Error(`order: ${answer.status}`);
  return answer;
}

// The same page as it is now: of it the parts that change. Their form has a key of its own.
async function renew() {
  const page = new DOMParser().parseFromString(await (await ask("text/html")).text(), "text/html");
  for (const id of PARTS) document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  state.dataset.status = page.getElementById("order-state").dataset.status;
}

async function follow() {
  for (let pause = SHORTEST; state.dataset.status === "pending" && performance.now() < END; pause = Math.min(pause * 1.2, LONGEST)) {
    await new Promise((resume) => setTimeout(resume, pause));
    try {
      const { status } = await (await ask("application/json")).json();
      if (status !== state.dataset.status) await renew();
    } catch {
      // Nobody could say: it is asked again.
    }
  }
}

follow();
