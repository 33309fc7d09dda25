"""How Django writes dates where a page says nothing else: the back office's forms and lists."""
