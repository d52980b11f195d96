"""The server: guard, limits, routes, and the application put together."""
