"""The URLs of the trial's Django site: the admin, and nothing else."""

from typing import Any

from django.contrib import admin
from django.urls import path

urlpatterns: list[Any] = [path("admin/", admin.site.urls)]
