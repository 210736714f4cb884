"""Jobs: what is asked for, checked, priced and written as rows; and the rows themselves."""
