"""The parts of the server: guard, limits, routes, payloads, metrics, protocol."""
