"""Invented people, friendships and talks for trying the site out, and real cities for them to live in."""
