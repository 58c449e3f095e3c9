"""To the Gemini API and back by one of Google's SDKs: a file for each, imported when it is chosen."""
