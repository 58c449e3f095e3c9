"""Pictures of plans, and reports of runs: plain data becomes PNG and PDF, in a process of its own."""
