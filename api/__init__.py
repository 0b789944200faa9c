"""The HTTP side of Buswatch: REST, the live stream, errors, and the built control-room page."""
