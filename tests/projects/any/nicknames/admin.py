from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .models import Nickname

admin.site.register(Nickname, UserAdmin)
