// The fields of a request: options, and the API key.

import { $, config } from "./dom.js";
import { readForTab, writeForTab } from "./storage.js";

export function makeOptions() {
  for (const [name, values] of Object.entries(config.options)) {
    const field = document.createElement(values.length ? "select" : "input");
    field.id = `option-${name}`;
    field.name = name;
    field.spellcheck = false;
    if (values.length) field.append(emptyChoice(), ...values.map((value) => choice(name, value)));
    if (config.chosen[name]) field.value = config.chosen[name];
    const text = document.createElement("span");
    text.dataset.label = name;
    const row = document.createElement("label");
    row.className = name === "hotwords" ? "wide" : "";
    if (name === "hotwords") field.placeholder = "बारिश, दिल्ली:5";
    row.append(text, field);
    $("#option-fields").append(row);
  }
}

function emptyChoice() {
  const option = new Option("", "");
  option.dataset.label = "server_default";
  return option;
}

function choice(name, value) {
  const option = new Option(value, value);
  Object.assign(option.dataset, { option: name, value });
  return option;
}

export const chosenOptions = () =>
  Object.fromEntries([...document.querySelectorAll("#option-fields [name]")].filter((f) => f.value.trim()).map((f) => [f.name, f.value]));

// ---- the API key, which is kept as long as the tab

const KEY_ERRORS = new Set(["missing_api_key", "invalid_api_key", "api_key_revoked"]);

export const apiKey = () => $("#key").value.trim();
export const isKeyError = (code) => KEY_ERRORS.has(code);

// The key that the server has refused last, and how: no other recording is sent with it.
let refused = null;
export const refuseKey = (code) => { refused = { key: apiKey(), code }; };
export const tryKeyAgain = () => { refused = null; };

// The code of what is wrong with the key, null where nothing is known to be.
export function keyProblem() {
  if (config.keys && !apiKey()) return "missing_api_key";
  return refused?.key === apiKey() ? refused.code : null;
}

export function askForKey() {
  $("#key").ariaInvalid = "true";
  $("#key").focus();
}

// onGiven: called when the visitor has typed one.
export function prepareKey(onGiven) {
  $("#key-row").hidden = !config.keys;
  $("#key").value = readForTab("key") ?? "";
  $("#key").oninput = () => { $("#key").ariaInvalid = null; };
  $("#key").onchange = () => {
    writeForTab("key", apiKey());
    tryKeyAgain();
    if (apiKey()) onGiven();
  };
}
