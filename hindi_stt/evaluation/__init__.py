"""Accuracy of a model: word and character error rates, their uncertainty, and the comparison of two runs."""
