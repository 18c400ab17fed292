"""The demo organisation: people, a sandbox agency that is connected, and books that leave a few things to do."""
