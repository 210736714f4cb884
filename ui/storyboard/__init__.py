"""The Storyboard: films as scenes in a row."""
