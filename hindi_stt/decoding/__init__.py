"""Decodes log-probabilities into tokens and words."""

from hindi_stt.decoding.assembly import Assembly
from hindi_stt.decoding.beam import BeamDecoder, BeamLimits
from hindi_stt.decoding.decoder import Decoder
from hindi_stt.decoding.decoders import Decoders
from hindi_stt.decoding.emission_delay import OnsetDecoder
from hindi_stt.decoding.greedy import GreedyDecoder
from hindi_stt.decoding.hotwords import Hotword, HotwordBounds, parse_hotwords, read_hotwords
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.decoding.speech import SpeechBoundDecoder, speech_score

__all__ = [
    "Assembly",
    "BeamDecoder",
    "BeamLimits",
    "Decoder",
    "Decoders",
    "DecodingOptions",
    "GreedyDecoder",
    "Hotword",
    "HotwordBounds",
    "OnsetDecoder",
    "SpeechBoundDecoder",
    "parse_hotwords",
    "read_hotwords",
    "speech_score",
    "words_from_tokens",
]
