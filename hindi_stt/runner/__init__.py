"""The runner process: which clip runs next on which core, and how API workers call it."""
