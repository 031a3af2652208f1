"""A fault on the server's side that a test can call for."""

from find_friend.chat.serializers import MessageSerializer as Original

BREAKING = "break the server"


class MessageSerializer(Original):
    def validate_text(self, text):
        if text == BREAKING:
            raise KeyError("a fault of the site")
        return super().validate_text(text)
