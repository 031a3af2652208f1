collect_ignore = ["host"]  # a site of its own, with its own settings: see test_sites.py
