"""Puts the settings of the package into the pages, from the definitions themselves.

    ```{settings}
    CHAT_HISTORY_SIZE
    CHAT_MESSAGE_MAX_LENGTH
    ```

describes the named settings; with ``:brief:`` it is a table of links to those descriptions. A setting that no page
describes is a warning, and so is a name that is no setting. Elsewhere the name of a setting in code is made a link to
its description, so that pages need no markup of Sphinx for it.
"""

import pprint
from datetime import timedelta

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from find_friend.conf import DEFINITIONS

logger = logging.getLogger(__name__)
KINDS = {"NoneType": "None", "timedelta": "timedelta", "str": "text", "int": "whole number", "float": "number"}


def readable(value):
    """A default as one writes it into settings."""
    if isinstance(value, timedelta):
        for unit, seconds in (("days", 86400), ("hours", 3600), ("minutes", 60)):
            if value.total_seconds() % seconds == 0:
                return f"timedelta({unit}={int(value.total_seconds() // seconds)})"
        return f"timedelta(seconds={value.total_seconds():g})"
    if isinstance(value, str):
        return f'"{value}"'
    return pprint.pformat(value, width=80, sort_dicts=False).replace("'", '"')


def link(name):
    reference = addnodes.pending_xref(
        "", refdomain="std", reftype="setting", reftarget=name, refexplicit=False, refwarn=True
    )
    reference += nodes.literal(name, name)
    return reference


class SettingsDirective(SphinxDirective):
    has_content = True
    option_spec = {"brief": directives.flag}

    def run(self):
        names = " ".join(self.content).split()
        for name in set(names) - DEFINITIONS.keys():
            logger.warning("There is no setting %s", name, location=self.get_location())
        names = [name for name in names if name in DEFINITIONS]
        return [self.table(names)] if "brief" in self.options else [self.describe(name) for name in names]

    def describe(self, name):
        setting = DEFINITIONS[name]
        default = readable(setting.default)
        signature = addnodes.desc_signature(name, "", classes=["sig"])
        signature += addnodes.desc_name(name, name)
        content = addnodes.desc_content()
        content += nodes.paragraph("", setting.__doc__)
        rule = f" It has to be {setting.rule.text}." if setting.rule.text else ""
        kinds = " or ".join(dict.fromkeys(KINDS.get(kind.__name__, kind.__name__) for kind in setting.types))
        takes = f"Takes {kinds}.{rule} Default:"
        if "\n" in default:
            content += nodes.paragraph("", takes)
            content += nodes.literal_block(default, default, language="python")
        else:
            content += nodes.paragraph("", "", nodes.Text(f"{takes} "), nodes.literal(default, default))
        description = addnodes.desc("", signature, content, domain="std", objtype="setting", desctype="setting")
        identifier = f"setting-{name}"
        signature["ids"].append(identifier)
        self.state.document.note_explicit_target(signature)
        self.env.domains.standard_domain.note_object("setting", name, identifier, location=signature)
        return description

    def table(self, names):
        group = nodes.tgroup("", nodes.colspec(colwidth=35), nodes.colspec(colwidth=65), cols=2)
        group += nodes.thead("", row([nodes.Text("Setting")], [nodes.Text("Meaning")]))
        body = nodes.tbody()
        for name in names:
            default = DEFINITIONS[name].default
            meaning = [nodes.Text(DEFINITIONS[name].__doc__)]
            if not isinstance(default, dict):
                meaning += [nodes.Text(" Default: "), nodes.literal("", readable(default))]
            body += row([link(name)], meaning)
        group += body
        return nodes.table("", group)


def row(*cells):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def link_names(app, doctree):
    """Whatever stands in code and is the name of a setting becomes a link, but for what is a link or a heading."""
    for literal in list(doctree.findall(nodes.literal)):
        name, parent = literal.astext(), literal.parent
        if name in DEFINITIONS and not isinstance(parent, nodes.reference | nodes.title | addnodes.pending_xref):
            parent.replace(literal, link(name))


def check_complete(app, env):
    described = {name for (kind, name) in env.domains.standard_domain.objects if kind == "setting"}
    for name in DEFINITIONS.keys() - described:
        logger.warning("No page describes the setting %s", name)


def setup(app):
    app.add_object_type("setting", "setting", objname="setting")
    app.add_directive("settings", SettingsDirective)
    app.connect("doctree-read", link_names)
    app.connect("env-check-consistency", check_complete)
    return {"parallel_read_safe": True}
