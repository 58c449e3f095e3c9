"""An evaluation of the two agents: a set of issues in six towns, what is measured, and how two of them compare."""
