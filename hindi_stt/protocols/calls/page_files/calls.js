// Live calls: a list, and the conversation of one of them.

const $ = (selector) => document.querySelector(selector);
const POLL_MS = 2000;
const LABELS = {
  en: {
    title: "Live calls", key: "API key", show: "Show calls", list: "Calls", none: "No call is live.",
    choose: "Choose a call", inbound: "Caller", outbound: "Other side", ended: "The call has ended.",
    lost: "The connection to the server is lost.", other: "हिन्दी",
  },
  hi: {
    title: "चालू कॉल", key: "एपीआई कुंजी", show: "कॉल दिखाएँ", list: "कॉल", none: "कोई कॉल चालू नहीं है।",
    choose: "कॉल चुनें", inbound: "कॉल करने वाला", outbound: "दूसरा पक्ष", ended: "कॉल समाप्त हुई।",
    lost: "सर्वर से संपर्क टूट गया।", other: "English",
  },
};
const stored = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
const store = (name, value) => { try { sessionStorage.setItem(name, value); } catch { /* the visitor forbids it */ } };

const state = { language: "en", key: stored("key") ?? "", call: null, following: null };
const label = (name) => LABELS[state.language][name] ?? name;
const address = (path) => new URL(`../${path}`, document.baseURI);
const headers = () => (state.key ? { Authorization: `Bearer ${state.key}` } : {});

function setLanguage(language) {
  state.language = language;
  document.documentElement.lang = language;
  document.title = label("title");
  for (const element of document.querySelectorAll("[data-label]")) element.textContent = label(element.dataset.label);
  $("#language").textContent = label("other");
  $("#language").lang = language === "en" ? "hi" : "en";
}

function showError(text) {
  $("#error").textContent = text ?? "";
  $("#error").hidden = !text;
}

async function fetched(path, options) {
  const response = await fetch(address(path), { headers: headers(), ...options });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 || response.status === 403) $("#key-form").hidden = false;
  throw Object.assign(new Error(body.error?.message ?? String(response.status)), { status: response.status });
}

function item(className, who, text) {
  const li = document.createElement("li");
  li.className = className;
  if (who) {
    const name = document.createElement("span");
    name.className = "who";
    name.lang = state.language;
    name.textContent = who;
    li.append(name);
  }
  li.append(text);
  return li;
}

const side = (track) => (track === "inbound" || track === "outbound" ? track : "other");

function take(event) {
  const growing = (track) => [...$("#growing").children].find((li) => li.dataset.track === track);
  if (event.type === "final") {
    growing(event.track)?.remove();
    if (event.text) $("#conversation").append(item(side(event.track), label(event.track), event.text));
  } else if (event.type === "partial") {
    growing(event.track)?.remove();
    const li = item(side(event.track), "", event.text ? `${event.text} ` : "");
    const rest = document.createElement("i");
    rest.textContent = event.unstable;
    li.append(rest);
    li.dataset.track = event.track;
    $("#growing").append(li);
  } else if (event.type === "dtmf" || event.type === "mark") {
    $("#conversation").append(item("other", "", `${event.type} ${event.value}`));
  } else if (event.type === "error") {
    $("#conversation").append(item("other", "", event.message));
  } else if (event.type === "call.ended") {
    $("#growing").replaceChildren();
    $("#status").textContent = label("ended");
  }
  $("#conversation").lastElementChild?.scrollIntoView({ block: "nearest" });
}

function clear() {
  $("#conversation").replaceChildren();
  $("#growing").replaceChildren();
  $("#status").textContent = "";
}

async function follow(call) {
  state.following?.abort();
  const abort = (state.following = new AbortController());
  state.call = call.call;
  $("#call-title").textContent = call.call;
  delete $("#call-title").dataset.label;
  $("#facts").textContent = Object.entries(call.facts ?? {}).map(([name, value]) => `${name}: ${value}`).join(" · ");
  clear();
  // Where a restart ends the events before the call does, they come again from its beginning.
  while (!(await conversation(call, abort.signal)) && !abort.signal.aborted) {
    $("#status").textContent = label("lost");
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

// Whether there is nothing more to come.
async function conversation(call, signal) {
  try {
    const response = await fetched(`v1/calls/${encodeURIComponent(call.call)}/events`, { signal });
    clear();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (signal.aborted) return true;
      if (done) return false;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        if (!part.startsWith("data: ")) continue;
        const event = JSON.parse(part.slice(6));
        take(event);
        if (event.type === "call.ended") return true;
      }
    }
  } catch (error) {
    if (signal.aborted) return true;
    if (error.status && error.status < 500) {
      $("#status").textContent = error.message;
      return true;
    }
    return false;
  }
}

function list(calls) {
  $("#none").hidden = calls.length > 0;
  $("#calls").replaceChildren(...calls.map((call) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${call.facts?.from ?? call.call} · ${new Date(call.time * 1000).toLocaleTimeString(state.language)}`;
    button.setAttribute("aria-current", call.call === state.call);
    button.onclick = () => { follow(call); refresh(); };
    const li = document.createElement("li");
    li.append(button);
    return li;
  }));
}

let shown = "";
async function refresh() {
  try {
    const calls = (await (await fetched("v1/calls")).json()).data;
    // Unchanged, the list keeps the focus of the keyboard.
    const now = JSON.stringify([calls, state.call, state.language]);
    if (now !== shown) list(calls);
    shown = now;
    showError(null);
  } catch (error) {
    showError(error.message);
  }
}

async function watch() {
  for (;;) {
    if (!document.hidden && (!document.body.dataset.keys || state.key)) await refresh();
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

$("#language").onclick = () => setLanguage(state.language === "en" ? "hi" : "en");
$("#key-form").onsubmit = (event) => {
  event.preventDefault();
  state.key = $("#key").value.trim();
  store("key", state.key);
  refresh();
};
$("#key-form").hidden = !document.body.dataset.keys || Boolean(state.key);
setLanguage(navigator.language?.startsWith("hi") ? "hi" : "en");
watch();
