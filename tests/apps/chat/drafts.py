"""What tests of the writer need: senders without a socket, and other transactions."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from channels.db import database_sync_to_async as in_thread
from django.db import connections, transaction

from find_friend.chat.middleware import Credential
from find_friend.chat.models import Chat, Membership, Message
from find_friend.chat.rights import stamp_of
from find_friend.chat.storing import Draft


class Sender:
    """A member of a chat, as the writer sees the socket. ``told`` is what became of each text."""

    def __init__(self, chat, user, row=None, *, by_row=True):
        self.chat, self.user_pk, self.stamp = chat.pk, user.pk, stamp_of(user.password)
        self.credential = Credential()
        self.credential.row, self.credential.by_row = row, by_row
        self.told = []

    @property
    def right(self):
        return self.chat, self.user_pk, self.stamp, self.credential.row if self.credential.by_row else None

    def draft(self, text="hello", client_id=None):
        return Draft(self, text, client_id, arrived=asyncio.get_running_loop().time(), checked=True)

    def stored(self, draft, stored, at):
        self.told.append((draft.text, "repeat" if stored.is_repeat else "stored"))

    def start_sending(self):
        """Sockets put off what they write until a batch is settled."""

    def refused(self, draft):
        self.told.append((draft.text, "refused"))

    def not_taken(self, draft, problem):
        self.told.append((draft.text, "not taken"))

    def not_stored(self, draft):
        self.told.append((draft.text, "not stored"))


class Foreign:
    """Another transaction, in a thread and with a connection of its own."""

    def __init__(self):
        self.executor = ThreadPoolExecutor(1)
        self.block = None

    async def do(self, function, *args):
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *args)

    async def begin(self):
        self.block = transaction.atomic()
        await self.do(self.block.__enter__)

    async def hold(self, queryset):
        """Lock rows, as FOR UPDATE does."""
        await self.do(lambda: list(queryset.select_for_update()))

    async def commit(self):
        block, self.block = self.block, None
        await self.do(block.__exit__, None, None, None)

    async def end(self):
        if self.block is not None:
            await self.do(transaction.set_rollback, True)
            await self.commit()
        await self.do(connections.close_all)
        self.executor.shutdown()


@asynccontextmanager
async def foreign_transaction():
    foreign = Foreign()
    await foreign.begin()
    try:
        yield foreign
    finally:
        await foreign.end()


async def eventually(condition):
    """Wait until it holds, but not for ever."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("It never happened.")


async def kept(chat):
    """The messages of a chat: number, sender and text, in their order."""
    rows = Message.objects.filter(chat=chat.pk).order_by("seq").values_list("seq", "sender", "text")
    return await in_thread(list)(rows)


async def is_whole(chat):
    """Whether the numbers of a chat have no gap and its counter is the last of them."""
    found = await in_thread(Chat.objects.get)(pk=chat.pk)
    seqs = [seq for seq, _sender, _text in await kept(chat)]
    return seqs == list(range(1, found.last_seq + 1))


async def read_up_to(chat, user):
    return (await in_thread(Membership.objects.get)(chat=chat.pk, user=user.pk)).read_seq


def key(number):
    """A ``client_id``."""
    return uuid.UUID(int=number)
