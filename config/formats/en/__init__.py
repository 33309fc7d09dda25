"""For English, the back office's only language."""
