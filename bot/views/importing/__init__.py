"""Adding components from Slack: the form, the preview of a document, what is chosen of it, what came of it."""
