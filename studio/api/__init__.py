"""``/v1`` in the shape of OpenAI's Videos API: one file for each kind of thing it answers about."""
