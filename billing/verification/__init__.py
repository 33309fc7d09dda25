"""What must always be true of the books, as queries that return no rows."""
