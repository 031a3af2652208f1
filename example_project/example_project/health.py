from django.db import DatabaseError, connection
from django.http import HttpResponse


class HealthMiddleware:
    """Answers ``/healthz`` before anything looks at host names or HTTPS: health checks come from inside."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path != "/healthz":
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return HttpResponse("no database\n", status=503, content_type="text/plain")
        return HttpResponse("ok\n", content_type="text/plain")
