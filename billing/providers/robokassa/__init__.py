"""Robokassa: a page to pay roubles on, a signed notice, a look-up of one order, and refunds by token."""
