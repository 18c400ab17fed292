"""`make run`: everything of one checkout on one machine, started together and stopped together."""
