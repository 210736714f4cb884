"""The Library: a plain page that comes complete from the server."""
