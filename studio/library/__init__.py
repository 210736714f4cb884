"""What is kept: laid down, found again, named, removed."""
