"""Plain pages with one thing on them: signing in, a key of one's own, a shared video."""
