"""Exports Wav2Vec2ForCTC models of transformers (IndicWav2Vec, vakyansh): they take samples, not mel features."""
