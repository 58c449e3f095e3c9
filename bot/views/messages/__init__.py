"""Messages other than the card: reminders, questions, outcomes, notices."""
