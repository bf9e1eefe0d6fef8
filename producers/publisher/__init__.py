"""The platforms' side: a library for live events (`publisher`), and files of events (`files`)."""
