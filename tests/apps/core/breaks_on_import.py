"""A module of a site that fails when it is imported."""

raise RuntimeError("Model class doesn't declare an explicit app_label.")
