"""How well a model hears: word and character error rates, their uncertainty, and the comparison of two runs."""
