// Every word that the page says, in both languages.

const LABELS = {
  en: {
    title: "Hindi speech to text", subtitle: "Your recording goes to this server only.", skip: "Skip to the transcript",
    input: "Audio", key: "API key", speak: "Speak", stop: "Stop", choose: "Choose recordings", drop: "or drop them here",
    options: "Options", transcript: "Transcript", words: "Words: arrow keys move, Enter plays", wave: "Position",
    downloads: "Downloads", sure: "sure", fair: "fair", poor: "doubtful", files: "Recording", model: "Model",
    working: "Listening to the recording…", listening: "Listening…", nothing: "No words were heard.",
    done: "Done: {0} words.", unplayable: "Your browser cannot play this format; the transcript is complete.",
    finishing: "Finishing…", live: "Live recording", server_default: "as the server does",
    numerals: "Numbers", script: "Letters", punctuation: "Punctuation", mask: "Hide numbers", nukta: "Nukta",
    nasals: "Nasal signs", decoder: "Decoder", language_model: "Language model", hotwords: "Words to listen for",
    no_microphone: "The microphone cannot be used.", no_microphone_help: "Allow it in the browser; away from localhost the page needs https.",
    no_server: "The server does not answer.", no_server_help: "Check the connection, then try again.",
    warnings: {
      incomplete_audio: "Not all of the file could be heard: it is damaged, or more audio lies behind its first part.",
      inverted_channels: "The channels cancel each other out; one of them was transcribed alone.",
      quiet_channel: "One channel is far quieter than another and may be lost in the mix.",
      audio_tracks: "The file has several audio tracks; the default one was transcribed.",
      nearly_silent: "The recording is nearly silent.", clipped: "The recording is clipped: it was too loud for the recorder.",
      band_limited: "The recording sounds like a telephone line.", very_noisy: "The recording is very noisy.",
      no_speech: "There is sound in the recording, but no speech.",
      no_speech_in_part: "{0} of the recording have sound, but no speech.",
    },
  },
  hi: {
    title: "हिन्दी बोली से लेख", subtitle: "आपकी आवाज़ केवल इसी सर्वर तक जाती है।", skip: "सीधे लेख पर जाएँ",
    input: "आवाज़", key: "एपीआई कुंजी", speak: "बोलें", stop: "रोकें", choose: "रिकॉर्डिंग चुनें", drop: "या यहाँ छोड़ें",
    options: "विकल्प", transcript: "लेख", words: "शब्द: तीर से चलें, Enter से सुनें", wave: "स्थान",
    downloads: "डाउनलोड", sure: "पक्का", fair: "ठीक", poor: "संदिग्ध", files: "रिकॉर्डिंग", model: "मॉडल",
    working: "रिकॉर्डिंग सुनी जा रही है…", listening: "सुन रहे हैं…", nothing: "कोई शब्द नहीं सुनाई दिया।",
    done: "पूरा हुआ: {0} शब्द।", unplayable: "ब्राउज़र यह फ़ॉर्मैट नहीं चला सकता; लेख पूरा है।",
    finishing: "पूरा हो रहा है…", live: "सीधी रिकॉर्डिंग", server_default: "सर्वर के अनुसार",
    numerals: "संख्याएँ", script: "लिपि", punctuation: "विराम चिह्न", mask: "संख्याएँ छिपाएँ", nukta: "नुक़्ता",
    nasals: "अनुनासिक", decoder: "डिकोडर", language_model: "भाषा मॉडल", hotwords: "ध्यान देने के शब्द",
    no_microphone: "माइक्रोफ़ोन नहीं चल रहा।", no_microphone_help: "ब्राउज़र में अनुमति दें; localhost के बाहर https चाहिए।",
    no_server: "सर्वर उत्तर नहीं दे रहा।", no_server_help: "कनेक्शन जाँचें और फिर कोशिश करें।",
    warnings: {
      incomplete_audio: "फ़ाइल पूरी नहीं सुनी जा सकी: वह ख़राब है, या पहले भाग के पीछे और आवाज़ है।",
      inverted_channels: "चैनल एक दूसरे को काटते हैं; केवल एक चैनल लिखा गया।",
      quiet_channel: "एक चैनल दूसरे से बहुत धीमा है और मिलाने पर छूट सकता है।",
      audio_tracks: "फ़ाइल में कई ऑडियो ट्रैक हैं; मुख्य ट्रैक लिखा गया।",
      nearly_silent: "रिकॉर्डिंग लगभग मौन है।", clipped: "रिकॉर्डिंग कटी हुई है: आवाज़ बहुत तेज़ थी।",
      band_limited: "रिकॉर्डिंग टेलीफ़ोन जैसी है।", very_noisy: "रिकॉर्डिंग में बहुत शोर है।",
      no_speech: "रिकॉर्डिंग में आवाज़ है, पर बोली नहीं।",
      no_speech_in_part: "रिकॉर्डिंग के {0} में आवाज़ है, पर बोली नहीं।",
    },
  },
};

let language = localStorage.getItem("language") ?? (navigator.language.startsWith("hi") ? "hi" : "en");

export const label = (name, ...values) =>
  values.reduce((text, value, i) => text.replace(`{${i}}`, value), LABELS[language][name] ?? name);

// What a warning of the server says, null for one that the page does not know.
export const warningText = (code, details) => LABELS[language].warnings[code]?.replace("{0}", details) ?? null;

export function translatePage() {
  document.documentElement.lang = language;
  document.title = label("title");
  for (const element of document.querySelectorAll("[data-label]")) element.textContent = label(element.dataset.label);
  for (const element of document.querySelectorAll("[data-aria]")) element.ariaLabel = label(element.dataset.aria);
  const other = document.querySelector("#language");
  other.lang = language === "hi" ? "en" : "hi";
  other.textContent = language === "hi" ? "English" : "हिन्दी";
}

export function switchLanguage() {
  language = language === "hi" ? "en" : "hi";
  localStorage.setItem("language", language);
  translatePage();
}
