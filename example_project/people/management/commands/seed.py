from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from people.demo import world


class Command(BaseCommand):
    help = "Loads demo data: cities, interests, some 200 invented people with friendships and chats. Once."

    def add_arguments(self, parser):
        parser.add_argument("--password", help="password of everybody; needed where DEBUG is off")

    def handle(self, *args, password=None, **options):
        if not (settings.DEBUG or password):
            raise CommandError("DEBUG is off: the usual password is known to everybody. Choose one with --password.")
        if world.is_seeded():
            self.stdout.write("The demo data are there already; nothing is changed.")
            return
        world.make_world(password or world.PASSWORD)
        self.stdout.write(f"Loaded {world.User.objects.count()} people with friendships and chats.")
