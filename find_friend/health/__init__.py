"""Pages for whatever starts, stops and balances the processes of a site."""
