from django.conf import settings
from django.views.generic import TemplateView

from .demo.world import PASSWORD, SIGN_INS, is_seeded


class HomeView(TemplateView):
    """Says what to try. Sign-ins of the demo are shown in development only."""

    template_name = "people/home.html"

    def get_context_data(self, **kwargs):
        demo = settings.DEBUG and is_seeded()
        sign_ins = [{"email": email, "password": PASSWORD} for email in SIGN_INS] if demo else []
        origin = self.request.build_absolute_uri("/")[:-1]
        socket_origin = f"ws{origin.removeprefix('http')}"
        return super().get_context_data(sign_ins=sign_ins, origin=origin, socket_origin=socket_origin, **kwargs)
