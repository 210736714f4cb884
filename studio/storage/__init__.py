"""Where everything kept lies: plain files, or objects in a blob store."""
