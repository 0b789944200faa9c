"""A city and its buses that report as real ones would, with the truth of every fault beside them."""
