"""Pure functions from snapshots to Block Kit."""
