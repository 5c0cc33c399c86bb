// The recording as it is played: a word, or on from a position.

import { $, clock, state } from "./dom.js";
import { draw } from "./waveform.js";

const BEFORE_WORD_S = 0.05, AFTER_WORD_S = 0.1;

const player = new Audio();
let stopAt = Infinity;

export const pause = () => player.pause();

export function unload() {
  player.pause();
  player.removeAttribute("src");
}

export function load(result) {
  if (result.audio && !result.url) result.url = URL.createObjectURL(result.audio);
  if (result.url && !player.src && !result.unplayable) player.src = result.url;
}

export const redraw = () => draw(player.currentTime);

export function playWord(i) {
  const word = state.shown?.words[i];
  if (!word || !player.src) return;
  player.currentTime = Math.max(0, word.start - BEFORE_WORD_S);
  stopAt = word.end + AFTER_WORD_S;
  player.play().catch(() => {});
}

function follow() {
  const at = player.currentTime;
  if (at >= stopAt) {
    player.pause();
    stopAt = Infinity;
  }
  if (state.shown) {
    const marks = $("#words").children;
    state.shown.words.forEach((word, i) => {
      marks[i]?.classList.toggle("playing", !player.paused && at >= word.start - BEFORE_WORD_S - 0.01 && at < word.end);
    });
    $("#wave").ariaValueNow = at.toFixed(1);
    $("#wave").ariaValueText = clock(at);
    redraw();
  }
  if (!player.paused) requestAnimationFrame(follow);
}

function seek(seconds) {
  if (!state.shown?.duration || !player.src) return;
  stopAt = Infinity;
  player.currentTime = Math.max(0, Math.min(state.shown.duration, seconds));
  player.play().catch(() => {});
}

function seekByKey(event) {
  if (event.key === " ") {
    if (player.paused) seek(player.currentTime); else player.pause();
  } else {
    const to = { ArrowRight: player.currentTime + 1, ArrowLeft: player.currentTime - 1, Home: 0 }[event.key];
    if (to === undefined) return;
    seek(to);
  }
  event.preventDefault();
}

export function preparePlayer() {
  player.onplay = follow;
  player.onpause = follow;
  player.onseeked = follow;
  $("#wave").onclick = (event) => seek((event.offsetX / $("#wave").clientWidth) * (state.shown.duration ?? 0));
  $("#wave").onkeydown = seekByKey;
}
