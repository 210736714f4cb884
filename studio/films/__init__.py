"""Storyboards: scenes in a row, run one by one, and the film stitched out of them."""
