"""Demo customers with a month of usage behind them, so that pages have something to show. Never in production."""
