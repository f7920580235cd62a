"""Addresses about apps."""

from django.urls import path

from doorstep.web.smart import admin, authorize, endpoints, launch, mine

urlpatterns = [
    path(".well-known/openid-configuration", endpoints.openid),
    path(".well-known/oauth-authorization-server", endpoints.configuration),
    path(".well-known/jwks.json", endpoints.keys),
    path("smart/authorize/", authorize.authorize),
    path("smart/token/", endpoints.token),
    path("smart/revoke/", endpoints.revoke),
    path("smart/introspect/", endpoints.introspect),
    path("smart/userinfo/", endpoints.userinfo),
    path("smart/style.json", endpoints.style),
    path("smart/launch/<str:client>/", launch.launch),
    path("me/apps/", mine.show),
    path("me/apps/<str:client>/end/", mine.end),
    path("admin/apps/", admin.show),
    path("admin/apps/new/", admin.edit),
    path("admin/apps/new/save/", admin.save),
    path("admin/apps/<str:client>/", admin.edit),
    path("admin/apps/<str:client>/save/", admin.save),
    path("admin/apps/<str:client>/switch/", admin.switch),
    path("admin/apps/<str:client>/secret/", admin.renew),
]
