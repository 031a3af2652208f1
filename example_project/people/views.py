from django.conf import settings
from django.contrib.auth import login
from django.http import Http404
from django.http.request import validate_host
from django.shortcuts import get_object_or_404
from django.urls import reverse_lazy

from find_friend.pages.landing import LandingView
from find_friend.pages.views import ActionPage

from .demo.world import PASSWORD, SIGN_INS, is_seeded
from .models import User

OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


class HomeView(LandingView):
    """The start page, and what to try. The demo people are offered in development only."""

    template_name = "people/home.html"

    def get_context_data(self, **kwargs):
        origin = self.request.build_absolute_uri("/")[:-1]
        socket_origin = f"ws{origin.removeprefix('http')}"
        demo = self.get_demo() if is_offered() else {}
        return super().get_context_data(origin=origin, socket_origin=socket_origin, **demo, **kwargs)

    def get_demo(self):
        found = {user.email: user for user in User.objects.filter(email__in=SIGN_INS, is_active=True)}
        people = [(number, found[email]) for number, email in enumerate(SIGN_INS[:2], start=1) if email in found]
        sign_ins = [{"email": email, "password": PASSWORD} for email in SIGN_INS]
        return {"people": people, "sign_ins": sign_ins, "second_window": second_window(self.request)}


class DemoSignIn(ActionPage):
    """Signs in as one of the first two demo people, without a password. Outside development there is no such page."""

    guest = True
    success_url = reverse_lazy("people:home")

    def admit(self, request):
        if not is_offered():
            raise Http404
        return super().admit(request)

    def perform(self):
        emails = dict(enumerate(SIGN_INS[:2], start=1))
        login(self.request, get_object_or_404(User, email=emails.get(self.kwargs["number"]), is_active=True))


def is_offered():
    """Whether people may become one of the demo people with a click: never unless both are true."""
    return settings.DEBUG and is_seeded()


def second_window(request):
    """This page under the other name of this machine, where a browser keeps cookies of their own; None elsewhere."""
    host, _, port = request.get_host().partition(":")
    other = OTHER_NAME.get(host)
    if other is None or (settings.ALLOWED_HOSTS and not validate_host(other, settings.ALLOWED_HOSTS)):
        return None
    return f"{request.scheme}://{other}{port and f':{port}'}{request.path}"
