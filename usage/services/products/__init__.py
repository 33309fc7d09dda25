"""Products from their files: reading and checking (`files`), writing (`load`), demo customers (`demo_accounts`)."""
