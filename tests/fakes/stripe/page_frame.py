"""The look of the stand-in's pages: plain HTML without scripts, light and dark, from 375 pixels, by keyboard."""

from __future__ import annotations

from html import escape

TITLE = "Stripe stand-in — no money moves"
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b24; --soft: #5c5c6b; --line: #d4d4de; --page: #f5f5f8; --card: #fff;
  --act: #4b3fd6; --bad: #b3261e; --badly: #fdecea; --note: #fff3d1; --noted: #5a4300; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf3; --soft: #a9a9b8; --line: #3b3b49; --page: #14141b;
  --card: #1f1f29; --act: #6f63ff; --bad: #ffb4ab; --badly: #4a1512; --note: #3a2f0b; --noted: #ffe08a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
.standin { margin: 0; padding: .5rem 1rem; background: var(--note); color: var(--noted); text-align: center;
  font-weight: 600; }
main { max-width: 30rem; margin: 1.5rem auto; padding: 0 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); }
.amount { font-size: 1.75rem; font-weight: 700; margin: 0; }
ul { list-style: none; margin: .5rem 0; padding: 0; } li { display: flex; justify-content: space-between; gap: 1rem; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
label.saved { display: flex; gap: .5rem; align-items: center; font-weight: 400; border: 1px solid var(--line);
  border-radius: .5rem; padding: .6rem .75rem; margin: .4rem 0; }
input:not([type=radio]) { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: .5rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
button { width: 100%; margin-top: 1rem; padding: .7rem; font: inherit; font-weight: 600; border-radius: .5rem;
  border: 1px solid var(--act); background: var(--act); color: #fff; cursor: pointer; }
button.other { background: transparent; color: var(--ink); border-color: var(--line); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.error { background: var(--badly); color: var(--bad); border-radius: .5rem; padding: .6rem .75rem; margin: .75rem 0; }
details { margin-top: 1rem; } code { font-size: .9em; overflow-wrap: anywhere; }
td { padding: .15rem .75rem .15rem 0; vertical-align: top; }
"""


def page(heading: str, content: str, *, title: str = TITLE) -> str:
    """A whole page; `content` is HTML, `heading` and `title` (which stand-in it is) are text."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)} · {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<style>{STYLE}</style></head><body><p class="standin" role="note">{title}</p>'
        f"<main><section><h1>{escape(heading)}</h1>{content}</section></main></body></html>"
    )


def error(message: str | None) -> str:
    """What went wrong, read out by screen readers."""
    return f'<p class="error" role="alert">{escape(message)}</p>' if message else ""


def money(amount: int, currency: str, *, zero_decimal: bool) -> str:
    """An amount in minor units with its currency, for reading."""
    whole = f"{amount:,}" if zero_decimal else f"{amount // 100:,}.{amount % 100:02d}"
    return f"{'$' if currency == 'usd' else ''}{whole} {currency.upper()}"
