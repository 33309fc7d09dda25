"""Payment providers that behave, for tests and for `make run`: strict, stateful, and made of the standard library only.

`tests.fakes.http` serves them on loopback; `tests.fakes.stripe` and `tests.fakes.robokassa` are the providers. Nothing
here imports Django or the project, so that no mistake of ours can hide in a shared piece of code.
"""
