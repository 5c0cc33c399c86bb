// The page's texts in the reader's language.

import english from "./labels_en.js";
import hindi from "./labels_hi.js";
import { read, write } from "./storage.js";

const LABELS = { en: english, hi: hindi };
const LANGUAGE = "language";

const chosen = read(LANGUAGE);
let language = chosen in LABELS ? chosen : navigator.language.startsWith("hi") ? "hi" : "en";

export const label = (name, ...values) => values.reduce((text, value, i) => text.replace(`{${i}}`, () => value), LABELS[language][name] ?? name);

// What a value of an option means; other values are names that the operator has given.
export function valueLabel(option, value) {
  const said = LABELS[language].values[option] ?? {};
  return Object.hasOwn(said, value) ? said[value] : label("named_value", value);
}

// What a warning of the server says, null for one that the page does not know.
export const warningText = (code, details) => LABELS[language].warnings[code]?.replace("{0}", () => details) ?? null;

export function translatePage() {
  document.documentElement.lang = language;
  document.title = label("title");
  for (const element of document.querySelectorAll("[data-label]")) element.textContent = label(element.dataset.label);
  for (const element of document.querySelectorAll("[data-aria]")) element.ariaLabel = label(element.dataset.aria);
  for (const element of document.querySelectorAll("option[data-value]")) element.textContent = valueLabel(element.dataset.option, element.dataset.value);
  const other = document.querySelector("#language");
  other.lang = language === "hi" ? "en" : "hi";
  other.textContent = language === "hi" ? "English" : "हिन्दी";
}

export function switchLanguage() {
  language = language === "hi" ? "en" : "hi";
  write(LANGUAGE, language);
  translatePage();
}
