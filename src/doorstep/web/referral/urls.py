"""Addresses of referrals."""

from django.urls import path

from doorstep.web.referral import arriving, coming, dialog, inward, outside, page, prints

urlpatterns = [
    path("refer/<str:encounter>/", dialog.show),
    path("refer/<str:encounter>/free/", dialog.free),
    path("refer/<str:encounter>/send/", dialog.send),
    path("referrals/", coming.show),
    path("referral/<str:task>/", page.show),
    path("referral/<str:task>/green/<str:act>/", page.green_act),
    path("referral/<str:task>/link/", page.link),
    path("referral/<str:task>/<str:act>/", page.act),
    path("arrive/", arriving.scan),
    path("arrive/<str:code>/", arriving.show),
    path("arrive/<str:code>/here/", arriving.here),
    path("out/<str:token>/", outside.show),
    path("out/<str:token>/<str:act>/", outside.act),
    path("desk/referral/", inward.show),
    path("desk/referral/save/", inward.save),
    path("p/referral/<str:task>/slip/", prints.slip),
    path("p/referral/<str:task>/consent/", prints.consent),
    path("p/referral/<str:task>/times/", prints.times),
]
