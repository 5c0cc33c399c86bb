"""API keys, tokens, rate limits, and the ledger of usage."""
