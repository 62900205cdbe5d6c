"""The command: thin, over the indexer and the site."""

__version__ = "0.1.0"
