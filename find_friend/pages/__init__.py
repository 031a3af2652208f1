"""Server-rendered pages: what those of all apps share. Nothing here is imported unless a site includes their URLs."""
