"""Who spoke when: speaker embeddings of windows of speech, their clustering, and labels for words."""
