"""What the assistant serves."""

from __future__ import annotations

from django.urls import path

from drills.assistant.views import chat
from guard.django.views import marker, metrics

urlpatterns = [
    path("api/chat/", chat),
    path("api/marker/", marker),
    path("api/metrics/", metrics),
]
