"""Emoji: those that a room offers, and texts that are nothing else."""

from __future__ import annotations

import re

ROWS = """
😀 😂 😊 😉 😍 😘 😎 🤔
🤗 🙄 😐 😔 😢 😭 😡 😱
👍 👎 👌 👏 🙏 🤝 💪 👋
❤️ 💔 🔥 ✨ 🎉 🎂 🎁 ⚽
☕ 🍕 🍻 🎵 🎬 📚 🚲 🚗
✈️ 🏠 ☀️ 🌧️ ⏰ ✅ ❌ ❓
"""
OFFERED = tuple(ROWS.split())

# A picture with its color of skin or what makes it colorful, and the letters behind the flag of a part of a country:
# Unicode Technical Standard 51, section 1.4.9, of which this takes a little more than there are emoji.
PICTURE = (
    "[\u231a-\u23ff\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b55\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f200-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
FLAG, KEYCAP = "[\U0001f1e6-\U0001f1ff]{2}", "[0-9#*]\ufe0f?\u20e3"
# One to three of them. The script of a room is given it too, so it is what Python and JavaScript understand alike.
FEW = f"^\\s*(?:(?:{FLAG}|{KEYCAP}|{PICTURE}(?:\u200d{PICTURE})*)\\s*){{1,3}}$"
few = re.compile(FEW)


def are_few(text: str) -> bool:
    """Whether the text is one to three emoji and nothing else, which are shown big."""
    return few.match(text) is not None
