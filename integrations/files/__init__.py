"""Spreadsheets that people upload: from bytes to checked rows that the files provider hands to the engine."""
