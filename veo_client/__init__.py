"""A thin client for Google video models: a request goes in, events come out."""
