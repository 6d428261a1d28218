"use strict";
// What agents ask, and STOP ALL. Whatever an agent says goes into the page as text, never as markup, and nothing of it is left out.
(() => {
  const byId = (id) => document.getElementById(id);
  const HOLD = 1000;
  const LOOK_AGAIN = 15000;
  const cards = new Map();

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Characters that are not seen, or that turn the direction of what follows, would show another command than the one that runs.
  const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

  function visible(text) {
    return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
  }

  function problem(text) {
    byId("approvals-problem").textContent = text;
    byId("approvals-problem").hidden = !text;
  }

  async function post(path, body) {
    const response = await fetch(path, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status === 401) {
      location.reload(); // the session ended: the server shows the way in
      throw new Error("You were signed out.");
    }
    const found = await response.json();
    if (!response.ok) throw Object.assign(new Error(`${found.detail} ${found.hint}`.trim()), { code: found.code });
    return found;
  }

  // The list: one look at a time; what happens while it looks makes it look once more.

  let looking = false;
  let again = false;

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const response = await fetch("/api/approvals", { headers: { Accept: "application/json" } });
      if (response.ok) show(await response.json());
    } catch {
      // The connection is gone: page.js says so, and the next event or look brings the list back.
    }
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }

  function show(requests) {
    const waiting = new Set(requests.map((request) => request.id));
    for (const [id, card] of cards) {
      if (!waiting.has(id)) {
        card.remove();
        cards.delete(id);
      }
    }
    for (const request of requests) {
      if (!cards.has(request.id)) {
        const made = card(request);
        cards.set(request.id, made);
        byId("approvals").append(made);
      }
    }
    byId("approvals-card").hidden = requests.length === 0 && byId("approvals-problem").hidden;
    document.title = requests.length ? `(${requests.length}) ChainBot Desktop` : "ChainBot Desktop";
  }

  function card(request) {
    const question = request.detail_kind === "question";
    const item = element("li");
    item.dataset.id = request.id;
    item.append(
      element("h3", "", visible(request.title)),
      element("div", "who", visible(`${request.agent_name} · ${request.tool}`)),
      detail(request),
      facts(request, question),
    );
    const label = element("label", "", question ? "Your answer" : "Reason, if you deny it");
    const field = element("textarea");
    field.rows = question ? 3 : 1;
    field.maxLength = 20000;
    label.append(field);
    item.append(label, choices(request, question, field, item));
    return item;
  }

  function detail(request) {
    const shown = element("pre");
    shown.dir = "ltr";
    if (request.detail_kind !== "diff") {
      shown.textContent = visible(request.detail);
      return shown;
    }
    for (const line of request.detail.split("\n")) {
      const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
      shown.append(element("span", kind, `${visible(line)}\n`));
    }
    return shown;
  }

  function facts(request, question) {
    const list = element("ul", "facts");
    if (request.why) list.append(element("li", "", `Why: ${visible(request.why)}`));
    if (request.touches.length) list.append(element("li", "", `Touches: ${visible(request.touches.join(", "))}`));
    if (request.sandboxed === true) list.append(element("li", "", "Sandboxed"));
    if (request.sandboxed === false && !question) list.append(element("li", "loud", "Not sandboxed"));
    if (request.expires_at) list.append(element("li", "", `Expires ${new Date(request.expires_at).toLocaleString()}`));
    return list;
  }

  function choices(request, question, field, item) {
    const row = element("div", "choices");
    const add = (text, decision, kind) => {
      const button = element("button", kind, text);
      button.type = "button";
      button.dataset.decision = decision;
      button.addEventListener("click", () => decide(request, decision, field, item));
      row.append(button);
    };
    add(question ? "Answer" : "Approve", "approve", "primary");
    if (request.for_run) add("Approve for this run", "approve_run", "");
    row.append(element("span", "grow"));
    add(question ? "Do not answer" : "Deny", "deny", "danger");
    return row;
  }

  async function decide(request, decision, field, item) {
    problem("");
    const words = field.value.trim();
    const question = request.detail_kind === "question";
    const body = { decision, nonce: request.nonce };
    if (decision === "deny") body.reason = words;
    else if (question) body.answer = words;
    for (const button of item.querySelectorAll("button")) button.disabled = true;
    try {
      await post(`/api/approvals/${encodeURIComponent(request.id)}`, body);
    } catch (error) {
      problem(error.message);
      for (const button of item.querySelectorAll("button")) button.disabled = false;
    }
    look();
  }

  // STOP ALL: held for a second by finger, mouse or key; letting go before that does nothing.

  const stop = byId("stop-all");
  let timer = 0;

  function press(event) {
    if (timer || (event.type === "keydown" && event.key !== " " && event.key !== "Enter")) return;
    event.preventDefault();
    if (event.pointerId !== undefined) stop.setPointerCapture(event.pointerId);
    stop.classList.add("held");
    timer = setTimeout(stopAll, HOLD);
  }

  function release() {
    clearTimeout(timer);
    timer = 0;
    stop.classList.remove("held");
  }

  async function stopAll() {
    release();
    stop.disabled = true;
    byId("stopped").textContent = "Stopping";
    try {
      const report = await post("/api/agents/stop-all", {});
      const names = report.stopped.map((agent) => visible(agent.name)).join(", ");
      byId("stopped").textContent = names ? `Stopped: ${names}. Tasks ended: ${report.runs}.` : "No agent was running.";
    } catch (error) {
      byId("stopped").textContent = `Not all is stopped. ${error.message}`;
    }
    stop.disabled = false;
    look();
  }

  stop.addEventListener("pointerdown", press);
  stop.addEventListener("keydown", press);
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "keyup", "blur"]) stop.addEventListener(name, release);
  stop.addEventListener("contextmenu", (event) => event.preventDefault());

  document.addEventListener("panel-event", (event) => {
    if (event.detail === "connected" || event.detail.startsWith("approval_")) look();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  setInterval(() => {
    if (!document.hidden) look();
  }, LOOK_AGAIN);
  look();
})();
