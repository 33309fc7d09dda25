"""Stripe, through dj-stripe. Nothing outside of this package imports `stripe` or `djstripe`."""
