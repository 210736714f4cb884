"""Settings & spend: what it cost, what can be reached, where everything lies."""
