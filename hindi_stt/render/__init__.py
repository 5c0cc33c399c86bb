"""Transcript → the response formats: text, JSON, SubRip and WebVTT."""

from hindi_stt.render.cues import CUE_PAUSE_S, CUE_S, LINE_CLUSTERS, Cue, cues
from hindi_stt.render.paragraphs import PARAGRAPH_PAUSE_S, Paragraph, paragraphs, paragraphs_json, paragraphs_text
from hindi_stt.render.rttm import to_rttm
from hindi_stt.render.subtitles import to_srt, to_vtt
from hindi_stt.render.transcripts import (
    speaker_letter,
    to_diarized_json,
    to_json,
    to_text,
    to_verbose_json,
    verbose_segments,
    word_json,
    word_log_probs,
    words_json,
)

__all__ = [
    "CUE_PAUSE_S",
    "CUE_S",
    "LINE_CLUSTERS",
    "PARAGRAPH_PAUSE_S",
    "Cue",
    "Paragraph",
    "cues",
    "paragraphs",
    "paragraphs_json",
    "paragraphs_text",
    "speaker_letter",
    "to_diarized_json",
    "to_json",
    "to_rttm",
    "to_srt",
    "to_text",
    "to_verbose_json",
    "to_vtt",
    "verbose_segments",
    "word_json",
    "word_log_probs",
    "words_json",
]
