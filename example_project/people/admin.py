from django.contrib import admin

from find_friend.accounts.admin import EmailUserAdmin

from .models import User

admin.site.register(User, EmailUserAdmin)
