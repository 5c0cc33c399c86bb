"""Threads, tasks and turns in one event loop: work that ends before what it uses is closed, and fair shares."""
