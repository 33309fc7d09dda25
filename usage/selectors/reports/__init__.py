"""What reports about usage read."""
