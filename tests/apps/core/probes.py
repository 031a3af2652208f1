"""Small views that use what every view of the package shares, and their routes."""

from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from find_friend.admin import BoundedPaginator, LargeTableAdmin
from find_friend.exceptions import Busy, Conflict
from find_friend.serializers import CardListSerializer, UserCardField
from find_friend.views import FindFriendMixin, RoleSerializerMixin, TakesPart, VisibleRowsMixin

ERRORS = {
    "http404": Http404("secret table name"),
    "denied": PermissionDenied("secret"),
    "suspicious": SuspiciousOperation("secret"),
    "contention": OperationalError("database is locked"),
    "database": OperationalError("no such table"),
    "conflict": Conflict(),
    "busy": Busy(),
    "fields": exceptions.ValidationError({"email": ["Wrong."]}),
    "list": exceptions.ValidationError(["Wrong."]),
    "method": exceptions.MethodNotAllowed("GET"),
    "bug": RuntimeError("a fault of ours"),
}


class Failing(FindFriendMixin, APIView):
    guest = True

    def get(self, request, name):
        raise ERRORS[name]


class Echo(FindFriendMixin, APIView):
    def get(self, request):
        return Response({"user": str(self.user.pk), "query": request.query_params.dict()})

    def post(self, request):
        return Response(request.data)


class GuestEcho(Echo):
    guest = True


class Limited(Echo):
    throttle_scopes = {"POST": ("login",), "*": ("read",)}


class Participants(Echo):
    permission_classes = [TakesPart]


class People(FindFriendMixin, RoleSerializerMixin, ListAPIView):
    serializer_role = "probe"

    def get_queryset(self):
        return get_user_model()._default_manager.all()


class VisiblePeople(VisibleRowsMixin, People):
    def get_other(self, row):
        return row.pk


class EntrySerializer(serializers.ModelSerializer):
    user = UserCardField(source="user_id")

    class Meta:
        model = LogEntry
        fields = ["id", "user"]
        list_serializer_class = CardListSerializer


class Entries(FindFriendMixin, ListAPIView):
    serializer_class = EntrySerializer
    queryset = LogEntry.objects.all()


class PairPaginator(BoundedPaginator):
    most = 2


class LogEntryAdmin(LargeTableAdmin):
    paginator = PairPaginator
    list_per_page = 1
    user_fields = ("user",)
    search_fields = ("object_repr",)


site = AdminSite("probes")
site.register(LogEntry, LogEntryAdmin)

urlpatterns = [
    path("failing/<name>/", Failing.as_view()),
    path("echo/", Echo.as_view()),
    path("guest/", GuestEcho.as_view()),
    path("limited/", Limited.as_view()),
    path("participants/", Participants.as_view()),
    path("people/", People.as_view()),
    path("visible/", VisiblePeople.as_view()),
    path("entries/", Entries.as_view()),
    path("admin/", site.urls),
    path("api/v1/", include("find_friend.urls")),
]
