"""Addresses of the front of the house."""

from django.urls import path

from doorstep.web.front import calling, desk, downtime, home, mine, schedules, voice, wall

urlpatterns = [
    path("me/home/", home.show),
    path("me/booking/", mine.show),
    path("me/booking/<str:clinic>/", mine.clinic),
    path("me/booking/<str:clinic>/<str:slot>/", mine.slot),
    path("me/booked/<str:appointment>/<str:act>/", mine.act),
    path("desk/bookings/", desk.show),
    path("desk/bookings/book/", desk.book),
    path("desk/bookings/lift/", desk.lift),
    path("desk/bookings/<str:appointment>/<str:act>/", desk.act),
    path("desk/check-in/", desk.check_in),
    path("desk/walk-in/", desk.walk_in),
    path("desk/slip/<str:task>/", desk.slip),
    path("desk/stop/", desk.stop),
    path("desk/stop/do/", desk.do_stop),
    path("desk/queue/", calling.show),
    path("desk/queue/next/", calling.call_next),
    path("desk/queue/<str:task>/<str:act>/", calling.act),
    path("desk/downtime/", downtime.show),
    path("desk/downtime/hand/", downtime.hand),
    path("desk/downtime/forms/", downtime.forms),
    path("desk/downtime/list/", downtime.day_list),
    path("desk/downtime/<str:task>/", downtime.one),
    path("desk/downtime/<str:task>/spoil/", downtime.spoil),
    path("wall/<str:screen>/", wall.show),
    path("wall/<str:screen>/now/", wall.now),
    path("wall/<str:screen>/voice/<str:name>/", voice.clip),
    path("admin/schedules/", schedules.show),
    path("admin/schedules/<str:act>/", schedules.act),
]
