"""Fills an empty database with pairs of friends, and acts on it as another process of the site would.

python -m tests.faults.world fill COUNT     migrate, make people and chats, print them as JSON
python -m tests.faults.world act            read JSON lines {"do": ..., ...}, answer each with one
"""

import json
import os
import sys

PASSWORD = "correct horse battery"


def fill(pairs):
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from find_friend.accounts.models import AuthToken
    from find_friend.chat.models import Chat
    from find_friend.friends.models import Friendship

    call_command("migrate", verbosity=0)

    def person(name):
        user = get_user_model().objects.create_user(name, f"{name}@example.com", PASSWORD)
        token, key = AuthToken.objects.issue(user)
        return {"id": user.pk, "name": name, "key": key, "token": str(token.pk), "object": user}

    chats = []
    for number in range(pairs):
        people = [person(f"{side}{number}") for side in ("ann", "bob")]
        users = [one.pop("object") for one in people]
        Friendship.objects.befriend(*users)
        chat, _created = Chat.objects.direct(by=users[0], to=users[1])
        chats.append({"id": chat.pk, "people": people})
    stranger = person("eve")
    del stranger["object"]
    return {"chats": chats, "stranger": stranger}


def act(do, user=None, other=None, chat=None, text=None, token=None, seconds=0.0):
    from datetime import timedelta

    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from find_friend.accounts.models import AuthToken
    from find_friend.chat.models import Chat
    from find_friend.friends.models import Block, Friendship

    def one(pk):
        return get_user_model().objects.get(pk=pk)

    if do == "post":
        message = Chat.objects.get(pk=chat).post(by=one(user), text=text)
        return {"id": message.pk, "seq": message.seq}
    if do == "befriend":
        Friendship.objects.befriend(one(user), one(other))
    elif do == "unfriend":
        Friendship.objects.unfriend(by=one(user), friend=one(other))
    elif do == "block":
        Block.objects.block(by=one(user), user=one(other))
    elif do == "logout":
        AuthToken.objects.get(pk=token).revoke()
    elif do == "expire":
        AuthToken.objects.filter(pk=token).update(expires_at=timezone.now() + timedelta(seconds=seconds))
    elif do == "deactivate":
        found = one(user)
        found.is_active = False
        found.save()
    elif do == "password":
        found = one(user)
        found.set_password("another one, correct as well")
        found.save()
    elif do == "delete":
        one(user).delete()
    elif do != "nothing":
        raise ValueError(do)
    return {}


def main(command, *arguments):
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
    django.setup()
    if command == "fill":
        print(json.dumps(fill(int(arguments[0]))))
        return
    from django.db import close_old_connections

    for line in sys.stdin:
        close_old_connections()
        try:
            answer = act(**json.loads(line))
        except Exception as error:
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
