"""The web: chat, pages, widget, JSON API and their server."""
