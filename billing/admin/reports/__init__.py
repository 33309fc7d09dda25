"""Reports of the back office: pages that sum over all customers, and the same as a file."""
