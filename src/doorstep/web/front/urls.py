"""Addresses of the front of the house."""

from django.urls import path

from doorstep.web.front import calling, desk, home, mine, schedules, wall

urlpatterns = [
    path("me/home/", home.show),
    path("me/booking/", mine.show),
    path("me/booking/<str:clinic>/", mine.clinic),
    path("me/booking/<str:clinic>/<str:slot>/", mine.slot),
    path("me/booked/<str:appointment>/<str:act>/", mine.act),
    path("desk/bookings/", desk.show),
    path("desk/bookings/book/", desk.book),
    path("desk/bookings/<str:appointment>/<str:act>/", desk.act),
    path("desk/check-in/", desk.check_in),
    path("desk/walk-in/", desk.walk_in),
    path("desk/slip/<str:task>/", desk.slip),
    path("desk/stop/", desk.stop),
    path("desk/stop/do/", desk.do_stop),
    path("desk/queue/", calling.show),
    path("desk/queue/next/", calling.call_next),
    path("desk/queue/<str:task>/<str:act>/", calling.act),
    path("wall/<str:screen>/", wall.show),
    path("wall/<str:screen>/now/", wall.now),
    path("admin/schedules/", schedules.show),
    path("admin/schedules/<str:act>/", schedules.act),
]
