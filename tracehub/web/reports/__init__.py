"""Pages of numbers: each is a report of figures, charts and tables, shown as a page and written for machines."""
