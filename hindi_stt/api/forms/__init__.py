"""Form fields to typed requests."""
