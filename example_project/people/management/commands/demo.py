import sys

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Chat
from find_friend.pairs import pair_key
from people.demo.world import PASSWORD, SIGN_INS, USER_1, USER_2
from people.models import User

DEVICE = "demo"

OVERVIEW = """
Open http://127.0.0.1:{port}/ and press a name, then again at http://localhost:{port}/ : two windows, two people.

Administrator:      http://{host}/admin/
API, documentation: http://{host}/api/v1/  http://{host}/swagger/

{sign_ins}
"""

CHAT = """
{user_1} and {user_2} are friends and have chat {chat}. Talk in it from two terminals:

websocat --linemode-strip-newlines ws://{host}/ws/chat/{chat}/ -H "Authorization: Token {token_1}"
websocat --linemode-strip-newlines ws://{host}/ws/chat/{chat}/ -H "Authorization: Token {token_2}"

Without websocat: one greeting, then whatever arrives (Ctrl+C ends it):

{python} -c "from websockets.sync.client import connect; \
s = connect('ws://{host}/ws/chat/{chat}/', additional_headers={{'Authorization': 'Token {token_1}'}}); \
s.send('Привет!'); [print(frame) for frame in s]"
"""


class Command(BaseCommand):
    help = "Prepares the demo: migrates, loads demo data once, prints sign-ins, fresh tokens and lines to try."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="port that the printed addresses name")

    def handle(self, *args, port, **options):
        if not settings.DEBUG:
            raise CommandError("The demo prints passwords and is only for DEBUG=True, which .env can set.")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("seed", stdout=self.stdout)
        self.describe(port)

    def describe(self, port):
        host = f"127.0.0.1:{port}"
        users = {user.email: user for user in User.objects.filter(email__in=SIGN_INS, is_active=True)}
        tokens = {email: fresh_token(users[email]) for email in SIGN_INS if email in users}
        rows = [("e-mail", "password", "token"), *((email, PASSWORD, token) for email, token in tokens.items())]
        sign_ins = "\n".join("{:20} {:15} {}".format(*row) for row in rows)
        self.stdout.write(OVERVIEW.format(host=host, port=port, sign_ins=sign_ins))
        if chat := chat_of(users.get(USER_1), users.get(USER_2)):
            self.stdout.write(
                CHAT.format(
                    host=host,
                    chat=chat.pk,
                    user_1=USER_1,
                    user_2=USER_2,
                    token_1=tokens[USER_1],
                    token_2=tokens[USER_2],
                    python=sys.executable,
                )
            )


def fresh_token(user):
    """A new token in place of the one that the last start printed: only its digest is stored."""
    AuthToken.objects.filter(user=user, device=DEVICE).delete()
    return AuthToken.objects.issue(user, device=DEVICE)[1]


def chat_of(one, other):
    return Chat.objects.filter(pair_key=pair_key(one, other)).first() if one and other else None
