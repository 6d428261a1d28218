"use strict";
// The page of the panel. Whatever comes from the server goes into the page as text, never as markup.
(() => {
  const MOST_ROWS = 200;
  const FIRST_PAGE = 50;
  const byId = (id) => document.getElementById(id);

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function say(id, text, state) {
    const place = byId(id);
    place.textContent = text;
    place.dataset.state = state;
  }

  async function ask(path) {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    if (response.status === 401) {
      location.reload(); // the session ended: the server shows the way in
      throw new Error("signed out");
    }
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  }

  // The screen: one picture a second while anybody can see it, never two at a time.

  const screen = {
    visible: true,
    timer: 0,
    busy: false,
    shown: "",
    headless: false,
  };

  async function refreshScreen() {
    screen.timer = 0;
    if (document.hidden || !screen.visible || screen.headless || screen.busy) return;
    screen.busy = true;
    let wait = 1000;
    try {
      const response = await fetch("/api/screen.png");
      if (response.ok) showPicture(await response.blob());
      else {
        const problem = await response.json();
        showNoPicture(`${problem.detail} ${problem.hint}`);
        screen.headless = response.status === 404;
        wait = 5000;
      }
    } catch {
      showNoPicture("The panel does not answer.");
      wait = 5000;
    }
    screen.busy = false;
    planScreen(wait);
  }

  function planScreen(wait) {
    if (!screen.timer) screen.timer = setTimeout(refreshScreen, wait);
  }

  function showPicture(blob) {
    const old = screen.shown;
    screen.shown = URL.createObjectURL(blob);
    const picture = byId("screen");
    picture.onload = () => old && URL.revokeObjectURL(old);
    picture.src = screen.shown;
    picture.hidden = false;
    byId("no-screen").hidden = true;
  }

  function showNoPicture(reason) {
    byId("screen").hidden = true;
    byId("no-screen").hidden = false;
    byId("no-screen").textContent = reason.trim();
  }

  // Health and figures.

  const HEALTH = { healthy: ["Healthy", "done"], degraded: ["Degraded", "needs"], unhealthy: ["Unhealthy", "failed"] };
  const number = (value, digits, unit) => (typeof value === "number" ? `${value.toFixed(digits)} ${unit}` : "not known");
  const figures = new Map();
  let machine = {};
  let link = null;

  function figure(name, value, wide) {
    let place = figures.get(name);
    if (!place) {
      const box = element("div", wide ? "wide" : "");
      place = element("dd");
      box.append(element("dt", "", name), place);
      byId("figures").append(box);
      figures.set(name, place);
    }
    if (place.textContent !== value) place.textContent = value;
  }

  function showMachine() {
    figure("Processor", number(machine.cpu_usage, 0, "%"));
    figure("Memory", number(machine.memory_usage, 0, "%"));
    figure("Disk", number(machine.disk_usage, 0, "%"));
    figure("Network", number(machine.network_usage, 2, "MB/s"));
    figure("Temperature", number(machine.temperature_c, 0, "°C"));
    figure("Loop lag", number(machine.loop_lag_ms, 1, "ms"));
    if (link) {
      const state = link.state[0].toUpperCase() + link.state.slice(1);
      figure("ALEX OS", link.reason ? `${state}. ${link.reason}` : state, true);
    }
  }

  function showHealth(report) {
    const [word, state] = HEALTH[report.status_id] || [String(report.status_id), "failed"];
    say("health", word, state);
    machine = { ...report.system_resources, ...machine };
    const reasons = [report.attention_reason, ...(report.workflow_blockers || [])].filter(Boolean);
    byId("reasons").replaceChildren(...reasons.map((reason) => element("li", "", String(reason))));
    showMachine();
  }

  // Events: newest first, at most so many, put into the page once a frame.

  const waiting = [];
  let lastSeq = null;
  let paused = false;
  let planned = false;

  function take(envelope) {
    if (lastSeq !== null && envelope.seq <= lastSeq) return;
    lastSeq = envelope.seq;
    waiting.push(envelope);
    if (waiting.length > MOST_ROWS) waiting.shift();
    if (!paused) planPaint();
    else byId("pause").textContent = `${waiting.length}${waiting.length === MOST_ROWS ? "+" : ""} new`;
  }

  function planPaint() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      paint();
    });
  }

  function paint() {
    const list = byId("events");
    const rows = waiting.splice(0).reverse().map(row);
    list.prepend(...rows);
    while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
    byId("empty").hidden = list.children.length > 0;
  }

  const MARKS = { warning: "needs", error: "failed", critical: "failed" };

  function row(envelope) {
    const item = element("li", envelope.requires_attention ? "attention fresh" : "fresh");
    const details = element("details");
    const summary = element("summary");
    const mark = element("span", "mark");
    mark.dataset.state = MARKS[envelope.severity] || "";
    mark.title = envelope.severity;
    const what = element("div", "what");
    what.append(element("div", "kind", envelope.type.replaceAll("_", " ")), element("div", "about", about(envelope)));
    const when = element("time", "", "");
    when.dateTime = envelope.time;
    when.title = new Date(envelope.time).toLocaleString();
    when.textContent = ago(envelope.time);
    summary.append(mark, what, when);
    details.append(summary);
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(element("pre", "", JSON.stringify(envelope, null, 2)));
    });
    item.append(details);
    return item;
  }

  function about(envelope) {
    const data = envelope.data && typeof envelope.data === "object" ? envelope.data : {};
    const said = data.reason || data.error || data.attention_reason || data.agent_name || data.workflow_name || data.name || "";
    return [envelope.subject, said !== envelope.subject ? said : "", envelope.actor].filter(Boolean).join(" · ");
  }

  function ago(time) {
    const seconds = Math.round((Date.now() - new Date(time).getTime()) / 1000);
    if (seconds < 0) return new Date(time).toLocaleTimeString();
    if (seconds < 10) return "now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return new Date(time).toLocaleDateString();
  }

  function refreshTimes() {
    for (const when of document.querySelectorAll("#events time")) when.textContent = ago(when.dateTime);
  }

  function notice(text) {
    byId("gap").textContent = text;
    byId("gap").hidden = false;
  }

  // The connection: resumes after the last event it has, so that nothing is missed and nothing comes twice.

  let attempts = 0;

  async function startOver() {
    const page = await ask(`/api/events?order=desc&limit=${FIRST_PAGE}`);
    byId("events").replaceChildren();
    waiting.length = 0;
    lastSeq = null;
    for (const envelope of page.items.reverse()) take(envelope);
    if (lastSeq === null) lastSeq = 0;
  }

  async function connect() {
    try {
      const status = await ask("/status");
      link = status.link;
      showHealth(status.health);
      if (lastSeq === null) await startOver();
    } catch {
      retry();
      return;
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/watchtower`);
    socket.onopen = () => {
      attempts = 0;
      say("live", "Live", "done");
      document.dispatchEvent(new CustomEvent("panel-event", { detail: "connected" }));
      screen.headless = false;
      planScreen(0);
      socket.send(JSON.stringify({ type: "subscribe", since: lastSeq }));
    };
    socket.onmessage = (message) => hear(JSON.parse(message.data), socket);
    socket.onclose = () => retry();
  }

  function hear(frame, socket) {
    const data = frame.data;
    if (frame.type === "system_stats") {
      machine = data;
      if (!document.hidden) showMachine();
    } else if (frame.type === "snapshot") {
      link = data.link;
      showHealth(data.health);
    } else if (frame.type === "health_check") {
      showHealth(data);
    } else if (frame.type === "dropped" || frame.type === "position_gone") {
      // Too much happened to send it all: the list starts again at the newest.
      notice(frame.type === "dropped" ? `${data.count} events came faster than this page could take them.` : data.reason);
      lastSeq = null;
      socket.close();
    } else if (frame.seq && data && data.hash) {
      take(data);
      document.dispatchEvent(new CustomEvent("panel-event", { detail: data.type }));
      if (data.type === "health_changed") socket.send(JSON.stringify({ type: "health_check" }));
      if (data.type === "link_changed") {
        link = { ...link, ...data.data };
        showMachine();
      }
    }
  }

  function retry() {
    attempts += 1;
    say("live", "Reconnecting", "needs");
    const longest = Math.min(30000, 500 * 2 ** Math.min(attempts, 6));
    setTimeout(connect, longest / 2 + Math.random() * (longest / 2));
  }

  byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    byId("pause").textContent = paused ? "Paused" : "Pause";
    if (!paused) planPaint();
  });
  byId("leave").addEventListener("click", async () => {
    await fetch("/api/auth/logout", { method: "POST" });
    location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) planScreen(0);
  });
  new IntersectionObserver((entries) => {
    screen.visible = entries[entries.length - 1].isIntersecting;
    if (screen.visible) planScreen(0);
  }).observe(byId("screen-card"));
  setInterval(refreshTimes, 5000);
  connect();
})();
