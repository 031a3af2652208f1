"""Puts the frames of ff.chat.v1 into a page, from docs/asyncapi.yml.

    ```{frames} server
    ```

describes those that the server sends, and ``client`` the others: what each is for, its fields and an example.
"""

import json
import re
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from find_friend_docs import row
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

FILE = Path(__file__).resolve().parents[1] / "asyncapi.yml"
FORMATS = {"uuid": "UUID", "date-time": "time in ISO 8601"}
TYPES = {"string": "text", "boolean": "true or false"}
OPERATIONS = {"server": "v1Send", "client": "v1Receive"}


class Document:
    def __init__(self, text):
        self.root = yaml.safe_load(text)

    def follow(self, value):
        """What stands at the end of a reference."""
        while "$ref" in value:
            where, value = value["$ref"], self.root
            for key in where.removeprefix("#/").split("/"):
                value = value[key]
        return value

    def messages(self, side):
        return [self.follow(message) for message in self.root["operations"][OPERATIONS[side]]["messages"]]

    def fields(self, schema, prefix=""):
        """Name, type and meaning of each field, those of inner objects too; ``type`` itself is left out."""
        schema = self.follow(schema)
        for part in schema.get("allOf", ()):
            yield from self.fields(part, prefix)
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            field = self.follow(field)
            if "properties" in field:
                yield from self.fields(field, f"{prefix}{name}.")
            elif "const" not in field:
                optional = "" if name in required else ", optional"
                yield f"{prefix}{name}", readable(field) + optional, field.get("description", "")


def readable(field):
    """The type of a field in words."""
    first, *null = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join([FORMATS.get(field.get("format"), TYPES.get(first, first)), *null])


def meaning(text):
    """A description, with its list of values where it has one."""
    first, *values = re.split(r"\s+\* `(\w+)` - ", text)
    yield nodes.paragraph("", first)
    if values:
        items = nodes.bullet_list()
        for name, what in zip(values[::2], values[1::2], strict=True):
            items += nodes.list_item("", nodes.paragraph("", "", nodes.literal("", name), nodes.Text(f": {what}")))
        yield items


def example(sample):
    text = json.dumps(sample, ensure_ascii=False)
    return text if len(text) <= 100 else json.dumps(sample, ensure_ascii=False, indent=2)


class FramesDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        side = directives.choice(self.arguments[0], tuple(OPERATIONS))
        self.env.note_dependency(str(FILE))
        document = Document(FILE.read_text(encoding="utf-8"))
        return [self.describe(document, side, message) for message in document.messages(side)]

    def describe(self, document, side, message):
        signature = addnodes.desc_signature(message["name"], "", classes=["sig"])
        signature += addnodes.desc_name(message["name"], message["name"])
        signature["ids"].append(f"frame-{side}-{message['name']}")
        self.state.document.note_explicit_target(signature)
        content = addnodes.desc_content()
        content += nodes.paragraph("", message["summary"])
        fields = list(document.fields(message["payload"]))
        if fields:
            content += self.table(fields)
        text = example(message["examples"][0]["payload"])
        content += nodes.literal_block(text, text, language="json")
        return addnodes.desc("", signature, content, domain="std", objtype="frame", desctype="frame")

    def table(self, fields):
        explained = any(text for _name, _kind, text in fields)
        heads = ("Field", "Type", "Meaning")[: 3 if explained else 2]
        group = nodes.tgroup("", *(nodes.colspec(colwidth=30) for _head in heads), cols=len(heads))
        group += nodes.thead("", row(*([nodes.Text(head)] for head in heads)))
        body = nodes.tbody()
        for name, kind, text in fields:
            cells = row([nodes.literal("", name)], [nodes.Text(kind)])
            if explained:
                cells += nodes.entry("", *meaning(text))
            body += cells
        group += body
        return nodes.table("", group)


def setup(app):
    app.add_directive("frames", FramesDirective)
    return {"parallel_read_safe": True}
