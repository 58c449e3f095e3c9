"""Jobs about components: documents that people send are read, previewed and imported."""
