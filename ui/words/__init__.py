"""Every text of the pages, in English and German, and which of them a visitor is shown."""
