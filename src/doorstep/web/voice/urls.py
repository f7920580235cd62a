"""Addresses of what residents say."""

from django.urls import path

from doorstep.web.voice import desk_page, link_page, texts_page

urlpatterns = [
    path("voice/follow/", link_page.follow),
    path("voice/follow/do/", link_page.decide),
    path("voice/<str:token>/", link_page.rate),
    path("desk/voice/", desk_page.show),
    path("desk/voice/invite/", desk_page.invite),
    path("desk/voice/enter/<str:task>/", desk_page.enter),
    path("desk/voice/complain/", desk_page.complain),
    path("desk/texts/", texts_page.sent),
    path("demo/texts/", texts_page.log),
]
