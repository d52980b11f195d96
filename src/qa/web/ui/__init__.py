"""Chat, pages and widget."""
