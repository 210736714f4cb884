"""The page in parts."""
