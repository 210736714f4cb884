"""Video files taken apart and put together. Blocking, and knows nothing of rows."""
