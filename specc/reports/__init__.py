"""Reports: what became of a run, as tables, plots and a page that opens anywhere."""
