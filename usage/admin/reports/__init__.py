"""The report about usage: what it brought and what it cost."""
