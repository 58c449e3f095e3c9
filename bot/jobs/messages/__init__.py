"""Jobs that post and redraw: cards, replies, and what one person is told."""
