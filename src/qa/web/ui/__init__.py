"""What visitors see: chat, pages, widget and their words."""
