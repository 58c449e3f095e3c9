"""What one person is told and nobody else sees."""
