"""Puts the SVG files of ``docs/diagrams`` into the pages themselves, where they take on the colors of the theme."""

from pathlib import Path

from docutils import nodes

HERE = Path(__file__).resolve().parents[1]


def inline(app, doctree):
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        if image["uri"].startswith("diagrams/"):
            svg = (HERE / image["uri"]).read_text(encoding="utf-8")
            app.env.note_dependency(str(HERE / image["uri"]))
            image.replace_self(nodes.raw("", svg, format="html"))


def setup(app):
    app.connect("doctree-read", inline, priority=400)  # before the pictures are collected
    return {"parallel_read_safe": True}
