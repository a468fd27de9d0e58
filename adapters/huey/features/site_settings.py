"""A Django site with Huey's dashboard in its admin, as its documentation has it."""

import os
from pathlib import Path

from adapters.huey.features.trial_app import huey

BASE_DIR = Path(os.environ["QUEUE_BENCH_MARKS"]).parent
SECRET_KEY = "only for this trial"
DEBUG = False
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "adapters.huey.features.site_urls"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(BASE_DIR / "site.sqlite3")}
}
HUEY = huey
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "huey.contrib.djhuey",
    "huey.contrib.djhuey.stats",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
USE_TZ = True
