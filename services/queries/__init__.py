"""What people are shown: snapshots, read from the rows."""
