"""Lets `python -m klientela` do what the command klientela does."""

from klientela.cli import main

main()
