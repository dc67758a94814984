"""Pages: read the request, call one service or a few selectors, render."""
