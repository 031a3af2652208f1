"""Things a site might bring: authentication classes, and channel layers that fail."""

import asyncio
from urllib.parse import unquote

from channels.layers import InMemoryChannelLayer
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from find_friend.policies import Policy
from find_friend.users import find_user


class KeyAuthentication(BaseAuthentication):
    """``X-Key`` holds the primary key of the user, in percent signs; what it gives as ``auth`` is no row."""

    def authenticate(self, request):
        key = request.headers.get("X-Key")
        if key is None:
            return None
        user = find_user(unquote(key))
        if user is None:
            raise AuthenticationFailed
        return user, {"key": key}


class BrokenAuthentication(BaseAuthentication):
    def authenticate(self, request):
        raise KeyError("a fault of the site")


class BrokenLayer(InMemoryChannelLayer):
    """Fails in the methods that ``broken`` names, at once or by never answering."""

    def __init__(self, broken=(), hang=False, **kwargs):
        super().__init__(**kwargs)
        self.broken, self.hang = set(broken), hang

    async def fail(self, name):
        if name in self.broken:
            if self.hang:
                await asyncio.sleep(3600)
            raise ConnectionError("the layer is down")

    async def new_channel(self, *args):
        await self.fail("new_channel")
        return await super().new_channel(*args)

    async def receive(self, channel):
        await self.fail("receive")
        return await super().receive(channel)

    async def group_add(self, group, channel):
        await self.fail("group_add")
        await super().group_add(group, channel)

    async def group_discard(self, group, channel):
        await self.fail("group_discard")
        await super().group_discard(group, channel)

    async def group_send(self, group, message):
        await self.fail("group_send")
        await super().group_send(group, message)


class FailingPolicy(Policy):
    def may_message(self, user, other):
        raise OSError("a fault of the site")
