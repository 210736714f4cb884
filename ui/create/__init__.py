"""The Create page: the composer, the stage, and what happens between them."""
