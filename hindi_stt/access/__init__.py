"""Who may come in, how much they may send, and what they have used."""
