"""Addresses of signing in and of accounts."""

from django.urls import path

from doorstep.web import session
from doorstep.web.accounts import admin_page, again, doors, me

urlpatterns = [
    path("sign-in/", session.sign_in),
    path("sign-in/factor/", session.factor),
    path("sign-in/again/", again.again),
    path("sign-in/with/<str:provider_id>/", doors.leave, name="openid_connect_login"),
    path("sign-in/from/<str:provider_id>/", doors.come_back, name="openid_connect_callback"),
    path("sign-out/", session.sign_out),
    path("setup/", doors.setup),
    path("welcome/<str:token>/", doors.welcome),
    path("me/", me.home),
    path("me/role/", me.role),
    path("me/password/", me.password),
    path("me/factors/", me.factors_page),
    path("me/factors/add/", me.add_factor),
    path("me/factors/remove/", me.remove_factor),
    path("me/factors/codes/", me.new_codes),
    path("me/devices/", me.devices),
    path("me/devices/end/", me.end_devices),
    path("me/language/", me.language),
    path("admin/accounts/", admin_page.show),
    path("admin/accounts/invite/", admin_page.invite),
    path("admin/accounts/<str:act>/", admin_page.act),
]
