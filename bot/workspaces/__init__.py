"""The workspaces that a process serves: which they are, and how they come and go."""
