"""Forms of the pages. They hold words and widgets; what is accepted is decided by the typed specifications behind."""
