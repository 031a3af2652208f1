"""A worker of a task queue: ``python -m tests.servers.worker <how> <chat> <user> <text> …``. It serves nothing.

``task`` posts each text as a job of Celery does, ``fork`` in a child of its own as RQ does, after one of the parent;
``loop`` awaits them.
"""

import asyncio
import os
import sys

import django


def task(chat, user, texts):
    for text in texts:
        chat.post(by=user, text=text)


def fork(chat, user, texts):
    from django.db import connections

    task(chat, user, texts[:1])
    for text in texts[1:]:
        connections.close_all()
        child = os.fork()
        if child == 0:
            task(chat, user, [text])
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


def loop(chat, user, texts):
    async def post():
        for text in texts:
            await chat.apost(by=user, text=text)

    asyncio.run(post())


def main(how, chat, user, *texts):
    django.setup()
    from django.contrib.auth import get_user_model

    from find_friend.chat.models import Chat

    sender = get_user_model()._default_manager.get(pk=user)
    {"task": task, "fork": fork, "loop": loop}[how](Chat.objects.get(pk=chat), sender, texts)


if __name__ == "__main__":
    main(*sys.argv[1:])
