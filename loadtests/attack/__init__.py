"""Attacks and faults against a server of its own, and what a well-behaved neighbour notices: make prove-attack."""
