"""Load on a running server, open loop: arrivals do not wait for answers, as callers do not wait for each other."""
