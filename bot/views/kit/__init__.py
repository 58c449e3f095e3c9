"""Parts that every view is made of: blocks, text, mentions, fitting."""
