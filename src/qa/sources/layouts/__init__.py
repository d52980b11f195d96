"""Text becomes turns: one module per kind of layout."""
