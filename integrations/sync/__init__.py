"""The sync engine: pull (provider to mirror), plan (mirror to changes), apply (changes to the books), undo.

Everything here writes through the services of the layers below; nothing here talks HTTP but through an adapter.
"""
