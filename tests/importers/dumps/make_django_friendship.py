"""Makes django_friendship.sql with django-friendship's own models and managers."""

import django
import dumping
from django.conf import settings

settings.configure(
    SECRET_KEY="for the dump only",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "friendship"],
    DATABASES={"default": dumping.database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=dumping.HASHERS,
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from friendship.models import Block, Follow, Friend, FriendshipRequest  # noqa: E402

call_command("migrate", verbosity=0)
User.objects.create_user("root", "root@example.com")  # so that keys differ from those of a new site
names = ["ann", "bob", "eve", "dan", "fay", "gil", "gone"]
ann, bob, eve, dan, fay, gil, gone = (User.objects.create_user(name, f"{name}@example.com") for name in names)

Friend.objects.add_friend(ann, bob, message="Hello!").accept()
Friend.objects.add_friend(bob, eve).accept()
Friend.objects.add_friend(gone, ann).accept()
Friend.objects.add_friend(ann, dan, message="Remember me?")
Friend.objects.add_friend(gone, bob)
Friend.objects.add_friend(eve, ann, message="Please").reject()

# A block of this package ends neither friendship nor requests.
Friend.objects.add_friend(dan, eve).accept()
Friend.objects.add_friend(fay, dan)
Block.objects.add_block(dan, eve)
Block.objects.add_block(dan, fay)
Block.objects.add_block(gil, ann)
Block.objects.add_block(ann, gil)
Block.objects.add_block(gone, ann)
Follow.objects.add_follower(ann, eve)

# What older versions and scripts of sites have left behind: the models allow it, the managers do not.
Friend.objects.bulk_create([Friend(from_user=fay, to_user=fay)])
Friend.objects.create(from_user=fay, to_user=gil)
FriendshipRequest.objects.create(from_user=bob, to_user=ann)
FriendshipRequest.objects.create(from_user=bob, to_user=fay)
FriendshipRequest.objects.create(from_user=fay, to_user=bob)
FriendshipRequest.objects.create(from_user=gil, to_user=gil)
Block.objects.bulk_create([Block(blocker=eve, blocked=eve)])

dumping.write(
    "django_friendship",
    settings.DATABASES["default"]["NAME"],
    ["auth_user", "friendship_friend", "friendship_friendshiprequest", "friendship_block", "friendship_follow"],
)
