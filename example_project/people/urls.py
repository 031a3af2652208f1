from django.urls import path

from .views import DemoSignIn, HomeView

app_name = "people"
urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("demo/<int:number>/", DemoSignIn.as_view(), name="demo-sign-in"),
]
