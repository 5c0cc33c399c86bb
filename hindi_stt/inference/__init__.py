"""Features to log-probabilities: runtimes for acoustic models, and the models that are in memory."""
