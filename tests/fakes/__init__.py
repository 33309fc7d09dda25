"""Providers that behave, for tests and for `make run`: strict, stateful, and made of the standard library only.

`tests.fakes.http` serves them on loopback; the packages beside it are Stripe, Robokassa, Telegram and VIES. Nothing
here imports Django or the project, so that no mistake of ours can hide in a shared piece of code.
"""
