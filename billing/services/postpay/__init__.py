"""Postpay: accounts that pay by monthly invoice (aitelier.md, 'Postpay').

`switching` begins and ends it, `closing` makes a month into an invoice, `paying` takes the money, `settling` says which
invoice it pays, `minding` reminds and stops calls, `ending` is for invoices that nobody pays.
"""
