"""What reports read: sums over all customers, in a few statements each."""
